"""Lines of clients that stay connected: the stream of an SSE pair, and a WebSocket."""

from collections.abc import Callable

from mcpgateway.common import sse
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.websocket import WebSocket
from mcpgateway.data_plane.pipeline.streams.client_stream import SSE_HEADERS

Steer = Callable[[bool], None]
UNSENT = 16 * 1024 * 1024  # bytes


class _Steering:
    """Passes on to many what one is told."""

    def __init__(self) -> None:
        self._steers: dict[int, Steer] = {}
        self._next = 0

    def on_writable(self, callback: Steer) -> Callable[[], None]:
        key = self._next = self._next + 1
        self._steers[key] = callback

        def end() -> None:
            self._steers.pop(key, None)

        return end

    def steer(self, writable: bool) -> None:
        for steer in list(self._steers.values()):
            steer(writable)


class SseLine(_Steering):
    """The GET of HTTP+SSE (2024-11-05). `endpoint` is where the client is to POST. A client that
    reads too slowly is cut off when UNSENT more was written for it."""

    def __init__(self, exchange: Exchange, endpoint: str) -> None:
        super().__init__()
        self._exchange: Exchange | None = exchange
        exchange.start(200, SSE_HEADERS)
        exchange.write(sse.encode(endpoint.encode(), "endpoint"))
        exchange.on_writable(self._writable_changed)
        self._unsent = 0

    def tell(self, message: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        data = sse.encode(message, "message")
        if not exchange.writable:
            self._unsent += len(data)
        if self._unsent > UNSENT:  # it may POST what is answered with much, and read nothing
            exchange.abort()
        else:
            exchange.write(data)

    answer = tell

    @property
    def writable(self) -> bool:
        return self._exchange is not None and self._exchange.writable

    def beat(self) -> None:
        if self.writable and self._exchange is not None:
            self._exchange.write(sse.comment("keep-alive"))

    def close(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.on_writable(None)
            exchange.end()

    def lost(self) -> None:
        """The client is gone."""
        if self._exchange is not None:
            self._exchange.on_writable(None)
            self._exchange = None

    def _writable_changed(self, writable: bool) -> None:
        self._unsent = 0
        self.steer(writable)


class SocketLine(_Steering):
    """Give it the socket once there is one."""

    def __init__(self) -> None:
        super().__init__()
        self._socket: WebSocket | None = None

    def open(self, socket: WebSocket) -> None:
        self._socket = socket
        socket.on_writable(self.steer)

    def tell(self, message: bytes) -> None:
        if self._socket is not None:
            self._socket.send(message)

    answer = tell

    @property
    def writable(self) -> bool:
        return self._socket is not None and self._socket.writable

    def close(self, code: int, reason: str) -> None:
        if self._socket is not None:
            self._socket.close(code, reason)

    def lost(self) -> None:
        """The client is gone."""
        self._socket = None
