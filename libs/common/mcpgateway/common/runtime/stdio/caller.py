"""The HTTP side of one exchange: JSON answers, and event streams that no slow reader can bloat."""

from collections.abc import Callable

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.exchange import Exchange, Headers

MAX_BACKLOG = 16 * 1024 * 1024  # bytes that a slow reader may be behind; above: cut off

_JSON = (b"content-type", b"application/json")
_EVENTS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)


class Caller:
    """One exchange, with the headers that all of its answers carry."""

    def __init__(self, exchange: Exchange, headers: Headers = ()) -> None:
        self.exchange = exchange
        self._headers = list(headers)

    def add(self, name: bytes, value: bytes) -> None:
        """One more header for the answer to come."""
        self._headers.append((name, value))

    def empty(self, status: int) -> None:
        self.exchange.respond(status, self._headers)

    def text(self, status: int, text: str) -> None:
        headers = [*self._headers, (b"content-type", b"text/plain; charset=utf-8")]
        self.exchange.respond(status, headers, text.encode())

    def json(self, status: int, body: bytes) -> None:
        self.exchange.respond(status, [*self._headers, _JSON], body)

    def refuse(
        self,
        status: int,
        code: int,
        message: str,
        id: jsonrpc.Id | None = None,
        data: object = None,
    ) -> None:
        """A JSON-RPC error body."""
        self.json(status, jsonrpc.error(id, code, message, data))

    def stream(self, on_gone: Callable[[], None]) -> "Stream":
        """Begin an event stream. `on_gone`: the client went away before its end."""
        self.exchange.start(200, [*self._headers, *_EVENTS])
        return Stream(self.exchange, on_gone)


def takes_events(caller: Caller) -> bool:
    accept = caller.exchange.header(b"accept") or b"*/*"
    return b"text/event-stream" in accept or b"*/*" in accept


def refuse(caller: Caller, frame: jsonrpc.Frame, error: GatewayError) -> None:
    """An error of ours as the answer to a POST."""
    id = frame.id if isinstance(frame.id, int | str) else None
    if error.status == 503:
        caller.add(b"retry-after", b"5")
    code = jsonrpc.INVALID_REQUEST if error.status < 500 else jsonrpc.UPSTREAM_FAILED
    caller.refuse(error.status, code, error.message, id)


class Stream:
    """An event stream. A reader that is 16 MiB behind is cut off."""

    def __init__(self, exchange: Exchange, on_gone: Callable[[], None]) -> None:
        self._exchange = exchange
        self._behind = 0
        self._on_gone = on_gone
        self.open = True
        exchange.on_writable(self._writable)
        exchange.on_gone(self._gone)

    def _writable(self, writable: bool) -> None:
        if writable:
            self._behind = 0

    def _gone(self) -> None:
        if self.open:
            self.open = False
            self._on_gone()

    def event(self, data: bytes, event: str | None = "message") -> None:
        self._write(sse.encode(data, event))

    def comment(self) -> None:
        self._write(sse.comment())

    def _write(self, data: bytes) -> None:
        if not self.open:
            return
        if not self._exchange.writable:
            self._behind += len(data)
        if self._behind > MAX_BACKLOG:
            self._exchange.abort()
            self._gone()
            return
        self._exchange.write(data)

    def end(self) -> None:
        if self.open:
            self.open = False
            self._exchange.on_gone(None)
            self._exchange.end()
