"""Looks at what is served through a tunnel, by the hub of its runner."""

import msgspec
from typing_extensions import override

from mcpgateway.control_plane.registry.discovered.ports import Discovered, Discoverer, Target
from mcpgateway.control_plane.registry.runners import Runners


class TunnelDiscoverer(Discoverer):
    """`mcp` speaks to the runner, which passes it on to whoever serves the gateway."""

    def __init__(self, runners: Runners, mcp: Discoverer) -> None:
        self._runners = runners
        self._mcp = mcp

    @override
    async def discover(self, target: Target) -> Discovered:
        """As `Discoverer`. A tunnel that is not open is UpstreamRejected, with a 503."""
        url = self._runners.url("TUNNEL", target.id)
        served = Target(url, "STREAMABLEHTTP", self._runners.asking("tunnel", target.id))
        found = await self._mcp.discover(served)
        return msgspec.structs.replace(found, transport="TUNNEL")
