"""Replicas that follow the routing table over NATS, and when each of them had which revision.

Real followers, many in one process: what a data plane does with a delta but for its doors.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

from mcpgateway.common import subjects
from mcpgateway.common.routing.receipt import decode
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.nats import Link, Shared, connect
from mcpgateway.common.runtime.settings import load
from mcpgateway.common.runtime.tasks import end, together
from mcpgateway.data_plane.settings import Settings
from mcpgateway.data_plane.table.follow import Follower, Wiring
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.table.receipt import Replica

_PATIENCE = 60.0


class Arrivals:
    """When which replica had which revision, on the clock of `time.time`."""

    def __init__(self) -> None:
        self._held: dict[str, list[tuple[int, float]]] = {}
        self._news = asyncio.Event()

    def note(self, replica: str, revision: int, at: float) -> None:
        """Told more than once of a revision, the first time counts."""
        held = self._held.setdefault(replica, [])
        if not held or held[-1][0] < revision:
            held.append((revision, at))
            self._news.set()

    def times(self, revision: int) -> Iterator[float]:
        """Of each replica that has it (or a later one)."""
        for held in self._held.values():
            first = next((at for number, at in held if number >= revision), None)
            if first is not None:
                yield first

    async def all_have(self, revision: int, replicas: int) -> list[float]:
        """Waits until so many have it. Raises TimeoutError."""
        async with asyncio.timeout(_PATIENCE):
            while len(found := list(self.times(revision))) < replicas:
                self._news.clear()
                await self._news.wait()
        return found

    def forget(self) -> None:
        """Keeps only the last revision of each."""
        for held in self._held.values():
            del held[:-1]


@asynccontextmanager
async def following(environ: dict[str, str], count: int) -> AsyncIterator[Arrivals]:
    """So many followers with a data plane's settings, in this process."""
    settings = load(Settings, environ)
    arrivals = Arrivals()
    tasks = [asyncio.create_task(_follow(settings, n, arrivals)) for n in range(count)]
    try:
        yield arrivals
    finally:
        await end(*tasks)


async def _follow(settings: Settings, number: int, arrivals: Arrivals) -> None:
    name = f"bench-{number}"
    link = Link(
        settings.nats_url, settings.nats_creds, settings.nats_ca, subjects.DATA_PLANE_INBOX, name
    )
    holder, shared = TableHolder(), Shared(link)
    holder.on_change(partial(_changed, arrivals, name))
    replica = Replica(name, "127.0.0.1:1", time.time(), "bench")
    wiring = Wiring(settings.subjects, settings.routing_keys, shared, None, replica)
    await together(shared.run(), Follower(holder, wiring).run())


def _changed(arrivals: Arrivals, name: str, table: Table, _touched: object) -> None:
    arrivals.note(name, table.revision, time.time())


@asynccontextmanager
async def receipts(environ: dict[str, str], settings: Settings) -> AsyncIterator[Arrivals]:
    """What the receipts of real processes say; `environ` is the control plane's."""
    creds = environ.get("MCPGATEWAY_NATS_CREDS", "")
    link = Link(settings.nats_url, creds, "", subjects.CONTROL_PLANE_INBOX, "bench")
    client = await connect(link)
    arrivals = Arrivals()

    async def hear(message: object) -> None:
        receipt = decode(message.data)  # type: ignore[attr-defined]  # nats Msg
        arrivals.note(receipt.replica, receipt.revision, receipt.applied_at)

    await client.subscribe(settings.subjects.receipts, cb=hear)
    await client.flush()
    try:
        yield arrivals
    finally:
        await client.close()
