"""The port through which OpenAPI documents are fetched and read."""

from typing import NamedTuple, Protocol

from mcpgateway.control_plane.registry.discovered.ports import Target
from mcpgateway.control_plane.registry.openapi.importing import Reading


class Read(NamedTuple):
    """`document` as it came."""

    reading: Reading
    document: bytes


class ApiReader(Protocol):
    async def read(self, target: Target) -> Read:
        """The document that the target's options say where to find; that of the target, where they
        do not. `target.url` "": the API is where the document says.

        Raises InvalidCall for a document that was given by hand and can not be read, or for none
        at all; for one that was fetched UpstreamUnreachable, UpstreamTimeout, UpstreamRejected;
        Unavailable when too many are read at once."""
