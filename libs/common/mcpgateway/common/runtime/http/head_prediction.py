"""Recognises a message head that repeats the one before it on the same connection.

Peers send the same head again and again, but for the number in Content-Length. Such a head means
what it meant before, byte for byte, so it is compared instead of parsed; everything else goes to
the parser. Pure.
"""

import re
from typing import NamedTuple

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
_END = b"\r\n\r\n"
_MAX_DIGITS = 18
_MISSES = 8  # in a row, after which a connection's heads are taken to differ always,
_PATIENCE = 64  # and only one of so many is learnt


class HeadPattern(NamedTuple):
    """A head with one Content-Length: the bytes before its number, and after it to the end."""

    before: bytes
    after: bytes

    def body_start(self, data: bytes) -> int:
        """Where the body begins when `data` is exactly one message with this head; else 0."""
        before, after = self
        if not data.startswith(before):
            return 0
        first = len(before)
        last = data.find(after, first, first + _MAX_DIGITS + len(after))
        start = last + len(after)
        return start if last > 0 and data[first:last] == b"%d" % (len(data) - start) else 0


def pattern_of(data: bytes, body_size: int) -> HeadPattern | None:
    """Of a message that the parser took whole from `data` and whose body, not chunked, has
    `body_size` bytes. None when its head has no Content-Length to vary."""
    head = data[: data.find(_END) + len(_END)]
    if len(head) + body_size != len(data):
        return None  # the parser passed over line ends around the message
    found = list(_LENGTH.finditer(head))
    if len(found) != 1 or int(found[0][1]) != body_size:
        return None
    return HeadPattern(head[: found[0].start(1)], head[found[0].end(1) :])


class HeadPredictor:
    """One per connection. Learning is not free, so it is tried rarely where it never helps."""

    __slots__ = ("_headers", "_misses", "_pattern", "_size")

    def __init__(self) -> None:
        self._pattern: HeadPattern | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._size = 0
        self._misses = 0

    def body_start(self, data: bytes) -> int:
        """As the pattern says; 0 makes it forgotten, since the parser takes over."""
        pattern = self._pattern
        if pattern is None:
            return 0
        start = pattern.body_start(data)
        if start:
            self._misses = 0
        else:
            self._pattern = None
        return start

    def headers(self, size: int) -> list[tuple[bytes, bytes]]:
        """Of a recognised message whose body has `size` bytes. Not to be changed: shared."""
        if size != self._size:
            self._size = size
            self._headers = [
                (name, b"%d" % size if name == b"content-length" else value)
                for name, value in self._headers
            ]
        return self._headers

    def learn(self, data: bytes, body_size: int, headers: list[tuple[bytes, bytes]]) -> None:
        """From a message that the parser took whole from `data` (see `pattern_of`); `headers` is
        what it found, names in lower case."""
        self._misses += 1
        if self._misses <= _MISSES or self._misses % _PATIENCE == 0:
            self._pattern = pattern_of(data, body_size)
            self._headers, self._size = headers, body_size
