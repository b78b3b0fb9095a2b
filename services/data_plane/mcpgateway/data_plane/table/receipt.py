"""This replica's receipts: what it serves, said on every change and every two seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mcpgateway.common.routing.model import Fault
from mcpgateway.common.routing.receipt import Receipt, encode
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.tasks import wait_at_most
from mcpgateway.data_plane.table.holder import TableHolder

EVERY = 2.0  # seconds; control planes take a replica for gone after 5


@dataclass(frozen=True)
class Replica:
    """Who this process is. `address`: where it listens by itself, as `host:port`. `started_at`
    in Unix seconds."""

    id: str
    address: str
    started_at: float
    version: str


Send = Callable[[bytes], Awaitable[None]]  # to our receipt subject; dropped while NATS is away
SourceOf = Callable[[], str]  # "nats" or "disk"


class Receipts:
    """Sends nothing before there is a table to speak of, except that it is draining. Changes in
    quick succession share a receipt: it speaks of the table held when it is sent."""

    def __init__(
        self, replica: Replica, holder: TableHolder, send: Send, source_of: SourceOf
    ) -> None:
        self._replica = replica
        self._holder = holder
        self._send = send
        self._source_of = source_of
        self._applied_at = 0.0
        self._faults: tuple[Fault, ...] = ()
        self._draining = False
        self._news = asyncio.Event()
        holder.on_change(self._changed)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await wait_at_most(self._news, EVERY)
            self._news.clear()
            await self.send()

    async def drain(self) -> None:
        """From now on this replica says that it is leaving."""
        self._draining = True
        await self.send()

    async def send(self) -> None:
        if self._holder.loaded or self._draining:
            await self._send(encode(self.current()))

    def current(self) -> Receipt:
        table = self._holder.current
        return Receipt(
            replica=self._replica.id,
            registry=table.registry,
            revision=table.revision,
            applied_at=self._applied_at,
            faults=self._faults,
            address=self._replica.address,
            started_at=self._replica.started_at,
            version=self._replica.version,
            draining=self._draining,
            source=self._source_of(),
        )

    def _changed(self, table: Table, _touched: object) -> None:
        self._applied_at = time.time()
        self._faults = table.faults
        self._news.set()
