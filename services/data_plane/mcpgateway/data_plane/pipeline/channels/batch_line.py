"""The answer to a JSON-RPC batch (2025-03-26): one array, or a stream once more is to be told."""

from collections.abc import Callable

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.answer import JSON, error_body
from mcpgateway.data_plane.pipeline.streams.client_stream import ClientStream

MOST = 32 * 1024 * 1024  # bytes of responses that wait for the others

OpenStream = Callable[[Exchange], ClientStream]

_TOO_MUCH = Problem(
    jsonrpc.INTERNAL_ERROR, f"the answers to one batch have over {MOST} bytes: ask for less at once"
)


class BatchLine:
    """A Line for `count` requests. `open_stream` None: notifications are dropped, and the answer
    is one array in any case. What would make that over MOST bytes is answered with an error."""

    def __init__(self, exchange: Exchange, count: int, open_stream: OpenStream | None) -> None:
        self._exchange = exchange
        self._missing = count
        self._open_stream = open_stream
        self._stream: ClientStream | None = None
        self._responses: list[bytes] = []
        self._size = 0

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
            self._collect(response)
            if not self._missing:
                self._exchange.respond(200, (JSON,), b"[%b]" % b",".join(self._responses))
            return
        self._stream.send(response)
        if not self._missing:
            self._stream.end()

    def _collect(self, response: bytes) -> None:
        if self._size + len(response) > MOST:
            response = error_body(_id_of(response), _TOO_MUCH)
        self._size += len(response)
        self._responses.append(response)

    @property
    def writable(self) -> bool:
        return self._exchange.writable

    def on_writable(self, callback: Callable[[bool], None]) -> Callable[[], None]:
        """What a batch may hold is bounded by its size: nobody is slowed down."""
        return _nothing


def _id_of(response: bytes) -> jsonrpc.Id | None:
    try:
        id = jsonrpc.decode_frame(response).id
    except jsonrpc.FrameError:
        return None
    return id if isinstance(id, int | str) else None


def _nothing() -> None:
    """Nothing was begun."""
