"""What a line to a client is: a WebSocket, the stream of an SSE pair, or the answer to a batch."""

from collections.abc import Callable
from typing import Protocol


class Line(Protocol):
    """Carries whole JSON-RPC messages. Nothing has an effect once it is closed."""

    def tell(self, message: bytes) -> None:
        """A notification or a request."""

    def answer(self, response: bytes) -> None:
        """The response to a request of the client."""

    @property
    def writable(self) -> bool:
        """False while the client reads too slowly."""

    def on_writable(self, callback: Callable[[bool], None]) -> Callable[[], None]:
        """Be told when that changes; what is returned ends it."""
