"""Follows the routing table: loads it, applies what comes, notices what was missed.

Live deltas come by a plain subscription. Whether one was missed is seen by its `base`, and by
comparing with the stream at the start, on every reconnect and every 30 seconds. With NATS away
the table stays as it is; with NATS away at the start the one on disk is taken after two seconds.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from mcpgateway.common.routing.codec import CodecError
from mcpgateway.common.runtime.nats import Shared, raise_if_cancelled
from mcpgateway.common.runtime.tasks import together
from mcpgateway.common.subjects import Subjects
from mcpgateway.data_plane.table.catch_up import Behind, CatchUp
from mcpgateway.data_plane.table.disk import Saved, TableDisk
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.table.journal import Journal
from mcpgateway.data_plane.table.load import Counters, Loader
from mcpgateway.data_plane.table.mail import Mail
from mcpgateway.data_plane.table.reader import RoutingReader
from mcpgateway.data_plane.table.receipt import Receipts, Replica

log = logging.getLogger(__name__)

_FAILURES = (NatsError, JetStreamError, CodecError, Behind, TimeoutError)


@dataclass(frozen=True)
class Pace:
    """Seconds. `compare_every`: between two comparisons with the stream. `disk_after`: without
    an answer from NATS, at the start. `save_every`: between two writes to disk. Attempts that
    failed are repeated after `retry`, doubled up to `retry_loaded`, or `retry_empty` while there
    is no table at all."""

    compare_every: float = 30.0
    disk_after: float = 2.0
    save_every: float = 5.0
    retry: float = 0.05
    retry_empty: float = 0.25
    retry_loaded: float = 2.0


@dataclass(frozen=True)
class Wiring:
    """What a follower needs to know. `folder` None: nothing is kept on disk. `nats` is run by
    who made it. `replica` None: it follows in silence, no receipt is sent."""

    subjects: Subjects
    keys: tuple[Ed25519PublicKey, ...]
    nats: Shared
    folder: Path | None
    replica: Replica | None


@dataclass(frozen=True)
class Status:
    """`source` of the table held: "nats", "disk" or "" (none). `age`: seconds since it was last
    known to be current, None when it never was."""

    source: str
    connected: bool
    age: float | None


class Follower:
    """Run it as one task for as long as the process serves, beside the connection. Make it before
    that runs."""

    def __init__(
        self,
        holder: TableHolder,
        wiring: Wiring,
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._holder = holder
        self._wiring = wiring
        self._pace = pace or Pace()
        self._clock = clock
        self._loader = Loader(holder, wiring.keys, wiring.subjects)
        self._disk = None if wiring.folder is None else TableDisk(wiring.folder)
        self._journal = None if self._disk is None else Journal(self._disk, self._pace.save_every)
        self._receipts: Receipts | None = None
        if wiring.replica is not None:
            self._receipt_subject = wiring.subjects.receipt(wiring.replica.id)
            self._receipts = Receipts(wiring.replica, holder, self._send_receipt, self._source)
        self._mail = Mail()
        self._nats = wiring.nats
        self._nats.use(self._follow)
        self._nats.on_reconnect(self._mail.ask_to_compare)
        self._catch_up: CatchUp | None = None
        self._confirmed: float | None = None
        self._said = ""

    @property
    def status(self) -> Status:
        age = None if self._confirmed is None else self._clock() - self._confirmed
        return Status(self._source(), self._nats.connected, age)

    @property
    def counters(self) -> Counters:
        return self._loader.counters

    async def run(self) -> None:
        """Until cancelled."""
        works = [] if self._receipts is None else [self._receipts.run()]
        if self._disk is not None:
            works.append(self._take_from_disk(self._disk))
        if self._journal is not None:
            works.append(self._journal.run(self._fetch_all))
        try:
            await together(*works)
        finally:
            if self._disk is not None:
                self._disk.close()

    async def drain(self) -> None:
        """Tells control planes at once that this replica is leaving."""
        if self._receipts is not None:
            await self._receipts.drain()
        client = self._nats.client
        if client is not None and client.is_connected:
            with suppress(NatsError, TimeoutError):
                await client.flush(2)

    async def publish(self, subject: str, payload: bytes) -> bool:
        """Fire and forget; false, and dropped, while NATS is away."""
        client = self._nats.client
        if client is None or not client.is_connected:
            return False
        try:
            await client.publish(subject, payload)
        except NatsError as error:
            log.warning("could not publish to %s: %s", subject, error)
            return False
        return True

    def _source(self) -> str:
        if not self._holder.loaded:
            return ""
        return "disk" if self._confirmed is None else "nats"

    async def _send_receipt(self, receipt: bytes) -> None:
        await self.publish(self._receipt_subject, receipt)

    async def _follow(self, client: Client) -> None:
        subjects = self._wiring.subjects
        catch_up = CatchUp(self._holder, self._loader, RoutingReader(client, subjects), self._keep)
        self._catch_up = catch_up
        await client.subscribe(subjects.delta, cb=self._receive)
        await self._compare(catch_up)
        while True:
            raise_if_cancelled()
            message = await self._mail.next(self._pace.compare_every)
            if message is None or not await self._take(catch_up, message):
                await self._compare(catch_up)

    async def _receive(self, message: Msg) -> None:
        self._mail.put(message.data)

    async def _take(self, catch_up: CatchUp, message: bytes) -> bool:
        """A live delta; false when the stream must be asked."""
        try:
            outcome = await catch_up.take(message)
        except _FAILURES as error:
            self._say(error)
            return False
        if outcome == "apply":
            self._confirmed = self._clock()
        return outcome not in ("gap", "foreign")

    async def _compare(self, catch_up: CatchUp) -> None:
        """Repeated until it works; what arrives meanwhile shortens the wait."""
        wait = self._pace.retry
        while True:
            try:
                await catch_up.compare()
            except _FAILURES as error:
                if not isinstance(error, Behind) or wait >= self._pace.retry_empty:
                    self._say(error)  # a first table takes a moment to be published
            else:
                self._confirmed = self._clock()
                self._said = ""
                return
            await self._mail.wait(wait)
            longest = self._pace.retry_loaded if self._holder.loaded else self._pace.retry_empty
            wait = min(longest, wait * 2)

    def _say(self, error: Exception) -> None:
        """Once for each reason in a row."""
        text = f"{type(error).__name__}: {error}"
        if text != self._said:
            self._said = text
            log.warning("the routing table can not be compared with NATS: %s", text)

    async def _take_from_disk(self, disk: TableDisk) -> None:
        await asyncio.sleep(self._pace.disk_after)
        if self._holder.loaded:
            return
        if await self._loader.from_disk(disk):
            revision = self._holder.current.revision
            log.warning("NATS does not answer: serving revision %d from disk", revision)

    def _keep(self, saved: Saved) -> None:
        if self._journal is None:
            return
        if saved.role == "snapshot":
            self._journal.snapshot(saved)
        else:
            self._journal.delta(saved)

    async def _fetch_all(self) -> list[Saved]:
        if self._catch_up is None or not self._nats.connected:
            raise OSError("NATS is away")
        try:
            return await self._catch_up.stored()
        except (NatsError, JetStreamError, TimeoutError) as error:
            raise OSError(f"NATS does not answer: {error}") from error
