"""An exchange that came in at another process and is answered here."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from typing_extensions import override

from mcpgateway.common.runtime.carried import frames
from mcpgateway.common.runtime.carried.frames import (
    FRAME,
    REQUEST_LIMIT,
    Frame,
    Head,
    Request,
    Whole,
)
from mcpgateway.common.runtime.carried.line import Line, Send
from mcpgateway.common.runtime.carried.outgoing import Outgoing
from mcpgateway.common.runtime.http.drain_waiters import DrainWaiters
from mcpgateway.common.runtime.http.exchange import Exchange, Headers

HIGH_WATER = 256 * 1024  # bytes that may wait before whoever writes is asked to pause


class HandedExchange(Exchange):
    """Responds through a line. Is never handed over again."""

    __slots__ = (
        "_drainers",
        "_line",
        "_on_gone",
        "_on_writable",
        "_outgoing",
        "_paused",
        "_started",
    )

    def __init__(self, request: Request, line: Line) -> None:
        self.method = request.method
        self.target = request.target
        self.path = request.path
        self.query = request.query
        self.headers = request.headers
        self.peer = request.peer
        self.scheme = request.scheme
        self.body = request.body
        self.notes: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self.ended = False
        self.gone = False
        self._line = line
        self._outgoing = Outgoing(self._emit)
        self._started = False
        self._paused = False
        self._on_gone: Callable[[], None] | None = None
        self._on_writable: Callable[[bool], None] | None = None
        self._drainers = DrainWaiters()

    @override
    async def chunks(self) -> AsyncIterator[bytes]:
        if self.body:
            yield self.body

    @override
    def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        if len(body) <= FRAME:
            self._begin()
            self._line.emit("whole", frames.encode(Whole(status, list(headers), body)), last=True)
            self._end()
            return
        sized = (b"content-length", b"%d" % len(body))
        others = [line for line in headers if line[0] != b"content-length"]
        self.start(status, (*others, sized))
        self.write(body)
        self.end()

    @override
    def start(self, status: int, headers: Headers) -> None:
        self._begin()
        self._line.emit("head", frames.encode(Head(status, list(headers))))

    @override
    def write(self, chunk: bytes) -> None:
        if self.gone:
            return
        if not self._started or self.ended:
            raise RuntimeError("write needs a started response that has not ended")
        self._outgoing.write(chunk)
        self._look()

    @override
    def end(self) -> None:
        if self.gone:
            return
        if not self._started or self.ended:
            raise RuntimeError("end needs a started response that has not ended")
        self.ended = True
        self._on_gone = self._on_writable = None
        self._outgoing.end()

    @override
    def abort(self) -> None:
        if not (self.gone or self.ended):
            self._line.emit("abort")
            self._line.finish()
            asyncio.get_running_loop().call_soon(self.lose)

    @property
    @override
    def writable(self) -> bool:
        return self._outgoing.waiting < HIGH_WATER

    @override
    async def drain(self) -> None:
        if self.gone:
            raise ConnectionError("the peer is gone")
        if not self.writable:
            await self._drainers.wait()

    @override
    def on_writable(self, callback: Callable[[bool], None] | None) -> None:
        self._on_writable = callback

    @override
    def on_gone(self, callback: Callable[[], None] | None) -> None:
        if callback is not None and self.gone:
            callback()
        else:
            self._on_gone = callback

    @property
    @override
    def started(self) -> bool:
        return self._started

    def granted(self, credit: int) -> None:
        """The asker takes so many more frames."""
        self._outgoing.grant(credit)
        self._look()

    def lose(self) -> None:
        """The client is gone, or the way to it."""
        if self.gone or self.ended:
            return
        self.gone = True
        self._drainers.release(ConnectionError("the peer is gone"))
        callback, self._on_gone = self._on_gone, None
        self._on_writable = None
        if callback is not None:
            callback()

    def _begin(self) -> None:
        if self._started:
            raise RuntimeError("this exchange has been answered")
        self._started = True

    def _end(self) -> None:
        self.ended = True
        self._on_gone = self._on_writable = None
        self._line.finish()

    def _emit(self, piece: bytes, last: bool) -> None:
        self._line.emit("body", piece, last=last)
        if last:
            self._line.finish()

    def _look(self) -> None:
        """Tells who writes when it must pause, and when it may go on."""
        if self._paused is not self.writable:
            return
        self._paused = not self.writable
        if self.writable:
            self._drainers.release()
        if self._on_writable is not None:
            self._on_writable(self.writable)


class Handed(Line):
    """The owner's end: collects the request, runs it, breaks off when the client is gone. `accept`
    says whether a request is one to run."""

    def __init__(
        self,
        send: Send,
        run: Callable[[Exchange], None],
        accept: Callable[[Request], bool],
    ) -> None:
        super().__init__(send)
        self._run = run
        self._accept = accept
        self._request = bytearray()
        self._exchange: HandedExchange | None = None

    @override
    def heard(self, frame: Frame) -> None:
        match frame.purpose:
            case "request" if self._exchange is None:
                self._collect(frame)
            case "credit" if self._exchange is not None:
                self._exchange.granted(int(frame.body))
            case "gone":
                self.finish()
                self._lose()
            case _:
                self.broken()

    @override
    def broken(self) -> None:
        self.emit("abort")
        self.finish()
        self._lose()

    def _lose(self) -> None:
        if self._exchange is not None:
            self._exchange.lose()

    def _collect(self, frame: Frame) -> None:
        if not self._request:
            self.emit("taken")
        self._request += frame.body
        if len(self._request) > REQUEST_LIMIT:
            self.broken()
        elif frame.last:
            self._begin()
        else:
            self.emit("credit", b"1")

    def _begin(self) -> None:
        try:
            request = frames.requests.decode(self._request)
        except msgspec.DecodeError:
            self.broken()
            return
        self._request = bytearray()
        if not self._accept(request):
            self.broken()
            return
        self._exchange = HandedExchange(request, self)
        self._run(self._exchange)
