"""The exchange of the HTTP/1.1 server: what an application sees of one request, and its response.

It renders and frames; the connection (`server`) reads, times, and decides what comes next.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol

from typing_extensions import override

from mcpgateway.common.runtime.http import websocket_handshake, wire
from mcpgateway.common.runtime.http.drain_waiters import DrainWaiters
from mcpgateway.common.runtime.http.exchange import Exchange, Headers, Shortcut, joined
from mcpgateway.common.runtime.http.passage import Passage, PassageListener
from mcpgateway.common.runtime.http.request_body import RequestBody
from mcpgateway.common.runtime.http.server_counts import ServerCounts
from mcpgateway.common.runtime.http.websocket import WebSocket, WebSocketListener


class Sink(Protocol):
    """What an exchange needs of its connection."""

    writable: bool
    counts: ServerCounts

    def send(self, data: bytes) -> None: ...

    def send_pieces(self, pieces: Sequence[bytes]) -> None:
        """Without joining them."""

    def may_persist(self, exchange: "ServerExchange") -> bool:
        """Whether the connection can serve another request after this exchange."""

    def ended(self, exchange: "ServerExchange") -> None:
        """The response is complete."""

    def abort(self) -> None: ...

    def switch(
        self, exchange: "ServerExchange", headers: Headers, listener: WebSocketListener
    ) -> WebSocket | None:
        """Answer 101 with these headers and go on as a WebSocket. None, with nothing done, when
        the connection can not: there are none here, or more was read already."""

    def pass_on(
        self, exchange: "ServerExchange", headers: Headers, listener: PassageListener
    ) -> Passage | None:
        """The same, with a listener to whatever bytes come."""

    @property
    def date(self) -> Callable[[], bytes]:
        """Gives the Date header line."""


class Notes(dict[str, Any]):
    """What an application noted with a head. `shortcut` is asked for requests that repeat it."""

    shortcut: Shortcut | None = None


class ServerExchange(Exchange):
    """States: new, started (a streamed response's head is out), ended. `gone` is beside them."""

    __slots__ = (
        "_added",
        "_bodiless",
        "_chunked",
        "_drainers",
        "_left",
        "_on_gone",
        "_on_writable",
        "_pieces",
        "_sink",
        "_started",
        "complete",
        "declared",
        "expects_continue",
        "http10",
        "limit",
        "persistent",
        "received",
        "stream",
    )

    notes: Notes

    def __init__(self, sink: Sink, method: str, target: bytes) -> None:
        self._sink = sink
        self.method = method
        self.target = target
        self.body = b""
        self.declared: int | None = 0  # Content-Length; None: chunked
        self.received = 0  # body bytes so far
        self.complete = False  # the whole request was read
        self.limit = 0
        self.stream: RequestBody | None = None
        self.http10 = False
        self.persistent = True  # as asked for by the peer, then as answered
        self.expects_continue = False
        self.ended = False
        self.gone = False
        self._pieces: list[bytes] = []
        self._started = False
        self._chunked = False
        self._bodiless = False
        self._added: Headers = ()
        self._left: int | None = None  # what a declared Content-Length leaves to write
        self._on_gone: Callable[[], None] | None = None
        self._on_writable: Callable[[bool], None] | None = None
        self._drainers = DrainWaiters()

    # The request, filled by the connection.

    def take(self, data: bytes) -> None:
        """Body bytes from the parser. What comes after the response has ended is dropped."""
        self.received += len(data)
        if self.ended or self.gone:
            return
        if self.stream is None:
            self._pieces.append(data)
        else:
            self.stream.feed(data)

    def join_body(self) -> None:
        self.body = b"".join(self._pieces)
        self._pieces = []

    def held(self) -> int:
        """Bytes of body that wait for the application."""
        return self.received if self._pieces else 0

    def begin_stream(self, on_room: Callable[[], None]) -> RequestBody:
        """From here on the body goes to `chunks`; what came before goes first."""
        self.stream = RequestBody(on_room)
        for piece in self._pieces:
            self.stream.feed(piece)
        self._pieces = []
        return self.stream

    @override
    def chunks(self) -> AsyncIterator[bytes]:
        if self.stream is None:
            return _once(self.body)
        return self.stream.chunks()

    # The response.

    @override
    def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        head = self._whole_head(status, headers, len(body))
        if head is not None:
            bodiless = wire.without_body(self.method, status)
            self._sink.send(b"%b%b" % (head, b"" if bodiless else body))
            self._end()

    @override
    def respond_pieces(self, status: int, headers: Headers, pieces: Sequence[bytes]) -> None:
        head = self._whole_head(status, headers, sum(map(len, pieces)))
        if head is not None:
            bodiless = wire.without_body(self.method, status)
            self._sink.send_pieces((head,) if bodiless else (head, *pieces))
            self._end()

    def _whole_head(self, status: int, headers: Headers, length: int) -> bytes | None:
        """The head of a response that is sent at once; None when nobody is there to get it."""
        if self._started:
            raise RuntimeError(_ANSWERED)
        if self.gone:
            return None
        if self._added:
            headers = joined(headers, self._added)
        head, dated, sized = wire.whole_head(status, headers)
        self._started = self.ended = True
        self._sink.counts.answered[status] += 1
        if status != 204 and not sized:
            head = b"%bcontent-length: %d\r\n" % (head, length)
        self.persistent = self._sink.may_persist(self)
        return b"%b%b\r\n" % (head, self._common(dated))

    @override
    def start(self, status: int, headers: Headers) -> None:
        if self._started:
            raise RuntimeError(_ANSWERED)
        if self.gone:
            return
        if self._added:
            headers = joined(headers, self._added)
        head = wire.response_head(status, headers)
        self._started = True
        self._sink.counts.answered[status] += 1
        self._bodiless = wire.without_body(self.method, status)
        self._left = _declared_length(headers)
        if self._left is None and not self._bodiless:
            if self.http10:
                self.persistent = False  # the end of the body is the end of the connection
            else:
                self._chunked = True
                head += b"transfer-encoding: chunked\r\n"
        self.persistent = self.persistent and self._sink.may_persist(self)
        common = self._common(wire.has_header(head, b"date"))
        self._sink.send(head + common + b"\r\n")

    @override
    def write(self, chunk: bytes) -> None:
        if self.gone:
            return
        if not self._started or self.ended:
            raise RuntimeError("write needs a started response that has not ended")
        if not chunk or self._bodiless:
            return
        if self._left is not None:
            self._left -= len(chunk)
            if self._left < 0:
                self.abort()
                raise ValueError("the response body is longer than its Content-Length")
        self._sink.send(wire.chunk(chunk) if self._chunked else chunk)

    @override
    def end(self) -> None:
        if self.gone:
            return
        if not self._started or self.ended:
            raise RuntimeError("end needs a started response that has not ended")
        if self._left and not self._bodiless:
            self.abort()
            raise ValueError(f"the response body is {self._left} bytes short of its Content-Length")
        if self._chunked:
            self._sink.send(wire.LAST_CHUNK)
        self._end()

    def _end(self) -> None:
        """Lets go of who listened: they know this exchange, and a cycle would wait for the
        garbage collector."""
        self.ended = True
        self._on_gone = self._on_writable = None
        self._sink.ended(self)

    @override
    def abort(self) -> None:
        if not (self.gone or self.ended):
            self._sink.abort()

    def _common(self, dated: bool) -> bytes:
        """The header lines that the server adds: Date, and Connection when it says something."""
        date = b"" if dated else self._sink.date()
        if not self.persistent:
            return date + b"connection: close\r\n"
        return date + b"connection: keep-alive\r\n" if self.http10 else date

    # Back-pressure, and the peer that goes away.

    @property
    @override
    def writable(self) -> bool:
        return self._sink.writable

    @override
    async def drain(self) -> None:
        if self.gone:
            raise ConnectionError("the peer is gone")
        if not self._sink.writable:
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

    @override
    def websocket(self, listener: WebSocketListener, *, subprotocol: str = "") -> WebSocket | None:
        if self._started or self.gone or self.http10 or self.declared != 0:
            return None  # a body would stand where frames are to begin
        if websocket_handshake.refusal(self) is not None:
            return None
        lines = websocket_handshake.accepted(self.headers, subprotocol)
        socket = self._sink.switch(self, lines, listener)
        if socket is not None:
            self._started = self.ended = True
            self._on_gone = self._on_writable = None
        return socket

    @override
    def pass_on(self, headers: Headers, listener: PassageListener) -> Passage | None:
        if self._started or self.gone or self.http10 or self.declared != 0:
            return None
        passage = self._sink.pass_on(self, headers, listener)
        if passage is not None:
            self._started = self.ended = True
            self._on_gone = self._on_writable = None
        return passage

    @override
    def repeat_by(self, shortcut: Shortcut) -> None:
        if not self._added:
            self.notes.shortcut = shortcut

    @override
    def add_lines(self, lines: Headers) -> None:
        self._added = (*self._added, *lines)

    @property
    @override
    def started(self) -> bool:
        return self._started

    def writable_changed(self, writable: bool) -> None:
        if writable:
            self._drainers.release()
        if self._on_writable is not None:
            self._on_writable(writable)

    def lose(self, reason: str) -> None:
        """The peer is gone, or is not listened to any more."""
        if self.gone or self.ended:
            return
        self.gone = True
        if self.stream is not None:
            self.stream.finish(ConnectionError(reason))
        self._drainers.release(ConnectionError(reason))
        callback, self._on_gone = self._on_gone, None
        if callback is not None:
            callback()


_ANSWERED = "this exchange has been answered"


async def _once(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body


def _declared_length(headers: Headers) -> int | None:
    for name, value in headers:
        if name == b"content-length":
            return int(value)
    return None
