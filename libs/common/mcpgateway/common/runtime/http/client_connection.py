"""One client connection: writes a call, parses its response, one call at a time.

It never retries; it tells its origin (`origin_pool`) what became of the call.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from math import inf
from typing import Protocol, cast

import httptools
from typing_extensions import override

from mcpgateway.common.errors import Bug, GatewayError, UpstreamRejected, UpstreamTimeout
from mcpgateway.common.runtime.http import keep_alive, tls, wire
from mcpgateway.common.runtime.http.call import NOT_TAKEN, Call, RepeatedHead
from mcpgateway.common.runtime.http.client import PoolLimits
from mcpgateway.common.runtime.http.deadline import Deadline
from mcpgateway.common.runtime.http.head_prediction import HeadPredictor

logger = logging.getLogger(__name__)

_NOTED = frozenset({b"content-length", b"transfer-encoding", b"keep-alive"})


class Home(Protocol):
    """What connections ask of their origin's pool."""

    label: str
    limits: PoolLimits

    def release(self, connection: "ClientConnection") -> None:
        """The connection can take another call."""

    def lost(self, connection: "ClientConnection") -> None:
        """The connection is gone; comes once."""

    def retry(self, call: Call) -> None:
        """Run a call that surely was not answered on a fresh connection."""


class _Invalid(Exception):
    """A response that is refused, raised through llhttp."""


