"""One discoverer for each transport; who does not know the transport yet speaks MCP over HTTP. And
who listens to each."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager

from typing_extensions import override

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.discovery.channel import Trace
from mcpgateway.control_plane.discovery.standing import Listener, Tells
from mcpgateway.control_plane.registry.discovered.ports import (
    Discovered,
    Discoverer,
    Target,
    Watched,
)
from mcpgateway.control_plane.registry.model import Transport

_SWITCHES: Mapping[Transport, str] = {
    "STDIO": "MCPGATEWAY_STDIO_ENABLED",
    "TUNNEL": "MCPGATEWAY_TUNNELS_ENABLED",
}


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
            said = f"transport {target.transport} is not enabled in this control plane"
            switch = _SWITCHES.get(target.transport) if target.transport else None
            raise InvalidCall(f"{said}: the operator sets {switch}=true" if switch else said)
        return await discoverer.discover(target)


class ListenerByTransport(Listener):
    def __init__(self, mcp: Listener, others: Mapping[Transport, Listener]) -> None:
        """All that are not among the others are listened to as MCP servers are."""
        self._mcp = mcp
        self._others = dict(others)
        self.timeout = mcp.timeout

    @override
    def tells(self, watched: Watched) -> Tells | None:
        return self._of(watched.target).tells(watched)

    @override
    def listen(
        self, target: Target, trace: Trace
    ) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        return self._of(target).listen(target, trace)

    def _of(self, target: Target) -> Listener:
        transport = target.transport
        return self._mcp if transport is None else self._others.get(transport, self._mcp)
