"""One request of the pool on its way: waiting, running, or over."""

import asyncio
import logging
from collections.abc import AsyncIterator
from math import inf
from typing import Protocol

from mcpgateway.common.errors import Bug, GatewayError
from mcpgateway.common.runtime.http import wire
from mcpgateway.common.runtime.http.client import Headers, Receiver, Timeouts
from mcpgateway.common.runtime.http.head_prediction import HeadPattern

logger = logging.getLogger(__name__)

NOT_TAKEN = "the response could not be taken"
_BODILESS = (b"GET ", b"HEAD ", b"DELETE ", b"OPTIONS ")


class Runner(Protocol):
    """Where a call is at: the queue of its origin, or a connection."""

    def abandon(self, call: "Call") -> None:
        """Nobody waits for this call any more."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class RepeatedHead:
    """The head of responses that come whole and repeat it, worked out once."""

    __slots__ = ("encoded", "kind", "pattern", "status")

    def __init__(self, status: int, headers: Headers, pattern: HeadPattern) -> None:
        self.status = status
        self.pattern = pattern
        self.kind = wire.content_type(headers)  # the media type, "" for none
        self.encoded = any(name == b"content-encoding" for name, _ in headers)


class Call:
    """The pool's Ticket. Its receiver hears nothing after `done`, `failed` or `cancel`."""

    __slots__ = (
        "_receiver",
        "bodiless",
        "body",
        "head",
        "retried",
        "runner",
        "safe",
        "source",
        "timeouts",
        "timer",
        "total_at",
    )

    def __init__(
        self, head: bytes, body: bytes, receiver: Receiver, safe: bool, timeouts: Timeouts
    ) -> None:
        self.head = head
        self.body = body
        self.source: AsyncIterator[bytes] | None = None  # instead of `body`, sent chunked
        self.safe = safe
        self.timeouts = timeouts
        self.total_at = inf  # in the loop's time
        self.runner: Runner | None = None
        self.timer: asyncio.TimerHandle | None = None  # of its wait for a connection
        self.retried = False
        self.bodiless = head.startswith(b"HEAD ")  # the response has no body, whatever it says
        # Let go of when the call is over: it knows its ticket, and a cycle would wait for the
        # garbage collector (measured: 20 objects a call, 7 % of all time).
        self._receiver: Receiver | None = receiver

    @property
    def over(self) -> bool:
        return self._receiver is None

    def rendered(self) -> bytes:
        """What is written at once: all, or the head when the body comes from `source`."""
        if self.source is not None:
            return self.head + b"transfer-encoding: chunked\r\n\r\n"
        if not self.body and self.head.startswith(_BODILESS):
            return self.head + b"\r\n"
        return b"%bcontent-length: %d\r\n\r\n%b" % (self.head, len(self.body), self.body)

    # To the receiver.

    def answered(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        if self._receiver is not None:
            self._receiver.head(status, headers)

    def whole(self, head: RepeatedHead, data: bytes, body: bytes) -> None:
        """The response at once: `data` is its head and `body`. No connection is at it any more."""
        try:
            self.answered(head.status, head.pattern.headers(data, len(body)))
            self.received(body)
        except Exception:
            logger.exception("a receiver failed")
            self.failed(Bug(NOT_TAKEN))
        else:
            self.done()

    def received(self, data: bytes) -> None:
        if self._receiver is not None:
            self._receiver.chunk(data)

    def done(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is None:
            return
        try:
            receiver.done()
        except Exception:
            logger.exception("a receiver failed in done()")

    def failed(self, error: GatewayError) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is None:
            return
        self.stop_timer()
        try:
            receiver.failed(error)
        except Exception:
            logger.exception("a receiver failed in failed()")

    # From the caller (`client.Ticket`).

    def cancel(self) -> None:
        if self._receiver is None:
            return
        self._receiver = None
        self.stop_timer()
        if self.runner is not None:
            self.runner.abandon(self)

    def pause(self) -> None:
        if self._receiver is not None and self.runner is not None:
            self.runner.pause()

    def resume(self) -> None:
        if self._receiver is not None and self.runner is not None:
            self.runner.resume()

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
