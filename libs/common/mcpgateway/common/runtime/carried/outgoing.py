"""Bytes on their way to another process: cut into frames, no faster than it takes them."""

from collections import deque
from collections.abc import Callable

from mcpgateway.common.runtime.carried.frames import CREDIT, FRAME

Emit = Callable[[bytes, bool], None]  # a piece of at most FRAME bytes, and whether it is the last


class Outgoing:
    """At most CREDIT frames are under way until the other side grants more; what waits for that is
    kept and counted in `waiting`, without a bound: who writes looks at it."""

    def __init__(self, emit: Emit) -> None:
        self.waiting = 0  # bytes
        self._emit = emit
        self._pieces: deque[memoryview] = deque()
        self._credit = CREDIT
        self._ended = False

    def write(self, data: bytes) -> None:
        self._pieces.append(memoryview(data))
        self.waiting += len(data)
        self._pump()

    def end(self, data: bytes = b"") -> None:
        """Nothing is written after this."""
        self._pieces.append(memoryview(data))
        self.waiting += len(data)
        self._ended = True
        self._pump()

    def grant(self, frames: int) -> None:
        self._credit += frames
        self._pump()

    def _pump(self) -> None:
        while self._credit and (self.waiting or self._ended):
            piece = self._take()
            last = self._ended and not self.waiting
            self._ended = self._ended and not last
            self._credit -= 1
            self._emit(piece, last)

    def _take(self) -> bytes:
        """What waits, up to FRAME bytes."""
        taken: list[memoryview] = []
        room = FRAME
        while room and self._pieces:
            piece = self._pieces.popleft()
            if len(piece) > room:
                self._pieces.appendleft(piece[room:])
                piece = piece[:room]
            taken.append(piece)
            room -= len(piece)
        self.waiting -= FRAME - room
        return b"".join(taken)
