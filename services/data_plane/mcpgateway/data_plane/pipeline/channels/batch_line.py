"""The answer to a JSON-RPC batch (2025-03-26): one array, or a stream once more is to be told."""

from collections.abc import Callable

from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.answer import JSON
from mcpgateway.data_plane.pipeline.streams.client_stream import ClientStream

OpenStream = Callable[[Exchange], ClientStream]


class BatchLine:
    """A Line for `count` requests. `open_stream` None: notifications are dropped, and the answer
    is one array in any case."""

    def __init__(self, exchange: Exchange, count: int, open_stream: OpenStream | None) -> None:
        self._exchange = exchange
        self._missing = count
        self._open_stream = open_stream
        self._stream: ClientStream | None = None
        self._responses: list[bytes] = []

    def tell(self, message: bytes) -> None:
        if self._open_stream is None:
            return
        if self._stream is None:
            self._stream = self._open_stream(self._exchange)
            for response in self._responses:
                self._stream.send(response)
        self._stream.send(message)

    def answer(self, response: bytes) -> None:
        self._missing -= 1
        if self._stream is None:
            self._responses.append(response)
            if not self._missing:
                self._exchange.respond(200, (JSON,), b"[%b]" % b",".join(self._responses))
            return
        self._stream.send(response)
        if not self._missing:
            self._stream.end()

    @property
    def writable(self) -> bool:
        return self._exchange.writable

    def on_writable(self, callback: Callable[[bool], None]) -> Callable[[], None]:
        """What a batch may hold is bounded by its size: nobody is slowed down."""
        return _nothing


def _nothing() -> None:
    """Nothing was begun."""
