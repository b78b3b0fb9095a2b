"""A streamed request body on its way from the parser to the application."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

HIGH_WATER = 64 * 1024
LOW_WATER = 16 * 1024


class RequestBody:
    """Holds what was read and not yet taken. Full (over HIGH_WATER bytes): the connection stops
    reading until less than LOW_WATER is left, so at most HIGH_WATER plus one read waits here."""

    __slots__ = ("_error", "_finished", "_on_room", "_pieces", "_size", "_waiter", "full")

    def __init__(self, on_room: Callable[[], None]) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._on_room = on_room
        self._waiter: asyncio.Future[None] | None = None
        self._finished = False
        self._error: Exception | None = None
        self.full = False

    def feed(self, data: bytes) -> None:
        if self._finished:
            return
        self._pieces.append(data)
        self._size += len(data)
        self.full = self.full or self._size > HIGH_WATER
        self._wake()

    def finish(self, error: Exception | None = None) -> None:
        """No more comes; `error` is raised to the reader after what is there. First call wins."""
        if not self._finished:
            self._finished = True
            self._error = error
            self._wake()

    def drop(self) -> None:
        """Forget what nobody will read."""
        self._pieces.clear()
        self._size = 0
        self._finished = True
        self.full = False
        self._wake()

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            while self._pieces:
                yield self._take()
            if self._error is not None:
                raise self._error
            if self._finished:
                return
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def _take(self) -> bytes:
        piece = self._pieces.popleft()
        self._size -= len(piece)
        if self.full and self._size < LOW_WATER:
            self.full = False
            self._on_room()
        return piece

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
