"""One server connection: bytes in, exchanges to the application, in order.

Rules.
1. The application knows one exchange at a time. Requests that arrive behind it wait parsed; with
   PIPELINE of them (or PIPELINE_BYTES of their bodies) waiting, reading pauses.
2. A message that llhttp or this file refuses is answered once and closes the connection, after the
   exchange before it was answered.
3. A response that ends before its request was read keeps the connection only when little of the
   body is left to throw away.
4. One deadline a connection, for what is awaited of the peer now; none while the application is
   at work or reading is paused. A body has a limit in all besides, less the time of such pauses.
5. A peer that closes its side of the connection is gone; within a request, it is told why.
6. A peer that does not take its response is cut off (`send_watch`).
7. A connection becomes a WebSocket, or bytes that an application passes on, with an exchange
   behind which nothing was parsed: the transport and what was read but not parsed are its
   successor's.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TypeVar, cast

from typing_extensions import override

from mcpgateway.common.errors import TooLarge
from mcpgateway.common.runtime.http import wire
from mcpgateway.common.runtime.http.body_pace import BodyPace
from mcpgateway.common.runtime.http.deadline import Deadline
from mcpgateway.common.runtime.http.exchange import Headers
from mcpgateway.common.runtime.http.guarded import TEXT
from mcpgateway.common.runtime.http.passage import Passage, PassageListener
from mcpgateway.common.runtime.http.passage_connection import PassageConnection
from mcpgateway.common.runtime.http.request_head import Refused
from mcpgateway.common.runtime.http.request_parser import RequestParser
from mcpgateway.common.runtime.http.send_watch import SendWatch
from mcpgateway.common.runtime.http.server_exchange import ServerExchange
from mcpgateway.common.runtime.http.server_home import Home, Successor, UnderWay
from mcpgateway.common.runtime.http.short_turn import ShortTurn
from mcpgateway.common.runtime.http.websocket import WebSocket, WebSocketListener

SuccessorT = TypeVar("SuccessorT", bound=Successor)

PIPELINE = 16
PIPELINE_BYTES = 64 * 1024
DISCARD = 64 * 1024  # what a connection reads of a refused body to stay open
SLICE = 16 * 1024  # fed to the parser at a time: bounds what one read can put behind an exchange
LINGER = 2.0  # seconds a closing connection listens, so that its last response is not reset away


class ServerConnection(asyncio.Protocol):
    """Created per connection by the listener's factory."""

    def __init__(self, home: Home, loop: asyncio.AbstractEventLoop, scheme: str) -> None:
        self._home = home
        self._app = home.app
        self._limits = home.limits
        self.counts = home.counts
        self._loop = loop
        self._scheme = scheme
        self._transport: asyncio.Transport = _UNCONNECTED
        self._parser = RequestParser(self, home.limits)
        self.date = home.date
        self._head = self._parser.head
        self._deadline = Deadline(loop, self._expired)
        self._sending = SendWatch(loop, home.limits.send_seconds, self._stalled)
        self._peer = ("", 0)
        self._parsing: ServerExchange | None = None
        self._current: ServerExchange | ShortTurn | None = None
        self._waiting: deque[ServerExchange] = deque()
        self._advancing = False
        self._deaf = False  # nothing that comes is looked at any more
        self._closing = False  # the last response is out
        self._refusal: Refused | None = None  # to be answered after the current exchange
        self._successor: Successor | None = None
        self._reading = True
        self._unread = b""
        self._pace = BodyPace(home.limits)
        self.writable = True

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self._peer = (peer[0], peer[1])
        self._transport.set_write_buffer_limits(self._limits.send_high_water)
        self._deadline.expire_in(self._limits.idle_seconds)
        if not self._home.admit(self):
            self._answer(Refused(503, "too many connections"))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._deaf = self._closing = True
        self._home.leave(self)
        self._deadline.close()
        self._sending.end()
        self._waiting.clear()
        self._parsing = None
        self._parser.close()
        current, self._current = self._current, None
        if current is not None:
            current.lose("the peer closed the connection")

    @override
    def eof_received(self) -> None:
        """Rule 5; the transport then closes itself."""
        if not self._deaf and (self._head.open or self._parsing is not None):
            self._refuse(Refused(400, "the connection was closed within the request"))

    @override
    def pause_writing(self) -> None:
        self.writable = False
        self._sending.begin(self._transport)
        if self._current is not None:
            self._current.writable_changed(False)

    @override
    def resume_writing(self) -> None:
        self.writable = True
        if not self._closing:
            self._sending.end()
        if self._current is not None:
            self._current.writable_changed(True)
        self._advance()

    @override
    def data_received(self, data: bytes) -> None:
        self.counts.received += len(data)
        if self._deaf:
            return
        if self._unread or not self._reading:
            self._unread += data
        elif len(data) <= SLICE:
            self._feed(data)
        else:
            self._feed_slices(data)

    def _feed_slices(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE):
            if not self._reading:
                self._unread = data[start:]
                return
            self._feed(data[start : start + SLICE])
            if self._deaf:
                self.take_over(data[start + SLICE :])
                return

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
        except Refused as refusal:
            self._unparsable(refusal)
            return
        if self._head.open:
            if self._head.pieces == 1:
                self._deadline.expire_in(self._limits.header_seconds)
        elif self._parsing is not None:
            self._watch_body(self._parsing, len(data))

    # What the parser tells.

    def request_begun(self, exchange: ServerExchange) -> None:
        if not self._deaf:
            self._parsing = exchange
            self._pace.begin()
            self._take_up(exchange)

    def request_whole(self, exchange: ServerExchange, body: bytes) -> None:
        if not self._deaf:
            if body:
                exchange.take(body)
            exchange.complete = True
            self._take_up(exchange)

    def _take_up(self, exchange: ServerExchange) -> None:
        exchange.peer = self._peer
        exchange.scheme = self._scheme
        if self._current is None and not self._waiting and self.writable:
            self._activate(exchange)
        else:
            self._waiting.append(exchange)
            self._steer_reading()

    def request_data(self, data: bytes) -> None:
        exchange = self._parsing
        if exchange is None:
            return
        exchange.take(data)
        if exchange is self._current:
            if exchange.received > exchange.limit:
                self._too_large(exchange)
            elif exchange.stream is not None and exchange.stream.full:
                self._steer_reading()
        elif not exchange.ended:
            self._steer_reading()

    def request_complete(self) -> None:
        exchange, self._parsing = self._parsing, None
        if exchange is None:
            return
        exchange.complete = True
        if exchange is self._current:
            self._deadline.never()
            self._hand_over(exchange)
        elif self._current is None:
            self._deadline.expire_in(self._limits.idle_seconds)
            if self._home.draining:
                self.drain()

    # What the application gets, and when.

    def _activate(self, exchange: ServerExchange) -> None:
        """Ask the application for a plan; the body goes by it."""
        self._current = exchange
        if not self._head.open:
            self._deadline.never()
        plan = self._app.plan(exchange)
        if plan is None:
            return
        exchange.limit = plan.limit
        if max(exchange.declared or 0, exchange.received) > plan.limit:
            self._too_large(exchange)
            return
        if exchange.expects_continue and not exchange.complete:
            exchange.expects_continue = False
            self.send(wire.CONTINUE)
        if plan.stream:
            exchange.begin_stream(self._steer_reading)
            self._app.handle(exchange)
        if exchange.complete:
            self._hand_over(exchange)

    def _hand_over(self, exchange: ServerExchange) -> None:
        if exchange.stream is not None:
            exchange.stream.finish()
        else:
            exchange.join_body()
            self._app.handle(exchange)

    def _advance(self) -> None:
        """Serve what waits, until one stays open. Not entered again from within."""
        if self._advancing:
            return
        self._advancing = True
        while self._waiting and self._current is None and self.writable and not self._closing:
            self._activate(self._waiting.popleft())
        self._advancing = False
        if self._parsing is not None and self._reading:
            self._await_body()
        if self._refusal is not None and self._current is None and not self._waiting:
            self._answer(self._refusal)
        else:
            self._steer_reading()

    # The exchange's sink.

    def send(self, data: bytes) -> None:
        self.counts.sent += len(data)
        self._transport.write(data)

    def send_pieces(self, pieces: Sequence[bytes]) -> None:
        self.counts.sent += sum(map(len, pieces))
        self._transport.writelines(pieces)

    def may_persist(self, exchange: ServerExchange) -> bool:
        if not exchange.persistent or self._home.draining:
            return False
        if exchange.complete or not exchange.ended:
            return True
        left = exchange.declared
        if left is None or exchange.expects_continue:
            return False
        return left - exchange.received <= DISCARD

    def ended(self, exchange: ServerExchange) -> None:
        self._current = None
        if exchange.stream is not None:
            exchange.stream.drop()
        if not (exchange.persistent and self.may_persist(exchange)):
            self._close(lingering=not exchange.complete)
            return
        if exchange.complete and not self._head.open:
            self._deadline.expire_in(self._limits.idle_seconds)
        if self._waiting or self._refusal is not None or not self._reading:
            self._advance()

    def abort(self) -> None:
        self._deaf = self._closing = True
        self._transport.abort()

    def under_way(self) -> Sequence[UnderWay]:
        current = self._current
        return () if current is None else (UnderWay(current.notes, current.body, self._cut),)

    def _cut(self, refusal: Refused) -> None:
        """What waits behind it is not served either."""
        current, self._current = self._current, None
        if current is None:
            return
        self._deaf = True
        if current.started:
            self.abort()
        current.lose(refusal.text)
        self._answer(refusal)

    def switch(
        self, exchange: ServerExchange, headers: Headers, listener: WebSocketListener
    ) -> WebSocket | None:
        make = self._home.sockets
        if make is None or not self._may_switch(exchange):
            return None
        return self._become(headers, make(self._home, self._transport, listener))

    def pass_on(
        self, exchange: ServerExchange, headers: Headers, listener: PassageListener
    ) -> Passage | None:
        if not self._may_switch(exchange):
            return None
        return self._become(headers, PassageConnection(self._home, self._transport, listener))

    def _may_switch(self, exchange: ServerExchange) -> bool:
        behind = self._waiting or self._head.open or self._unread or self._parsing is not None
        whole = exchange is self._current and exchange.complete
        return whole and not behind and not self._home.draining

    def _become(self, headers: Headers, successor: SuccessorT) -> SuccessorT:
        self.counts.answered[101] += 1
        self.send(wire.response_head(101, headers) + self.date() + b"\r\n")
        self._successor = successor
        self._home.replace(self, successor)
        self._transport.set_protocol(cast(asyncio.Protocol, successor))
        self._deaf = self._closing = True
        self._current = None
        self._deadline.close()
        self._sending.end()
        self._loop.call_soon(self._parser.close)  # it may be what called us
        return successor

    def take_over(self, rest: bytes) -> bool:
        if self._successor is None:
            return False
        if rest:
            self._successor.feed(rest)
        return True

    # Refusals.

    def _too_large(self, exchange: ServerExchange) -> None:
        text = f"the body is over the limit of {exchange.limit} bytes"
        if exchange.stream is not None:
            self._deaf = True
            self._deadline.never()
            exchange.stream.finish(TooLarge(text))
        elif exchange.started:
            self.abort()
        else:
            self.counts.refused[413] += 1
            exchange.respond(413, TEXT, text.encode() + b"\n")

    def _unparsable(self, refusal: Refused) -> None:
        if self._deaf:
            return
        newest = self._waiting[-1] if self._waiting else self._current
        last_closes = newest is not None and not newest.persistent
        if self._parsing is None and not self._head.open and last_closes:
            self._deaf = True  # what follows a request that closes the connection does not matter
        else:
            self._refuse(refusal)

    def _refuse(self, refusal: Refused) -> None:
        """Answer a bad message after those before it; nothing behind it is read."""
        bad, self._parsing = self._parsing, None
        self._deaf = True
        self._head.open = False
        if bad is not None and bad is self._current:
            self._current = None
            if bad.started:
                self.abort()
            bad.lose(refusal.text)
            self._answer(refusal)
        elif bad is not None and bad.ended:
            self._close(lingering=True)
        else:
            if bad is not None:
                self._waiting.remove(bad)
            self._refusal = refusal
            self._deadline.never()
            self._advance()

    def _answer(self, refusal: Refused) -> None:
        if self._transport.is_closing():
            return
        body = refusal.text.encode() + b"\n"
        self.counts.refused[refusal.status] += 1
        self.send(wire.last_response(refusal.status, TEXT, self.date(), body))
        self._close(lingering=True)

    # Reading and time.

    def _steer_reading(self) -> None:
        wanted = not self._must_pause()
        if wanted == self._reading or self._transport.is_closing():
            return
        self._reading = wanted
        if not wanted:
            self._deadline.never()  # the silence is ours
            self._pace.paused(self._loop.time())
            self._transport.pause_reading()
            return
        self._pace.resumed(self._loop.time())
        self._transport.resume_reading()
        if self._unread:
            self._loop.call_soon(self._feed_unread)
        if self._head.open:
            self._deadline.expire_in(self._limits.header_seconds)
        elif self._parsing is not None:
            self._await_body()

    def _must_pause(self) -> bool:
        current, waiting = self._current, self._waiting
        if current is not None and current.stream is not None and current.stream.full:
            return True
        return len(waiting) >= PIPELINE or bool(waiting and waiting[-1].held() > PIPELINE_BYTES)

    def _feed_unread(self) -> None:
        data, self._unread = self._unread, b""
        if data:
            self.counts.received -= len(data)  # or it would count twice
            self.data_received(data)

    def _watch_body(self, exchange: ServerExchange, size: int) -> None:
        chunked = exchange.declared is None
        if chunked and self._pace.mostly_framing(size, exchange.received):
            self._refuse(Refused(400, "the chunked body has more framing than data"))
        elif self._reading:
            self._await_body()

    def _await_body(self) -> None:
        self._deadline.expire_at(self._pace.deadline(self._loop.time()))

    def _expired(self) -> None:
        if self._closing:
            if not self._transport.get_write_buffer_size():  # else rule 6 decides
                self._leave()
        elif self._head.open:
            self._refuse(Refused(408, "the request head did not arrive in time"))
        elif self._parsing is not None:
            self._refuse(Refused(408, "the request body did not arrive in time"))
        elif self._current is None:
            self._close(lingering=False)

    def _leave(self) -> None:
        """The end of a connection that lingered."""
        if self._transport.is_closing() or self._transport.can_write_eof():
            self._transport.abort()
        else:
            self._transport.close()
            self._deadline.expire_in(LINGER)

    def drain(self) -> None:
        """Close now when idle, else after the response (see `may_persist`)."""
        if self._current is None and self._parsing is None and not self._head.open:
            self._close(lingering=False)

    def _close(self, *, lingering: bool) -> None:
        """Send what is written, then close. Lingering: data that nobody reads would make the
        kernel reset the connection under our response. TLS has no half of a close."""
        self._deaf = self._closing = True
        self._waiting.clear()
        self._parsing = None
        if not lingering:
            self._transport.close()
        else:
            if self._transport.can_write_eof():
                self._transport.write_eof()
            self._transport.resume_reading()
        self._deadline.expire_in(LINGER)
        self._sending.begin(self._transport)

    def _stalled(self) -> None:
        self.counts.stalled += 1
        self.abort()


_UNCONNECTED = asyncio.Transport()
