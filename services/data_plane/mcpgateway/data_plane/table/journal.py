"""Keeps the disk's copy of the table up to date without stopping anything: who writes, what, when.

At most every few seconds what was received since is written in a thread. The first write of a
process is a whole new file; so is one that compacts a long log, from the newest snapshot on NATS.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from mcpgateway.common.routing.codec import CodecError
from mcpgateway.data_plane.table.disk import Saved, TableDisk

log = logging.getLogger(__name__)

SAVE_EVERY = 5.0  # seconds
_PENDING_LIMIT = 64 << 20  # bytes of deltas; over it they are dropped, and NATS asked for all
_COMPACT_LEAST = 1 << 20  # bytes of log

# A snapshot and the deltas after it, as NATS has them. Raises OSError when it has none.
FetchAll = Callable[[], Awaitable[list[Saved]]]


class Journal:
    """`snapshot` and `delta` are told what was applied; `run` saves it."""

    def __init__(self, disk: TableDisk, every: float = SAVE_EVERY) -> None:
        self._disk = disk
        self._every = every
        self._pending: list[Saved] = []
        self._pending_size = 0
        self._whole = False  # pending starts with a snapshot
        self._continues = False  # what is on disk is ours, and pending goes on from there
        self._failed = ""

    def snapshot(self, saved: Saved) -> None:
        self._pending = [saved]
        self._pending_size = 0
        self._whole = True

    def delta(self, saved: Saved) -> None:
        if not self._whole and not self._continues:
            return
        self._pending.append(saved)
        self._pending_size += saved.size
        if self._pending_size > _PENDING_LIMIT:
            self._forget()

    async def run(self, fetch_all: FetchAll) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            await self.save(fetch_all)

    async def save(self, fetch_all: FetchAll) -> None:
        """One write, if there is anything to write and we are the writer. Failures are logged
        once and tried again: serving does not depend on the disk."""
        try:
            if not await asyncio.to_thread(self._disk.lock):
                self._forget()
                return
            await self._write(fetch_all)
            self._failed = ""
        except (OSError, CodecError) as error:
            self._forget()
            if str(error) != self._failed:
                self._failed = str(error)
                log.warning("the routing table can not be saved to disk: %s", error)

    async def _write(self, fetch_all: FetchAll) -> None:
        compact = self._continues and self._disk.wants_compaction(_COMPACT_LEAST)
        if compact or not (self._whole or self._continues):
            # What arrives while NATS is asked is among what NATS answers, or comes after it.
            self._take()
            self._continues = True
            whole = await fetch_all()
            await asyncio.to_thread(self._disk.rewrite, whole)
        elif self._whole:
            pending = self._take()
            self._continues = True
            await asyncio.to_thread(self._disk.rewrite, pending)
        elif self._pending:
            await asyncio.to_thread(self._disk.append, self._take())

    def _take(self) -> list[Saved]:
        taken = self._pending
        self._pending = []
        self._pending_size = 0
        self._whole = False
        return taken

    def _forget(self) -> None:
        self._take()
        self._continues = False
