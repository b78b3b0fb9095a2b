"""Passes a response of the client's own era on as it is; what can not be is read instead."""

from collections.abc import Callable

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.client import Ticket
from mcpgateway.common.runtime.http.wire import EVENT_STREAM, JSON, media_type
from mcpgateway.data_plane.upstreams.faults import named, unusable
from mcpgateway.data_plane.upstreams.message_reader import MessageReader, encoded
from mcpgateway.data_plane.upstreams.request import Sink

# A JSON body up to this is handed over whole: one write, and a response that breaks off fails
# cleanly. Anything larger is passed on as it comes, of any size, unbuffered.
WHOLE = 64 * 1024

_KEPT = frozenset({b"content-type", b"content-length", b"cache-control", b"x-accel-buffering"})


_DATA = b"data:"
_TYPED = b"resultType"


def _none(_message: bytes) -> str | None:
    """Nothing is wrong."""


class Relay:
    """A Receiver: 200 with JSON (and with `streams`, an event stream) goes to the sink untouched;
    every other response goes to a reader that is made for it. The ticket of its request: set
    `ticket` once that is sent. `problem`: says what is wrong with a message of an answer, None for
    nothing; it is asked where a message came in one piece."""

    __slots__ = (
        "_events",
        "_make_reader",
        "_name",
        "_over",
        "_parts",
        "_problem",
        "_reader",
        "_sink",
        "_streams",
        "_unsized",
        "ticket",
    )

    def __init__(
        self,
        upstream: str,
        sink: Sink,
        make_reader: Callable[[], MessageReader],
        *,
        streams: bool,
        problem: Callable[[bytes], str | None] = _none,
    ) -> None:
        self.ticket: Ticket | None = None
        self._name = upstream
        self._sink = sink
        self._make_reader = make_reader
        self._streams = streams
        self._reader: MessageReader | None = None
        self._parts: list[bytes] | None = None
        self._unsized: _Unsized | None = None
        self._problem = problem
        self._events = False
        self._over = False

    def cancel(self) -> None:
        self._ticket_in_use().cancel()

    def pause(self) -> None:
        self._ticket_in_use().pause()

    def resume(self) -> None:
        self._ticket_in_use().resume()

    def _ticket_in_use(self) -> Ticket:
        ticket = self._reader or self.ticket
        assert ticket is not None
        return ticket

    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        kind, length, plain = _looked_at(headers)
        as_it_is = kind == JSON or (self._streams and kind == EVENT_STREAM)
        if status != 200 or not as_it_is or not plain:
            self._reader = self._make_reader()
            self._reader.ticket = self.ticket
            self._reader.head(status, headers)
        elif kind == JSON and length <= WHOLE:
            self._parts = []
            if length < 0:
                self._unsized = _Unsized(headers)
        else:
            self._events = kind == EVENT_STREAM
            self._pass_on(headers)

    def chunk(self, data: bytes) -> None:
        if self._reader is not None:
            self._reader.chunk(data)
        elif self._parts is not None:
            self._parts.append(data)
            if self._unsized is not None and self._unsized.too_large(len(data)):
                parts, self._parts = self._parts, None
                self._pass_on(self._unsized.headers)
                self._sink.relay_chunk(b"".join(parts))
        elif not self._over and not (self._events and self._refused(data)):
            self._sink.relay_chunk(data)

    def _refused(self, data: bytes) -> bool:
        """Whether an event of these is wrong; then it makes an end of the call."""
        if _TYPED not in data:
            return False
        for line in data.splitlines():
            problem = self._problem(line[len(_DATA) :]) if line.startswith(_DATA) else None
            if problem is not None:
                self._over = True
                self._sink.failed(unusable(self._name, problem, outcome_unknown=False))
                self.cancel()
                return True
        return False

    def _pass_on(self, headers: list[tuple[bytes, bytes]]) -> None:
        self._sink.relay_head(200, [header for header in headers if header[0] in _KEPT])

    def done(self) -> None:
        if self._reader is not None:
            self._reader.done()
        elif self._parts is not None:
            self._whole(b"".join(self._parts))
        elif not self._over:
            self._sink.relay_end()

    def _whole(self, body: bytes) -> None:
        if not body.rstrip().endswith(b"}"):
            seen = "cut off JSON" if body else "an empty body"
            self._sink.failed(unusable(self._name, f"answered with {seen}"))
            return
        problem = self._problem(body)
        if problem is None:
            self._sink.answer(body)
        else:
            self._sink.failed(unusable(self._name, problem, outcome_unknown=False))

    def failed(self, error: GatewayError) -> None:
        if self._reader is not None:
            self._reader.failed(error)
        elif not self._over:
            self._sink.failed(named(self._name, error))


class _Unsized:
    """A body that may yet turn out to be too large to be handed over whole, and its head."""

    __slots__ = ("_size", "headers")

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self.headers = headers
        self._size = 0

    def too_large(self, more: int) -> bool:
        self._size += more
        return self._size > WHOLE


def _looked_at(headers: list[tuple[bytes, bytes]]) -> tuple[bytes, int, bool]:
    """The media type, the announced size of the body (-1 when there is none), and whether the body
    is in no content encoding; in one walk, since each answer is looked at."""
    kind, length, plain = b"", -1, True
    for name, value in headers:
        if name == b"content-type":
            kind = kind or media_type(value)
        elif name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"content-encoding":
            plain = not encoded(headers)
    return kind, length, plain
