"""Tells control planes, once a second, what was done since: over NATS, while there is one.

What waits is bounded: over PENDING the oldest are dropped, and counted in `dropped`. What is on its
way when a connection breaks is lost.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from nats.errors import Error

from mcpgateway.common.runtime.nats import Shared
from mcpgateway.common.usage import Done, messages

EVERY = 1.0  # seconds
PENDING = 50_000

Drain = Callable[[float], Sequence[Done]]


class Reports:
    """`drain` gives what was done since it was asked last, at a time in Unix seconds."""

    def __init__(self, nats: Shared, subject: str, drain: Drain, now: Callable[[], float]) -> None:
        self._nats = nats
        self._subject = subject
        self._drain = drain
        self._now = now
        self._waiting: deque[Done] = deque(maxlen=PENDING)
        self.dropped = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.send()

    async def send(self) -> None:
        """What there is now."""
        done = self._drain(self._now())
        self.dropped += max(0, len(self._waiting) + len(done) - PENDING)
        self._waiting.extend(done)
        client = self._nats.client
        if client is None or not client.is_connected or not self._waiting:
            return
        waiting, self._waiting = list(self._waiting), deque(maxlen=PENDING)
        for message in messages(waiting):
            try:
                await client.publish(self._subject, message)
            except (Error, OSError):
                self.dropped += len(waiting)  # at most: some of them went out
                return
