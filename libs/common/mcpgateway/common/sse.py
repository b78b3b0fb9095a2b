"""Server-sent events (WHATWG HTML 9.2): a parser for any chunking, and an encoder. No I/O."""

from typing import NamedTuple

DEFAULT_LIMIT = 16 * 1024 * 1024


class Event(NamedTuple):
    """One event. `data` is the joined data lines; `id` and `retry` (ms) are None when not sent."""

    data: bytes
    event: str = "message"
    id: str | None = None
    retry: int | None = None


class EventTooLarge(ValueError):
    """One event grew over the limit."""


class Parser:
    """Feed bytes, get events. One parser per stream; state is the unfinished line and event."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._unfinished: list[bytes] = []  # pieces of the last line
        self._unfinished_size = 0
        self._skip_lf = False
        self._first = True
        self._reset()

    def _reset(self) -> None:
        self._data: list[bytes] = []
        self._size = 0
        self._event = "message"
        self._id: str | None = None
        self._retry: int | None = None
        self._seen = False

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes, in order. Raises EventTooLarge."""
        if self._skip_lf and chunk:
            self._skip_lf = False
            if chunk[:1] == b"\n":
                chunk = chunk[1:]
        if b"\n" not in chunk and b"\r" not in chunk:
            self._keep(chunk)
            return []
        self._unfinished.append(chunk)
        lines, rest, self._skip_lf = _split(b"".join(self._unfinished))
        self._unfinished = []
        self._unfinished_size = 0
        events = [event for line in lines if (event := self._line(line)) is not None]
        self._keep(rest)
        return events

    def _keep(self, piece: bytes) -> None:
        """Pieces are joined once, when the line ends: a long line costs in proportion."""
        self._unfinished.append(piece)
        self._unfinished_size += len(piece)
        if self._unfinished_size + self._size > self._limit:
            raise EventTooLarge(f"an SSE event is over {self._limit} bytes")

    def _line(self, line: bytes) -> Event | None:
        if self._first:
            self._first = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        self._field(name, value.removeprefix(b" "))
        return None

    def _field(self, name: bytes, value: bytes) -> None:
        if name == b"data":
            self._size += len(value) + 1
            if self._size > self._limit:
                raise EventTooLarge(f"an SSE event is over {self._limit} bytes")
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode(errors="replace") or "message"
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")
        elif name == b"retry" and value.isdigit() and len(value) < 10:
            self._retry = int(value)
        else:
            return
        self._seen = True

    def _dispatch(self) -> Event | None:
        if not self._seen:
            return None
        event = Event(b"\n".join(self._data), self._event, self._id, self._retry)
        self._reset()
        return event


def _split(data: bytes) -> tuple[list[bytes], bytes, bool]:
    """Complete lines (LF, CR or CRLF), the rest, and whether a LF right after belongs to a CR."""
    if b"\r" not in data:
        *lines, rest = data.split(b"\n")
        return lines, rest, False
    pending_lf = data.endswith(b"\r")
    *lines, rest = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return lines, rest, pending_lf


def encode(data: bytes, event: str | None = None, id: str | None = None) -> bytes:
    """One event on the wire. Line breaks in `data` arrive as LF, whichever they were; `event` and
    `id` must not hold any."""
    parts: list[bytes] = []
    if event is not None:
        parts.append(b"event: %b\n" % event.encode())
    if id is not None:
        parts.append(b"id: %b\n" % id.encode())
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    parts.extend(b"data: %b\n" % line for line in data.split(b"\n"))
    return b"".join(parts) + b"\n"


def comment(text: str = "") -> bytes:
    """A comment line: keeps a connection alive, is no event."""
    return b": %b\n\n" % text.encode()
