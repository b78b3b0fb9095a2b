"""One exchange between two processes, as either of them sees it: numbered frames both ways."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from mcpgateway.common.runtime.carried.frames import Frame, Purpose

Send = Callable[[Frame], None]


class Line(ABC):
    """`sent` and `received` count frames. `over`: nothing more is sent or expected; `on_over` is
    called once, when it becomes so."""

    def __init__(self, send: Send) -> None:
        self.sent = 0
        self.received = 0
        self.over = False
        self.on_over: Callable[[], None] = _nothing
        self._send = send

    def take(self, frame: Frame) -> None:
        """A frame from the other side."""
        if self.over:
            return
        if frame.seq != self.received:
            self.broken()
            return
        self.received += 1
        self.heard(frame)

    def emit(self, purpose: Purpose, body: bytes = b"", *, last: bool = False) -> None:
        if self.over:
            return
        frame = Frame(purpose, self.sent, last, body)
        self.sent += 1
        self._send(frame)

    def finish(self) -> None:
        if not self.over:
            self.over = True
            self.on_over()

    @abstractmethod
    def heard(self, frame: Frame) -> None:
        """The next frame, none missing before it."""

    @abstractmethod
    def broken(self) -> None:
        """Frames are lost, or the other side is gone. Tells it, in case it is not."""


def _nothing() -> None:
    """Nobody keeps the line yet."""
