"""One discoverer for each transport; who does not know the transport yet speaks MCP over HTTP."""

from collections.abc import Mapping

from typing_extensions import override

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Discoverer, Target
from mcpgateway.control_plane.registry.model import Transport


class ByTransport(Discoverer):
    def __init__(self, mcp: Discoverer, others: Mapping[Transport, Discoverer]) -> None:
        """`mcp` finds out which of the transports of MCP over HTTP it is."""
        self._discoverers: dict[Transport | None, Discoverer] = {
            None: mcp,
            "STREAMABLEHTTP": mcp,
            "SSE": mcp,
        }
        self._discoverers.update(others.items())

    @override
    async def discover(self, target: Target) -> Discovered:
        """As `Discoverer`. Raises InvalidCall for a transport that is not served here."""
        discoverer = self._discoverers.get(target.transport)
        if discoverer is None:
            raise InvalidCall(f"transport {target.transport} is not enabled in this control plane")
        return await discoverer.discover(target)
