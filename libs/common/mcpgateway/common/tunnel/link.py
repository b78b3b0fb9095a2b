"""One end of a link: what is sent over it arrives once and in order, whatever connections break in
between. Pure: bytes in, bytes out.

Rules.
1. A frame has its number for ever. One that came already is dropped; one that leaves a gap, or is
   no frame, ends the connection, after which the link goes on (`LinkError`).
2. A frame is kept until the other end has said that it has it. Each frame says so of those of the
   other direction; where there is none to send, an acknowledgement does.
3. A connection begins with what each end has of the other (`resume`). What it has not is sent
   again, before anything new.
4. An end that claims what was never sent, or that lacks what it had, is not the other end of this
   link. Nothing can be saved then (`Estranged`).

A link bounds nothing: what may wait is bounded by who sends (`waiting`).
"""

import struct
from collections import deque

_FRAME = struct.Struct("!cQQ")  # kind, its number, the newest that we have of the other end
_ACK = struct.Struct("!cQ")
_DATA, _HAVE = b"D", b"A"
OVERHEAD = _FRAME.size


class LinkError(Exception):
    """The connection is of no use any more; another one is."""


class Estranged(Exception):
    """The other end is not the one that we knew."""


class Link:
    """`sent` and `received` count frames, from 1. `waiting` is what is kept, in bytes."""

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0
        self.waiting = 0
        self._kept: deque[bytes] = deque()  # the last is number `sent`
        self._up = False
        self._written = 0  # the newest that went out on this connection
        self._highest = 0  # on any
        self._told = 0  # the newest that the other end was told that we have

    @property
    def up(self) -> bool:
        """Whether there is a connection."""
        return self._up

    def send(self, payload: bytes) -> None:
        """Gives it a number; it goes out when `next_out` is asked."""
        self.sent += 1
        self.waiting += len(payload)
        self._kept.append(payload)

    def resume(self, has: int) -> None:
        """A new connection, over which the other end said what it has of ours. Raises Estranged."""
        if not self._settled <= has <= self._highest:
            known = f"{self._settled} to {self._highest}"
            raise Estranged(f"the other end has {has} frames; it can have {known}")
        self._forget(has)
        self._up = True
        self._written = has
        self._told = self.received  # it was told so to resume

    def lost(self) -> None:
        """The connection is gone. What was under way on it may be, too."""
        self._up = False

    def next_out(self) -> bytes | None:
        """What is to be written now; None: nothing. Each is one message of the connection."""
        if not self._up:
            return None
        if self._written < self.sent:
            payload = self._kept[self._written - self._settled]
            self._written += 1
            self._highest = max(self._highest, self._written)
            self._told = self.received
            return _FRAME.pack(_DATA, self._written, self.received) + payload
        if self._told < self.received:
            self._told = self.received
            return _ACK.pack(_HAVE, self.received)
        return None

    def take(self, message: bytes) -> bytes | None:
        """What a message of the connection brings: a payload that is new, or None. Raises
        LinkError, and Estranged."""
        kind = message[:1]
        if kind == _DATA and len(message) >= _FRAME.size:
            _, number, has = _FRAME.unpack_from(message)
            self._acknowledged(has)
            return self._payload(number, message)
        if kind == _HAVE and len(message) == _ACK.size:
            self._acknowledged(_ACK.unpack(message)[1])
            return None
        raise LinkError(f"a message of {len(message)} bytes is no frame")

    def _payload(self, number: int, message: bytes) -> bytes | None:
        if number > self.received + 1:
            raise LinkError(f"frame {number} came after frame {self.received}")
        if number <= self.received:
            return None
        self.received = number
        return message[_FRAME.size :]

    @property
    def _settled(self) -> int:
        """The newest of ours that the other end said it has."""
        return self.sent - len(self._kept)

    def _acknowledged(self, has: int) -> None:
        if has > self._written:
            raise Estranged(f"the other end has {has} frames; {self._written} were sent")
        self._forget(has)

    def _forget(self, has: int) -> None:
        for _ in range(has - self._settled):
            self.waiting -= len(self._kept.popleft())
