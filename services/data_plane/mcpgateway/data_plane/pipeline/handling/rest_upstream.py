"""The upstream that a REST tool has: made of its record, for all that asks who is called."""

from urllib.parse import urlsplit

import msgspec

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.routing import rest_request
from mcpgateway.common.routing.model import Tool, Upstream
from mcpgateway.data_plane.upstreams.per_tool import PerTool

KEPT = 10_000  # tools


class RestUpstreams:
    """They are in no table; no two calls of one record of a tool have different ones."""

    def __init__(self) -> None:
        self._known = PerTool(_made, KEPT)

    def of(self, tool: Tool) -> Upstream:
        """Raises UpstreamUnreachable for an operation that can not be read."""
        return self._known.of(tool)


def _made(tool: Tool) -> Upstream:
    """In metrics it is its host: no slug of an upstream has a colon. Its URL has no query: what
    credentials put there is told by it. It is spoken to in the era of whoever calls, so that
    nothing is translated."""
    try:
        request = rest_request.decode(tool.request)
        host = urlsplit(request.url).hostname or ""
    except (msgspec.DecodeError, ValueError) as error:
        said = f"the REST operation of tool {tool.name!r} can not be read: {error}"
        raise UpstreamUnreachable(said) from error
    return Upstream(
        tool.id,
        tool.name,
        f"rest:{host}",
        request.url.partition("?")[0],
        "OPENAPI",
        credential=tool.credential,
        passthrough_headers=request.passthrough_headers if request.expose_passthrough else (),
    )
