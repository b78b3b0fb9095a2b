"""The exchange of the ASGI door: a request head, and a response on its way to `send`.

It decides and queues; `pump` sends, one message after the other. What is read of the request is
the business of `asgi`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from typing_extensions import override

from mcpgateway.common.runtime.http import wire
from mcpgateway.common.runtime.http.drain_waiters import DrainWaiters
from mcpgateway.common.runtime.http.exchange import Exchange, Headers, joined
from mcpgateway.common.runtime.http.guarded import TEXT
from mcpgateway.common.runtime.http.request_body import RequestBody
from mcpgateway.common.runtime.http.request_head import Refused
from mcpgateway.common.runtime.http.server_home import Home
from mcpgateway.data_plane.doors.asgi_head import Head, Header

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

PIECE = 16 * 1024  # bytes of a body that are sent as one message
# HTTP/2 and HTTP/3 have no such headers (RFC 9113 8.2.2); a message with one is not sent at all.
_OF_ONE_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)


class Aborted(Exception):
    """The response can not be completed: the server must cut it off, visibly to the peer."""


class AsgiExchange(Exchange):
    """States: new, started (a streamed response's head is out), ended. `gone` is beside them.

    What is written and not yet taken by `send` waits in a queue. Over `send_high_water` bytes of
    it the exchange is not `writable` until less than a quarter of that is left; what is written
    all the same is kept.
    """

    __slots__ = (
        "_aborted",
        "_added",
        "_bodiless",
        "_drainers",
        "_home",
        "_left",
        "_on_gone",
        "_on_writable",
        "_out",
        "_patience",
        "_peer_left",
        "_started",
        "_waiting",
        "_wake",
        "_writable",
        "stream",
    )

    def __init__(self, head: Head, home: Home) -> None:
        self.method = head.method
        self.target = head.target
        self.path = head.path
        self.query = head.query
        self.headers = head.headers
        self.peer = head.peer
        self.scheme = head.scheme
        self.kept = head.kept
        self.notes = {}
        self.body = b""
        self.ended = False
        self.gone = False
        self.stream: RequestBody | None = None
        self._home = home
        self._started = False
        self._bodiless = False
        self._added: Headers = ()
        self._left: int | None = None  # what a declared Content-Length leaves to write
        self._aborted = ""  # why
        self._peer_left = False
        self._out: deque[Message] = deque()
        self._waiting = 0  # bytes of bodies in `_out`, and in the message being sent
        self._writable = True
        self._wake = asyncio.Event()
        self._patience: asyncio.Timeout | None = None  # with the message being sent
        self._on_gone: Callable[[], None] | None = None
        self._on_writable: Callable[[bool], None] | None = None
        self._drainers = DrainWaiters()

    # The request.

    def begin_stream(self, on_room: Callable[[], None]) -> RequestBody:
        self.stream = RequestBody(on_room)
        return self.stream

    @override
    def chunks(self) -> AsyncIterator[bytes]:
        return _once(self.body) if self.stream is None else self.stream.chunks()

    # The response.

    @override
    def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        self._must_be_new()
        if not self.gone:
            self._respond(status, headers, body)
            self._home.counts.answered[status] += 1

    def _respond(self, status: int, headers: Headers, body: bytes) -> None:
        lines = self._lines(status, headers)
        self._started = self.ended = True
        if status != 204 and all(name != b"content-length" for name, _ in lines):
            lines.append((b"content-length", b"%d" % len(body)))
        self._put_start(status, lines)
        if body and not wire.without_body(self.method, status):
            self._put_body(body)
        self._end()

    @override
    def start(self, status: int, headers: Headers) -> None:
        self._must_be_new()
        if self.gone:
            return
        lines = self._lines(status, headers)
        self._started = True
        self._home.counts.answered[status] += 1
        self._bodiless = wire.without_body(self.method, status)
        lengths = [value for name, value in lines if name == b"content-length"]
        self._left = int(lengths[0]) if lengths else None
        self._put_start(status, lines)

    @override
    def write(self, chunk: bytes) -> None:
        if self.gone:
            return
        self._must_be_open("write")
        if not chunk or self._bodiless:
            return
        if self._left is not None:
            self._left -= len(chunk)
            if self._left < 0:
                self.abort()
                raise ValueError("the response body is longer than its Content-Length")
        self._put_body(chunk)

    @override
    def end(self) -> None:
        if self.gone:
            return
        self._must_be_open("end")
        if self._left and not self._bodiless:
            self.abort()
            raise ValueError(f"the response body is {self._left} bytes short of its Content-Length")
        self.ended = True
        self._end()

    @override
    def add_lines(self, lines: Headers) -> None:
        self._added = (*self._added, *lines)

    @override
    def abort(self) -> None:
        if not (self.gone or self.ended):
            self._cut("the response was aborted")

    def refuse(self, refusal: Refused) -> None:
        """Answers from here, instead of the application, which hears that the peer is gone. Cuts
        off a response that has begun."""
        if self.ended or self.gone:
            return
        self._home.counts.refused[refusal.status] += 1
        begun = self._started
        self.lose(refusal.text)
        if begun:
            self._cut(refusal.text)
        else:
            self._respond(refusal.status, TEXT, refusal.text.encode() + b"\n")

    def _must_be_new(self) -> None:
        if self._started:
            raise RuntimeError("this exchange has been answered")

    def _must_be_open(self, what: str) -> None:
        if not self._started or self.ended:
            raise RuntimeError(f"{what} needs a started response that has not ended")

    def _lines(self, status: int, headers: Headers) -> list[Header]:
        headers = joined(headers, self._added)
        wire.response_head(status, headers)  # raises ValueError for what would break HTTP/1.1
        lines = [(name, value) for name, value in headers if name not in _OF_ONE_HOP]
        if all(name != b"date" for name, _ in lines):
            _, _, date = self._home.date().partition(b": ")
            lines.append((b"date", date.strip()))
        return lines

    # The queue.

    def _put_start(self, status: int, lines: list[Header]) -> None:
        self._out.append({"type": "http.response.start", "status": status, "headers": lines})
        self._wake.set()

    def _put_body(self, body: bytes) -> None:
        for start in range(0, len(body), PIECE):
            self._put(body[start : start + PIECE], more=True)
        self._waiting += len(body)
        if self._writable and self._waiting > self._home.limits.send_high_water:
            self._set_writable(False)

    def _put(self, body: bytes, *, more: bool) -> None:
        self._out.append({"type": "http.response.body", "body": body, "more_body": more})
        self._wake.set()

    def _end(self) -> None:
        """Lets go of who listened: they know this exchange."""
        self._put(b"", more=False)
        self._on_gone = self._on_writable = None
        if self.stream is not None:
            self.stream.drop()

    async def pump(self, send: Send) -> None:
        """Sends what is answered until all of it is sent, or the peer has left. Raises Aborted,
        also when the peer takes none of a message for `send_seconds`."""
        while not self._peer_left:
            if self._aborted:
                self.lose(self._aborted)
                raise Aborted(self._aborted)
            if self._out:
                await self._send_one(send)
            elif self.ended:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _send_one(self, send: Send) -> None:
        message = self._out.popleft()
        try:
            async with asyncio.timeout(self._home.limits.send_seconds) as self._patience:
                await send(message)
        except TimeoutError:
            if not (self._aborted or self._peer_left):
                self._home.counts.stalled += 1
                self._cut("the peer does not read")
        except OSError:  # ASGI's word for a peer that has left
            self.leave()
        finally:
            self._patience = None
        self._waiting -= len(message.get("body", b""))
        if not self._writable and self._waiting * 4 < self._home.limits.send_high_water:
            self._set_writable(True)

    def _cut(self, why: str) -> None:
        self._aborted = self._aborted or why
        self._interrupt()

    def leave(self) -> None:
        """The peer is gone: nothing more is sent, the application is told."""
        self._peer_left = True
        self._interrupt()
        self.lose("the peer closed the connection")

    def _interrupt(self) -> None:
        self._wake.set()
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(0)

    # Back-pressure, and the peer that goes away.

    @property
    @override
    def writable(self) -> bool:
        return self._writable

    @override
    async def drain(self) -> None:
        if self.gone:
            raise ConnectionError("the peer is gone")
        if not self._writable:
            await self._drainers.wait()

    def _set_writable(self, writable: bool) -> None:
        self._writable = writable
        if writable:
            self._drainers.release()
        if self._on_writable is not None:
            self._on_writable(writable)

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


async def _once(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body
