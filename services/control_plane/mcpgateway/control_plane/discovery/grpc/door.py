"""What wiring knows of gRPC: the discoverer and the listener, which are loaded, and grpcio with
them, when the first service is looked at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from typing_extensions import override

from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.grpc.loading import load
from mcpgateway.control_plane.discovery.channel import Trace
from mcpgateway.control_plane.discovery.standing import Listener, Tells
from mcpgateway.control_plane.registry.discovered.ports import (
    Discovered,
    Discoverer,
    Target,
    Watched,
)

_ROOM = "mcpgateway.control_plane.discovery.grpc"


class _Behind(NamedTuple):
    discoverer: Discoverer
    listener: Listener


class GrpcDoor(Discoverer, Listener):
    """Make it inside the running loop."""

    def __init__(self, policy: AddressPolicy, timeout: float = 15.0) -> None:
        """`timeout`: seconds for one discovery (GATEWAY_VALIDATION_TIMEOUT)."""
        self.timeout = timeout
        self._policy = policy
        self._loading = asyncio.Lock()
        self._behind: _Behind | None = None

    @override
    async def discover(self, target: Target) -> Discovered:
        return await (await self._opened()).discoverer.discover(target)

    @override
    def tells(self, watched: Watched) -> Tells | None:
        """Health says nothing of descriptors, so changes may happen unsaid."""
        return "some"

    @override
    @asynccontextmanager
    async def listen(self, target: Target, trace: Trace) -> AsyncIterator[AsyncIterator[str]]:
        behind = await self._opened()
        async with behind.listener.listen(target, trace) as changes:
            yield changes

    async def _opened(self) -> _Behind:
        async with self._loading:
            if self._behind is None:
                self._behind = await asyncio.to_thread(self._made)
            return self._behind

    def _made(self) -> _Behind:
        discovering, watching = load(f"{_ROOM}.discoverer"), load(f"{_ROOM}.watching")
        connector = discovering.GrpcConnector(self._policy, self.timeout)
        return _Behind(discovering.GrpcDiscoverer(connector), watching.HealthListener(connector))
