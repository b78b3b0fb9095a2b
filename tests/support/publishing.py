"""A registry in memory behind a real publisher, and replicas that follow it over a real bus.

`FakeRoutingSource` implements ports.RoutingSource by the rules of the real one: absolute state,
revisions without gaps, a snapshot for base 0. `Replica` is a follower with its table.
"""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from nats.aio.client import Client

from mcpgateway.common import keys
from mcpgateway.common.keys import DataPlaneKeys
from mcpgateway.common.routing.check import key_of
from mcpgateway.common.routing.model import Delta, Key, Record
from mcpgateway.common.routing.receipt import Receipt, decode
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.nats import Shared
from mcpgateway.common.runtime.tasks import end, together
from mcpgateway.control_plane.publish.publisher import Publisher, Signer
from mcpgateway.control_plane.publish.reseal import Resealer
from mcpgateway.control_plane.publish.streams import RoutingStreams
from mcpgateway.data_plane.table import receipt
from mcpgateway.data_plane.table.follow import Follower, Pace, Wiring
from mcpgateway.data_plane.table.holder import TableHolder
from support.nats import Bus
from support.registries import REGISTRY

SECRET = "a secret of at least thirty-two characters"


class FakeRoutingSource:
    """`write` is one transaction: it takes one revision. Setting `registry` is a new lineage."""

    def __init__(self, registry: str = REGISTRY) -> None:
        self.registry = registry
        self.revision = 0
        self.records: dict[Key, tuple[int, Record]] = {}
        self.deleted: dict[Key, int] = {}
        self.asked: list[int] = []

    def write(self, *upserts: Record, deletes: tuple[Key, ...] = ()) -> int:
        self.revision += 1
        for key in deletes:
            self.records.pop(key, None)
            self.deleted[key] = self.revision
        for record in upserts:
            self.records[key_of(record)] = (self.revision, record)
            self.deleted.pop(key_of(record), None)
        return self.revision

    async def delta(self, base: int) -> Delta:
        self.asked.append(base)
        if base > self.revision:
            base = 0
        upserts = tuple(record for n, record in self.records.values() if n > base)
        deletes = tuple(key for key, n in self.deleted.items() if n > base > 0)
        return Delta(self.registry, base, self.revision, upserts, deletes)


def make_signer(bus: Bus, secret: str = SECRET) -> Signer:
    s = bus.subjects
    return Signer.of((secret,), s)


def make_publisher(
    bus: Bus, client: Client, source: FakeRoutingSource, changed: asyncio.Event | None = None
) -> Publisher:
    s = bus.subjects
    wire = DataPlaneKeys.derive((SECRET,), s.cluster, s.group).wire
    resealer = Resealer(keys.store_sealer((SECRET,)), wire, s, os.urandom)
    streams = RoutingStreams(client, s)
    return Publisher(source, streams, make_signer(bus), resealer, changed or asyncio.Event())


class Replica:
    """A following data plane without doors."""

    def __init__(self, bus: Bus, folder: Path | None = None, pace: Pace | None = None) -> None:
        self.id = f"replica-{secrets.token_hex(3)}"
        self.holder = TableHolder()
        self._changed = asyncio.Event()
        self.holder.on_change(lambda *_: self._changed.set())
        who = receipt.Replica(self.id, "127.0.0.1:1", time.time(), "0.1.0")
        trusted = make_signer(bus).trusted
        self._nats = Shared(bus.link("data_plane"))
        wiring = Wiring(bus.subjects, trusted, self._nats, folder, who)
        self.follower = Follower(self.holder, wiring, pace=pace)

    async def run(self) -> None:
        await together(self._nats.run(), self.follower.run())

    @property
    def table(self) -> Table:
        return self.holder.current

    async def reaches(self, registry: str, revision: int, seconds: float = 30.0) -> None:
        await self.until(
            lambda: (self.table.registry, self.table.revision) == (registry, revision),
            f"revision {revision}, is at {self.table.revision}",
            seconds,
        )

    async def until(self, held: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not held():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            now = (self.table.registry, self.table.revision)
            raise AssertionError(f"not within {seconds} s: {what}; now at {now}") from None


@asynccontextmanager
async def running(
    bus: Bus, folder: Path | None = None, pace: Pace | None = None
) -> AsyncIterator[Replica]:
    replica = Replica(bus, folder, pace)
    task = asyncio.create_task(replica.run())
    try:
        yield replica
    finally:
        await end(task)


@asynccontextmanager
async def publishing(
    bus: Bus, source: FakeRoutingSource
) -> AsyncIterator[tuple[Publisher, asyncio.Event]]:
    """A control plane that leads. Setting the event is what pg_notify does."""
    client = await bus.connect("control_plane")
    changed = asyncio.Event()
    publisher = make_publisher(bus, client, source, changed)
    task = asyncio.create_task(publisher.lead())
    try:
        yield publisher, changed
    finally:
        await end(task)
        await client.close()


async def receipts_of(client: Client, bus: Bus) -> list[Receipt]:
    """A list that fills with the receipts heard from now on."""
    heard: list[Receipt] = []

    async def hear(message: object) -> None:
        heard.append(decode(message.data))  # type: ignore[attr-defined]  # nats Msg

    await client.subscribe(bus.subjects.receipts, cb=hear)
    await client.flush()
    return heard
