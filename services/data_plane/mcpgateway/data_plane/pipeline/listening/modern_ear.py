"""The stream of one `subscriptions/listen` (2026-07-28)."""

from collections.abc import Callable

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.mcp import listening
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.listening import Filter, List
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.answer import error_body
from mcpgateway.data_plane.pipeline.streams.client_stream import SSE_HEADERS

_OVER = Problem(jsonrpc.DENIED, "the caller may no longer listen here", 403)


class ModernEar:
    """Implements register.Ear. `closed` is called once, when the client is gone or the stream has
    ended. A slow reader is told each change once, when it reads again."""

    def __init__(self, exchange: Exchange, id: jsonrpc.Id) -> None:
        self.filter = Filter()
        self.closed: Callable[[], None] = _nothing
        self._exchange: Exchange | None = exchange
        self._begun = False
        self._id = id
        self._held: dict[bytes, None] = {}

    def await_beginning(self) -> None:
        """From now on it is noticed when the client goes away."""
        if self._exchange is not None:
            self._exchange.on_gone(self._gone)

    def begin(self, honoured: Filter) -> None:
        """Acknowledges what is honoured, if anybody is still there; changes are told from now
        on."""
        exchange = self._exchange
        if exchange is None:
            return
        self._begun = True
        self.filter = honoured
        exchange.start(200, SSE_HEADERS)
        exchange.write(sse.encode(listening.acknowledged(honoured, self._id), "message"))
        exchange.on_writable(self._writable)
        self._writable(exchange.writable)

    def changed(self, name: List) -> None:
        self._tell(listening.list_changed(name, self._id))

    def updated(self, uri: str) -> None:
        self._tell(listening.updated(uri, self._id))

    def beat(self) -> None:
        if self._begun and self._exchange is not None and self._exchange.writable:
            self._exchange.write(sse.comment("keep-alive"))

    def over(self) -> None:
        self._end(error_body(self._id, _OVER))

    def end(self) -> None:
        """This replica stops: the client listens elsewhere."""
        self._end(listening.ended(self._id))

    def _tell(self, message: bytes) -> None:
        if self._exchange is None:
            return
        if self._begun and self._exchange.writable:
            self._exchange.write(sse.encode(message, "message"))
        else:
            self._held[message] = None

    def _writable(self, writable: bool) -> None:
        if writable and self._exchange is not None:
            held, self._held = self._held, {}
            for message in held:
                self._tell(message)

    def _end(self, last: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        if not self._begun:
            exchange.start(200, SSE_HEADERS)
        self._gone()
        exchange.on_gone(None)
        exchange.write(sse.encode(last, "message"))
        exchange.end()

    def _gone(self) -> None:
        if self._exchange is None:
            return
        self._exchange.on_writable(None)
        self._exchange = None
        self._held.clear()
        self.closed()


def _nothing() -> None:
    """Nobody waits for the end yet."""
