"""Hears what data planes tell of calls, and keeps it. Of several control planes any one hears a
report: they are a queue group. Reports are believed of whoever has a data plane's login; nothing is
decided by them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from nats.aio.client import Client
from nats.aio.msg import Msg

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.subjects import Subjects
from mcpgateway.common.usage import Done, UsageError, decode
from mcpgateway.control_plane.registry.access.decisions import DecisionSink
from mcpgateway.control_plane.registry.access.usage import decided, used
from mcpgateway.control_plane.registry.people.token_ports import TokenUses

log = logging.getLogger(__name__)

QUEUE = "usage"
EVERY = 1.0  # seconds between two writes
WAITING = 100_000  # entries; over it the oldest are dropped, and counted in `dropped`
AT_ONCE = 5_000  # entries of one write
KEPT = timedelta(days=400)  # of what tokens were used for
_CLEANING = 3600  # rounds between two looks for what is older


class UsageInbox:
    """`uses` None: it is not kept what tokens are used for. While the database does not answer,
    reports wait."""

    def __init__(
        self,
        decisions: DecisionSink,
        uses: TokenUses | None,
        now: Callable[[], datetime],
    ) -> None:
        self._decisions = decisions
        self._uses = uses
        self._now = now
        self._waiting: deque[Done] = deque(maxlen=WAITING)
        self._half: list[Done] = []  # whose decisions are kept, and whose usage is not yet
        self.dropped = 0

    async def listen(self, client: Client, subjects: Subjects) -> None:
        """Until the connection is closed; it survives reconnects."""

        async def on_report(message: Msg) -> None:
            self.hear(message.data)

        await client.subscribe(subjects.usages, queue=QUEUE, cb=on_report)

    def hear(self, message: bytes) -> None:
        try:
            done = decode(message)
        except UsageError as error:
            log.warning("%s", error)
            return
        self.dropped += max(0, len(self._waiting) + len(done) - WAITING)
        self._waiting.extend(done)

    async def run(self) -> None:
        """Until cancelled."""
        rounds = 0
        while True:
            if rounds % _CLEANING == 0:
                await self._clean()
            rounds += 1
            await asyncio.sleep(EVERY)
            await self.write()

    async def write(self) -> None:
        """What waits, as far as the database takes it."""
        try:
            while self._half or self._waiting:
                await self._write_some()
        except GatewayError as error:
            log.warning("what was told of calls waits: %s", error.message)

    async def _clean(self) -> None:
        try:
            if self._uses is not None:
                await self._uses.forget(self._now() - KEPT)
        except GatewayError as error:
            log.warning("old usage of tokens stays for now: %s", error.message)

    async def _write_some(self) -> None:
        """Decisions first, then usage, so that a failure between the two repeats neither."""
        if not self._half:
            some = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            try:
                await self._decisions.add(decided(some))
            except GatewayError:
                self._put_back(some)
                raise
            self._half = some
        if self._uses is not None:
            uses = used(self._half)
            if uses:
                await self._uses.note(uses)
        self._half = []

    def _put_back(self, some: Sequence[Done]) -> None:
        room = WAITING - len(self._waiting)
        self.dropped += max(0, len(some) - room)
        self._waiting.extendleft(reversed(some[max(0, len(some) - room) :]))
