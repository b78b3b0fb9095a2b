"""A response for coroutines, on top of the pool's callbacks."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType

from typing_extensions import override

from mcpgateway.common.errors import GatewayError, UpstreamRejected
from mcpgateway.common.runtime.http.client import Receiver, Response, Ticket

HIGH_WATER = 256 * 1024
LOW_WATER = 64 * 1024


class StreamedResponse(Response, Receiver):
    """Both the receiver of a call and the response that its caller reads. Full (over HIGH_WATER
    unread bytes): the connection is not read until less than LOW_WATER is left."""

    def __init__(self, label: str, loop: asyncio.AbstractEventLoop) -> None:
        self.status = 0
        self.headers = []
        self.ready: asyncio.Future[None] = loop.create_future()
        self._label = label
        self._loop = loop
        self._ticket: Ticket | None = None
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._full = False
        self._over = False
        self._error: GatewayError | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def wait(self, ticket: Ticket) -> None:
        """Until the head is there. Raises the call's failure; cancelling cancels the call."""
        self._ticket = ticket
        try:
            await self.ready
        except asyncio.CancelledError:
            ticket.cancel()
            raise

    # The receiver.

    @override
    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        self.headers = headers
        if not self.ready.done():
            self.ready.set_result(None)

    @override
    def chunk(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER and not self._full and self._ticket is not None:
            self._full = True
            self._ticket.pause()
        self._wake()

    @override
    def done(self) -> None:
        self._over = True
        self._wake()

    @override
    def failed(self, error: GatewayError) -> None:
        self._over = True
        if not self.ready.done():
            self.ready.set_exception(error)
        self._error = error
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # The response.

    @override
    def header(self, name: bytes) -> bytes | None:
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @override
    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            while self._pieces:
                yield self._take()
            if self._error is not None:
                raise self._error
            if self._over:
                return
            self._waiter = self._loop.create_future()
            await self._waiter

    def _take(self) -> bytes:
        piece = self._pieces.popleft()
        self._size -= len(piece)
        if self._full and self._size < LOW_WATER and self._ticket is not None:
            self._full = False
            self._ticket.resume()
        return piece

    @override
    async def read(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        async for piece in self.chunks():
            size += len(piece)
            if size > limit:
                self._close()
                raise UpstreamRejected(f"{self._label} answered with over {limit} bytes")
            pieces.append(piece)
        return b"".join(pieces)

    @override
    async def __aenter__(self) -> "StreamedResponse":
        return self

    @override
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._over = True
        self._pieces.clear()
        if self._ticket is not None:
            self._ticket.cancel()
