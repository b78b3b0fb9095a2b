"""Recognises a message head that repeats the one before it on the same connection.

Peers send the same head again and again, but for the number in Content-Length and the values of
headers that say nothing about the message (`VARYING`). Such a head means what it meant before, so
it is compared instead of parsed; everything else goes to the parser. Pure.
"""

import re

Headers = list[tuple[bytes, bytes]]

# Lower-case names of headers whose value changes from message to message. Nothing that is worked
# out from a head, neither here nor by who is told of repeated heads, may depend on them.
VARYING = frozenset(
    (
        b"baggage",
        b"traceparent",
        b"tracestate",
        b"x-correlation-id",
        b"x-request-id",
    )
)
_LENGTH = b"content-length"
_LINE = re.compile(rb"\r\n([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n]*)(?=\r\n)")
_NO_TEXT = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")  # what llhttp takes in no value
_END = b"\r\n\r\n"
_MAX_DIGITS = 18
_MAX_VALUE = 1024  # bytes of a value that varies; a head with a longer one is parsed
_MAX_HOLES = 8
_MISSES = 8  # in a row, after which a connection's heads are taken to differ always,
_PATIENCE = 64  # and only one of so many is learnt


class HeadPattern:
    """A head with holes for what varies, each of which ends where its line does."""

    __slots__ = (
        "_after",
        "_before",
        "_digits",
        "_headers",
        "_holes",
        "_length",
        "_longest",
        "_size",
        "recognised",
    )

    def __init__(self, fixed: list[bytes], length: int, longest: int, headers: Headers) -> None:
        """`fixed` is what stands before, between and behind the holes; hole number `length` is
        that of Content-Length. With other holes, heads of over `longest` bytes do not match.
        `headers` are those of a message with this head, names in lower case."""
        self._before = fixed[0]
        self._after = tuple(fixed[1:])
        self._holes = len(fixed) - 1
        self._length = length
        self._longest = longest
        self._headers = headers
        self._digits = 1  # of the last Content-Length: most have as many as the one before
        self._size = -1  # of which `_headers` tell
        self.recognised = False  # at least once

    def body_start(self, data: bytes) -> int:
        """Where the body begins when `data` is exactly one message with this head; else 0. Then
        the pattern must be forgotten: the parser takes over, and the message may go on in later
        reads."""
        if not data.startswith(self._before):
            return 0
        if self._holes > 1:
            return self._behind_holes(data)
        first, rest = len(self._before), self._after[0]
        last = first + self._digits
        start = last + len(rest)
        if data[last:start] != rest:
            last = data.find(b"\r", first, first + _MAX_DIGITS + 1)
            start = last + len(rest)
            if last < 0 or data[last:start] != rest:
                return 0
            self._digits = last - first
        if data[first:last] != b"%d" % (len(data) - start):
            return 0
        self.recognised = True
        return start

    def _behind_holes(self, data: bytes) -> int:
        at, size = len(self._before), b""
        for hole, rest in enumerate(self._after):
            end = data.find(b"\r", at, at + _MAX_VALUE)
            if end < 0 or not data.startswith(rest, end):
                return 0
            value = data[at:end]
            if hole == self._length:
                size = value
            elif _NO_TEXT.search(value) is not None:
                return 0
            at = end + len(rest)
        if at > self._longest or size != b"%d" % (len(data) - at):
            return 0
        self.recognised = True
        return at

    def headers(self, data: bytes, size: int) -> Headers:
        """Of `data`, which has this head and a body of `size` bytes. Not to be changed: shared
        with other messages."""
        if self._holes > 1:
            values = iter(self._values(data))
            return [(name, next(values) if varies(name) else text) for name, text in self._headers]
        if size != self._size:
            self._size = size
            length = b"%d" % size
            self._headers = [
                (name, length if varies(name) else text) for name, text in self._headers
            ]
        return self._headers

    def _values(self, data: bytes) -> list[bytes]:
        at, found = len(self._before), []
        for rest in self._after:
            end = data.find(b"\r", at)
            found.append(data[at:end].strip(b" \t"))
            at = end + len(rest)
        return found


def pattern_of(data: bytes, body_size: int, headers: Headers, longest: int) -> HeadPattern | None:
    """Of a message that the parser took whole from `data`, in which it found `headers`, and whose
    body, not chunked, has `body_size` bytes. None when its head has no Content-Length to vary."""
    head = data[: data.find(_END) + len(_END)]
    if len(head) + body_size != len(data):
        return None  # the parser passed over line ends around the message
    holes = [line for line in _LINE.finditer(head) if varies(line[1].lower())]
    lengths = [number for number, line in enumerate(holes) if line[1].lower() == _LENGTH]
    if len(lengths) != 1 or holes[lengths[0]][2] != b"%d" % body_size or len(holes) > _MAX_HOLES:
        return None
    starts = [line.start(2) for line in holes]
    ends = [line.end(2) for line in holes]
    fixed = [head[end:start] for end, start in zip([0, *ends], [*starts, len(head)], strict=True)]
    return HeadPattern(fixed, lengths[0], longest, headers)


def varies(name: bytes) -> bool:
    """Whether the value of a header (lower case) may differ in a repeated head."""
    return name == _LENGTH or name in VARYING


class HeadPredictor:
    """One per connection. Learning is not free, so it is tried rarely where it never helps. Heads
    of over `longest` bytes are parsed where their size may vary."""

    __slots__ = ("_longest", "_misses", "pattern")

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._misses = 0
        self.pattern: HeadPattern | None = None

    def body_start(self, data: bytes) -> int:
        """As the pattern says; 0 makes it forgotten, since the parser takes over."""
        pattern = self.pattern
        if pattern is None:
            return 0
        start = pattern.body_start(data)
        if not start:
            self.forget()
        return start

    def forget(self) -> None:
        if self.pattern is not None and self.pattern.recognised:
            self._misses = 0
        self.pattern = None

    def learn(self, data: bytes, body_size: int, headers: Headers) -> HeadPattern | None:
        """From a message that the parser took whole from `data` (see `pattern_of`)."""
        self.forget()
        self._misses += 1
        if self._misses <= _MISSES or self._misses % _PATIENCE == 0:
            self.pattern = pattern_of(data, body_size, headers, self._longest)
        return self.pattern