class ClientConnection(asyncio.Protocol):
    __deletable__ = ("_parser",)  # for mypyc, which compiles this

    def __init__(self, home: Home, loop: asyncio.AbstractEventLoop) -> None:
        self._home = home
        self._loop = loop
        self._limits = home.limits
        self._head_too_large = f"a response head of over {home.limits.header_bytes} bytes"
        self._transport = _UNCONNECTED
        self._parser = httptools.HttpResponseParser(self)
        self._deadline = Deadline(loop, self._expired)
        self._call: Call | None = None
        self._upload: asyncio.Task[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._paused = False
        self._reused = False  # it was idle before this call
        self._idle_until = inf
        self._idle_seconds = home.limits.keepalive_seconds
        self._predictor = HeadPredictor(home.limits.header_bytes)
        self._learnt: RepeatedHead | None = None  # the last response's, if it came whole
        self.closed = False
        self.failure: Exception | None = None  # that made an end of it
        self._heard = self._in_body = self._complete = False  # a byte, the head, all of it came
        self._begin()

    def _begin(self) -> None:
        """Forget the last response, as far as the parser is needed for the next one."""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._pieces_bytes = 0  # of reads that ended within the head
        self._framing = 0  # of reads within a chunked body, less the body
        self._persistent = False
        self._length: int | None = None  # Content-Length
        self._chunked = False
        self._body_bytes = 0

    # For the origin's pool.

    def usable(self) -> bool:
        """Whether an idle connection may take a call: the peer has surely not closed it yet."""
        return not self.closed and self._loop.time() < self._idle_until

    def run(self, call: Call) -> None:
        """Write the call now."""
        self._heard = self._in_body = self._complete = False
        self._call = call
        call.runner = self
        if call.timer is not None:
            call.stop_timer()
        self._transport.write(call.rendered())
        self._expect(call.timeouts.first_byte if call.source is None else inf)
        if call.source is not None:
            self._upload = self._loop.create_task(self._send(call, call.source))
            self._upload.add_done_callback(self._uploaded)

    def close(self) -> None:
        self.closed = True
        self._transport.close()

    def fail(self, error: GatewayError) -> None:
        """Fail the call, if any, and drop the connection."""
        call = self._drop()
        if call is not None:
            call.failed(error)

    # For the call (`call.Runner`).

    def abandon(self, call: Call) -> None:
        if call is self._call:
            self._drop()

    def pause(self) -> None:
        if not self._paused and not self.closed:
            self._paused = True
            self._transport.pause_reading()
            self._expect(inf)  # the silence is ours

    def resume(self) -> None:
        if self._paused and not self.closed:
            self._paused = False
            self._transport.resume_reading()
            if self._call is not None:
                self._expect(self._call.timeouts.idle)

    # The transport.

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    @override
    def data_received(self, data: bytes) -> None:
        call = self._call
        if call is None:
            self.closed = True
            self._transport.abort()  # nobody asked
            return
        if self._heard:
            self._read(call, data)
            return
        self._heard = True
        learnt = self._learnt
        start = 0 if learnt is None or call.bodiless else learnt.pattern.body_start(data)
        if start and learnt is not None and self._upload is None:
            # Free before the receiver hears of it: it may have another call to make.
            self._call = call.runner = None
            self.rest()
            call.whole(learnt, data, data[start:])
        else:
            self._learnt = None
            self._begin()
            self._read(call, data, begins=True)

    def _read(self, call: Call, data: bytes, *, begins: bool = False) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._unparsable(error)
        if self._call is not call:
            return
        if self._complete:
            if begins:
                self._learn(data)
            self._finish(call)
            return
        self._bound(len(data))
        if not self._paused and not self.closed:
            self._expect(call.timeouts.idle)

    def _learn(self, data: bytes) -> None:
        """Of a response that came in one read."""
        length = self._length
        if self._persistent and length is not None and not self._chunked:
            pattern = self._predictor.learn(data, length, self._headers)
            if pattern is not None:
                status = self._parser.get_status_code()
                self._learnt = RepeatedHead(status, self._headers, pattern)

    def _bound(self, size: int) -> None:
        """What llhttp holds back or skips must not grow without end."""
        if not self._in_body:
            self._pieces_bytes += size
            if self._pieces_bytes > self._limits.header_bytes:
                self.fail(self._rejected("sent " + self._head_too_large))
        elif self._chunked:
            self._framing += size
            if self._framing > self._limits.header_bytes + 16 * self._body_bytes:
                self.fail(self._rejected("sent a chunked body with more framing than data"))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.failure = exc
        self._deadline.close()
        del self._parser  # it holds this object: break the cycle
        self._home.lost(self)
        call, self._call = self._call, None
        self._stop_upload()
        if call is None:
            return
        until_close = self._in_body and self._length is None and not self._chunked
        if until_close and exc is None:
            call.done()
        elif self._reused and not self._heard and call.safe and not call.retried:
            self._home.retry(call)
        else:
            call.failed(self._rejected(self._how_lost(exc)))

    @override
    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    @override
    def resume_writing(self) -> None:
        waiter, self._writable = self._writable, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # The parser's callbacks.

    def on_message_begin(self) -> None:
        if self._complete:
            raise _Invalid("more than one response")
        self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > self._limits.header_bytes:
            raise _Invalid(self._head_too_large)
        if self._in_body:
            return  # trailers count, and are dropped
        value = value.rstrip()
        self._headers.append((name, value))
        if name in _NOTED:
            self._note(name, value)

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            if status == 101:
                raise _Invalid("status 101, to a request that asked for no other protocol")
            return
        self._in_body = True
        self._persistent = self._parser.should_keep_alive()
        call = self._call
        if call is None:
            return
        if call.bodiless:
            self._complete = True
        call.answered(status, self._headers)

    def on_body(self, data: bytes) -> None:
        if self._complete:
            raise _Invalid("a body in response to HEAD")
        self._body_bytes += len(data)
        self._framing -= len(data)
        if self._call is not None:
            self._call.received(data)

    def on_message_complete(self) -> None:
        if self._in_body:
            self._complete = True  # else an interim response

    def _note(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            self._length = int(value) if len(value) < 19 else None
        elif name == b"transfer-encoding":
            self._chunked = True
        else:
            seconds = keep_alive.offered(value)
            if seconds is not None:
                self._idle_seconds = seconds

    # Ends.

    def _finish(self, call: Call) -> None:
        """The response is complete: make the connection free before the receiver hears of it."""
        self._call = None
        if self._persistent and self._upload is None:
            if call.bodiless:
                self._parser = httptools.HttpResponseParser(self)  # the old one awaits a body
            self.rest()
        else:
            self._stop_upload()
            self.close()
        call.done()

    def rest(self) -> None:
        """Nothing runs: be free for the next call."""
        self._reused = True
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        self._idle_until = self._loop.time() + self._idle_seconds
        self._deadline.expire_at(self._idle_until)
        self._home.release(self)

    def _drop(self) -> Call | None:
        call, self._call = self._call, None
        self._stop_upload()
        self.closed = True
        self._transport.abort()
        return call

    def _unparsable(self, error: Exception) -> None:
        if self._complete and self._call is not None:
            self._persistent = False  # the response was whole; what follows it is not wanted
            return
        cause = error.__context__
        if isinstance(cause, _Invalid):
            self.fail(self._rejected(f"sent {cause}"))
        elif isinstance(error, httptools.HttpParserCallbackError):
            logger.error("a receiver failed", exc_info=cause)
            self.fail(Bug(NOT_TAKEN))
        else:
            self.fail(self._rejected(f"sent what is not valid HTTP/1.1: {error}"))

    def _how_lost(self, exc: Exception | None) -> str:
        if isinstance(exc, ssl.SSLError):
            return tls.broken_off(exc)
        if not self._heard:
            return "closed the connection without answering"
        if not self._in_body:
            return "closed the connection within the response head"
        if self._length is None:
            return f"closed the connection within the body, after {self._body_bytes} bytes"
        return f"closed the connection after {self._body_bytes} of {self._length} body bytes"

    def _rejected(self, what: str) -> UpstreamRejected:
        return UpstreamRejected(f"{self._home.label} {what}", outcome_unknown=True)

    # Time.

    def _expect(self, seconds: float) -> None:
        """The next sign of the peer must come within so many seconds."""
        call = self._call
        total_at = inf if call is None else call.total_at
        at = self._loop.time() + seconds
        self._deadline.expire_at(at if at < total_at else total_at)

    def _expired(self) -> None:
        call = self._call
        if call is None:
            self.close()
            return
        timeouts = call.timeouts
        if self._loop.time() >= call.total_at:
            what = f"did not finish its answer within {timeouts.total:g} s"
        elif self._upload is not None:
            what = f"did not take the request body for {timeouts.idle:g} s"
        elif not self._heard:
            what = f"did not answer within {timeouts.first_byte:g} s"
        else:
            what = f"was silent for {timeouts.idle:g} s within its answer"
        self.fail(UpstreamTimeout(f"{self._home.label} {what}"))

    # A body that comes piece by piece.

    async def _send(self, call: Call, source: AsyncIterator[bytes]) -> None:
        async for piece in source:
            if piece:
                self._transport.write(wire.chunk(piece))
            if self._writable is not None:
                self._expect(call.timeouts.idle)
                await self._writable
                self._expect(inf)  # what is missing now is the source's to send
        self._transport.write(wire.LAST_CHUNK)

    def _uploaded(self, task: "asyncio.Task[None]") -> None:
        if task is not self._upload or task.cancelled():
            return
        self._upload = None
        error = task.exception()
        if error is None:
            if self._call is not None and not self._heard:
                self._expect(self._call.timeouts.first_byte)
        elif isinstance(error, GatewayError):
            self.fail(error)
        else:
            what = f"the request body ended early: {error}"
            self.fail(UpstreamRejected(what, outcome_unknown=True))

    def _stop_upload(self) -> None:
        upload, self._upload = self._upload, None
        if upload is not None:
            upload.cancel()


_UNCONNECTED = asyncio.Transport()
