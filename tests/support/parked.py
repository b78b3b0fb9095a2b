"""Replicas on a real NATS, each with a connection of its own, in one loop."""

import asyncio
import os
from contextlib import suppress

from mcpgateway.common.runtime.nats import Shared
from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.parked.handing import Handing, HandingLimits
from mcpgateway.data_plane.parked.nats_post import NatsPost
from mcpgateway.data_plane.parked.seals import Seals
from support.endpoint import KEYS
from support.loopback import SOURCE
from support.nats import Bus
from support.owners import QUICK, Application, Handle
from support.wait import until


class NatsOffice:
    """Implements `support.owners.Office`. `nats` has the connection of each replica."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.nats: dict[str, Shared] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._made: list[Handing] = []

    async def start(
        self, replica: str, handle: Handle | None = None, limits: HandingLimits = QUICK
    ) -> Handing:
        made = Handing(replica, Seals(KEYS, replica, os.urandom), SOURCE, limits)
        nats = Shared(self._bus.link("data_plane"))
        made.connect(NatsPost(nats, self._bus.subjects, replica, made))
        if handle is not None:
            made.serve(Application(handle))
        await self.run(replica, nats)
        self._made.append(made)
        return made

    async def run(self, replica: str, nats: Shared) -> None:
        """Returns when the replica is connected and can be reached."""
        self.nats[replica] = nats
        self._running[replica] = asyncio.create_task(nats.run())
        await until(lambda: nats.connected, "it is connected")
        assert nats.client is not None
        await nats.client.flush()

    async def kill(self, replica: str) -> None:
        """Its connection ends without a word."""
        await end(self._running.pop(replica))

    async def aclose(self) -> None:
        for made in self._made:
            made.close()
        with suppress(asyncio.CancelledError):
            await end(*self._running.values())
