"""One event stream to a legacy client that may break off and be resumed (Last-Event-ID).

The client's going away is no end: events are kept, and the upstream's call goes on.
"""

from collections import deque
from collections.abc import Callable

from mcpgateway.common import sse
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.wire import EVENT_STREAM
from mcpgateway.data_plane.pipeline.streams.kept import Kept

KEPT_EVENTS = 256
UNSENT = 16 * 1024 * 1024  # bytes that are written for a client that does not read
SSE_HEADERS = (
    (b"content-type", EVENT_STREAM),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
)

Steer = Callable[[bool], None]
"""Told False when the reader is slow, True when it reads again or is gone."""


class ClientStream:
    """`key` names it on this replica; `name` is the handle that event ids begin with, "" for a
    stream that can not be resumed. `primed`: it begins with an event without data, so that the
    client has an id to come back with.

    A client that reads too slowly is cut off when UNSENT more was written for it; it may come back.
    The last KEPT_EVENTS are kept, unless they are too large (`kept`); older ones are lost to a
    client that comes back.
    """

    __slots__ = (
        "_events",
        "_exchange",
        "_first",
        "_kept",
        "_on_end",
        "_primed",
        "_size",
        "_steer",
        "_unsent",
        "ended",
        "key",
        "name",
        "on_close",
    )

    def __init__(
        self,
        key: str,
        name: str,
        kept: Kept,
        on_end: Callable[["ClientStream"], None],
        *,
        primed: bool = False,
    ) -> None:
        self.key = key
        self.name = name
        self.ended = False
        self.on_close: Callable[[], None] | None = None  # told once, however it ends
        self._kept = kept
        self._on_end = on_end
        self._primed = primed
        self._exchange: Exchange | None = None
        self._steer: Steer | None = None
        self._events: deque[bytes] = deque()
        self._size = 0
        self._first = 1  # number of the oldest kept event
        self._unsent = 0

    @property
    def attached(self) -> bool:
        return self._exchange is not None

    @property
    def size(self) -> int:
        """Bytes of the kept events."""
        return self._size

    @property
    def last(self) -> int:
        """The number of the newest event; 0 before the first."""
        return self._first + len(self._events) - 1

    def open(self, exchange: Exchange) -> None:
        """Begin to answer an exchange."""
        self._attach(exchange)
        if self._primed:
            exchange.write(b"id: %b\ndata: \n\n" % self._id(0))

    def resume(self, exchange: Exchange, after: int) -> None:
        """Answer another exchange with what comes after an event; what was lost is left out."""
        if self._exchange is not None:
            self._exchange.on_gone(None)
            self._let_go().end()
        self._attach(exchange)
        for number in range(max(after + 1, self._first), self.last + 1):
            exchange.write(self._wire(number, self._events[number - self._first]))
        if self.ended:
            self._let_go().end()

    def send(self, message: bytes) -> None:
        """One JSON-RPC message."""
        self._keep(message)
        exchange = self._exchange
        if exchange is None:
            return
        data = self._wire(self.last, message)
        self._unsent = 0 if exchange.writable else self._unsent + len(data)
        if self._unsent > UNSENT:  # not all who write can be steered
            exchange.abort()
            self._gone()
        else:
            exchange.write(data)

    def beat(self) -> None:
        """Says that the stream is alive, to whoever closes silent connections."""
        if self._exchange is not None and self._exchange.writable:
            self._exchange.write(sse.comment("keep-alive"))

    def end(self) -> None:
        """Nothing more comes."""
        if self.ended:
            return
        self._on_end(self)
        self.abandon()

    def abandon(self) -> None:
        """The end of a stream that nobody will resume; the registry is not told."""
        self.ended = True
        if self._exchange is not None:
            self._let_go().end()
        closed, self.on_close = self.on_close, None
        if closed is not None:
            closed()

    close = end

    def steer(self, steer: Steer | None) -> None:
        """Who slows down for a slow reader."""
        self._steer = steer
        if steer is not None and self._exchange is not None and not self._exchange.writable:
            steer(False)

    def _attach(self, exchange: Exchange) -> None:
        self._exchange = exchange
        exchange.start(200, SSE_HEADERS)
        exchange.on_writable(self._writable)
        exchange.on_gone(self._gone)

    def _let_go(self) -> Exchange:
        exchange, self._exchange = self._exchange, None
        assert exchange is not None
        exchange.on_writable(None)
        return exchange

    def _writable(self, writable: bool) -> None:
        if self._steer is not None:
            self._steer(writable)

    def _gone(self) -> None:
        if self._exchange is not None:
            self._let_go()
            self._writable(True)  # nobody waits for a reader that is gone

    def forget(self) -> None:
        """What was kept is lost."""
        self._kept.size -= self._size
        self._first += len(self._events)
        self._events.clear()
        self._size = 0

    def _keep(self, message: bytes) -> None:
        self._events.append(message)
        self._size += len(message)
        self._kept.size += len(message)
        while len(self._events) > KEPT_EVENTS or self._kept.too_much(self._size, len(self._events)):
            if not self._events:
                return
            size = len(self._events.popleft())
            self._size -= size
            self._kept.size -= size
            self._first += 1

    def _wire(self, number: int, message: bytes) -> bytes:
        return sse.encode(message, "message", self._id(number).decode() if self.name else None)

    def _id(self, number: int) -> bytes:
        return b"%b.%d" % (self.name.encode(), number)
