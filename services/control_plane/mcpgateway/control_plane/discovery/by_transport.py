"""One discoverer for each transport; who does not know the transport yet speaks MCP over HTTP."""

from collections.abc import Mapping

from typing_extensions import override

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.registry.model import Transport
from mcpgateway.control_plane.registry.ports import Discovered, Discoverer, Target


class ByTransport(Discoverer):
    def __init__(self, mcp: Discoverer, others: Mapping[Transport, Discoverer]) -> None:
        """`mcp` finds out which of the transports of MCP over HTTP it is."""
        self._others: dict[Transport | None, Discoverer] = {
            None: mcp,
            "STREAMABLEHTTP": mcp,
            "SSE": mcp,
            **others,
        }

    @override
    async def discover(self, target: Target) -> Discovered:
        """As `Discoverer`. Raises InvalidCall for a transport that is not served here."""
        discoverer = self._others.get(target.transport)
        if discoverer is None:
            raise InvalidCall(f"transport {target.transport} is not enabled in this control plane")
        return await discoverer.discover(target)
