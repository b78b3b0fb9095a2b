"""Between the subscription, which must not wait, and the follower, which works in order."""

import asyncio
from collections import deque

from mcpgateway.common.runtime.tasks import wait_at_most

MESSAGES = 256
BYTES = 32 << 20


class Mail:
    """Received deltas in order. When full (256 messages or 32 MiB) all of them are dropped, and
    the follower is told to compare with the stream instead, where they are stored."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._compare = False
        self._something = asyncio.Event()

    def put(self, message: bytes) -> None:
        self._messages.append(message)
        self._bytes += len(message)
        if len(self._messages) > MESSAGES or self._bytes > BYTES:
            self._messages.clear()
            self._bytes = 0
            self._compare = True
        self._something.set()

    def ask_to_compare(self) -> None:
        self._compare = True
        self._something.set()

    async def wait(self, seconds: float) -> None:
        """Until there is something, or for so long."""
        await wait_at_most(self._something, seconds)

    async def next(self, seconds: float) -> bytes | None:
        """The next message; None when it is time to compare with the stream: asked for, or
        nothing came for so long."""
        if not self._messages and not self._compare:
            self._something.clear()
            await self.wait(seconds)
        if self._compare or not self._messages:
            self._compare = False
            return None
        message = self._messages.popleft()
        self._bytes -= len(message)
        return message
