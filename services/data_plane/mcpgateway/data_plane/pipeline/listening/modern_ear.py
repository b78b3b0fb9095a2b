"""The stream of one `subscriptions/listen` (2026-07-28)."""

from collections.abc import Callable, Mapping

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.mcp import listening
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.listening import Filter, List
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.answer import error_body
from mcpgateway.data_plane.pipeline.streams.client_stream import SSE_HEADERS

HELD = 4 * 1024 * 1024  # bytes, and one message more
_OVER = Problem(jsonrpc.DENIED, "the caller may no longer listen here", 403)


class ModernEar:
    """Implements register.Ear. `closed` is called once, when the client is gone or the stream has
    ended. A slow reader is told each change once, when it reads again, and of a task the last one;
    when what waits for it is more than HELD bytes its stream is ended: what it then asks is new."""

    def __init__(self, exchange: Exchange, id: jsonrpc.Id, revision: str) -> None:
        self.revision = revision
        self.filter = Filter()
        self.closed: Callable[[], None] = _nothing
        self._exchange: Exchange | None = exchange
        self._begun = False
        self._id = id
        self._held: dict[bytes | str, bytes] = {}  # tasks by id, others by themselves
        self._held_size = 0

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

    def task_changed(self, id: str, task: Mapping[str, object]) -> None:
        self._tell(listening.task_changed(task, self._id), id)

    def beat(self) -> None:
        if self._begun and self._exchange is not None and self._exchange.writable:
            self._exchange.write(sse.comment("keep-alive"))

    def over(self, problem: Problem | None = None) -> None:
        self._end(error_body(self._id, problem or _OVER))

    def end(self) -> None:
        """This replica stops: the client listens elsewhere."""
        self._end(listening.ended(self._id))

    def _tell(self, message: bytes, key: str = "") -> None:
        if self._exchange is None:
            return
        if self._begun and self._exchange.writable:
            self._exchange.write(sse.encode(message, "message"))
        else:
            self._hold(key or message, message)

    def _hold(self, key: bytes | str, message: bytes) -> None:
        before = self._held.pop(key, b"")
        self._held[key] = message
        self._held_size += len(message) - len(before)
        if self._held_size > HELD:
            self.end()

    def _writable(self, writable: bool) -> None:
        if writable and self._exchange is not None:
            held, self._held, self._held_size = self._held, {}, 0
            for key, message in held.items():
                self._tell(message, key if isinstance(key, str) else "")

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
