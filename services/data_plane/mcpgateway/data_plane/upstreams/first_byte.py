"""Bounds the time to the head of a response in which an upstream may wait for something itself."""

import asyncio
from collections.abc import Callable

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.client import Receiver
from mcpgateway.common.runtime.http.deadline import Deadline


class FirstByte:
    """A Receiver in front of another one. `late` is called when nothing came for `seconds`; while
    held, the time does not run."""

    __slots__ = ("_deadline", "_over", "_receiver", "_seconds")

    def __init__(self, receiver: Receiver, seconds: float, late: Callable[[], None]) -> None:
        self._receiver = receiver
        self._seconds = seconds
        self._over = False
        self._deadline = Deadline(asyncio.get_running_loop(), late)
        self._deadline.expire_in(seconds)

    def hold(self, held: bool) -> None:
        if held:
            self._deadline.never()
        elif not self._over:
            self._deadline.expire_in(self._seconds)

    def close(self) -> None:
        self._over = True
        self._deadline.close()

    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.close()
        self._receiver.head(status, headers)

    def chunk(self, data: bytes) -> None:
        self._receiver.chunk(data)

    def done(self) -> None:
        self._receiver.done()

    def failed(self, error: GatewayError) -> None:
        self.close()
        self._receiver.failed(error)
