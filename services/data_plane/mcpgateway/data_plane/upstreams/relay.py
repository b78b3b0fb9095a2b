"""Passes a response of the client's own era on as it is; what can not be is read instead."""

from collections.abc import Callable

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.client import Ticket
from mcpgateway.common.runtime.http.wire import EVENT_STREAM, JSON, media_type
from mcpgateway.data_plane.upstreams.faults import named, unusable
from mcpgateway.data_plane.upstreams.message_reader import MessageReader, encoded
from mcpgateway.data_plane.upstreams.request import Sink

# A JSON body of known size up to this is handed over whole: one write, and a response that
# breaks off fails cleanly. Anything larger is passed on as it comes, of any size, unbuffered.
WHOLE = 64 * 1024

_KEPT = frozenset({b"content-type", b"content-length", b"cache-control", b"x-accel-buffering"})


class Relay:
    """A Receiver: 200 with JSON (and with `streams`, an event stream) goes to the sink untouched;
    every other response goes to a reader that is made for it. The ticket of its request: set
    `ticket` once that is sent."""

    __slots__ = ("_make_reader", "_name", "_parts", "_reader", "_sink", "_streams", "ticket")

    def __init__(
        self, upstream: str, sink: Sink, make_reader: Callable[[], MessageReader], *, streams: bool
    ) -> None:
        self.ticket: Ticket | None = None
        self._name = upstream
        self._sink = sink
        self._make_reader = make_reader
        self._streams = streams
        self._reader: MessageReader | None = None
        self._parts: list[bytes] | None = None

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
        else:
            self._sink.relay_head(status, [header for header in headers if header[0] in _KEPT])

    def chunk(self, data: bytes) -> None:
        if self._reader is not None:
            self._reader.chunk(data)
        elif self._parts is not None:
            self._parts.append(data)
        else:
            self._sink.relay_chunk(data)

    def done(self) -> None:
        if self._reader is not None:
            self._reader.done()
        elif self._parts is not None:
            body = b"".join(self._parts)
            if body:
                self._sink.answer(body)
            else:
                self._sink.failed(unusable(self._name, "answered with an empty body"))
        else:
            self._sink.relay_end()

    def failed(self, error: GatewayError) -> None:
        if self._reader is not None:
            self._reader.failed(error)
        else:
            self._sink.failed(named(self._name, error))


def _looked_at(headers: list[tuple[bytes, bytes]]) -> tuple[bytes, int, bool]:
    """The media type, the announced size of the body (over `WHOLE` when there is none), and
    whether the body is in no content encoding; in one walk, since each answer is looked at."""
    kind, length, plain = b"", WHOLE + 1, True
    for name, value in headers:
        if name == b"content-type":
            kind = kind or media_type(value)
        elif name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"content-encoding":
            plain = not encoded(headers)
    return kind, length, plain
