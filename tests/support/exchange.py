"""A recording Exchange: what an application answered, and buttons for what a peer does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from typing_extensions import override

from mcpgateway.common.runtime.http.exchange import Exchange, Headers, joined
from mcpgateway.common.runtime.http.websocket import WebSocket, WebSocketListener


class RecordingExchange(Exchange):
    """`status`, `sent_headers`, `written` (joined in `answer`), `ended`, `aborted` are what was
    answered. `leave()` is the peer going away, `clog()` and `unclog()` its slowness."""

    def __init__(
        self,
        method: str = "POST",
        path: str = "/mcp",
        headers: Headers = (),
        body: bytes = b"",
        *,
        query: str = "",
        peer: tuple[str, int] = ("127.0.0.1", 50_000),
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.target = (path + ("?" + query if query else "")).encode()
        self.headers = list(headers)
        self.peer = peer
        self.scheme = "http"
        self.notes: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self.body = body
        self.incoming: list[bytes] = []
        self.status = 0
        self.sent_headers: dict[bytes, bytes] = {}
        self.written: list[bytes] = []
        self.added: list[tuple[bytes, bytes]] = []
        self.ended = False
        self.aborted = False
        self.gone = False
        self._writable = True
        self._on_writable: Callable[[bool], None] | None = None
        self._on_gone: Callable[[], None] | None = None
        self._over = asyncio.Event()

    async def finished(self) -> None:
        """Waits until it was answered or aborted."""
        await asyncio.wait_for(self._over.wait(), 30)

    @property
    def answer(self) -> bytes:
        return b"".join(self.written)

    def leave(self) -> None:
        self.gone = True
        callback, self._on_gone = self._on_gone, None
        if callback is not None:
            callback()

    def clog(self) -> None:
        self._set_writable(False)

    def unclog(self) -> None:
        self._set_writable(True)

    def _set_writable(self, writable: bool) -> None:
        self._writable = writable
        if self._on_writable is not None:
            self._on_writable(writable)

    @override
    def websocket(self, listener: WebSocketListener, *, subprotocol: str = "") -> WebSocket | None:
        if self.header(b"upgrade") != b"websocket":
            return None
        self.status = 101
        self.socket = RecordingSocket(listener)
        return self.socket

    @override
    async def chunks(self) -> AsyncIterator[bytes]:
        for chunk in self.incoming:
            yield chunk

    @override
    def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        self.start(status, headers)
        self.written.append(body)
        self.end()

    @override
    def add_lines(self, lines: Headers) -> None:
        self.added += lines

    @override
    def start(self, status: int, headers: Headers) -> None:
        assert not self.started, "a response was started twice"
        self.status = status
        self.sent_headers = dict(joined(headers, self.added))

    @override
    def write(self, chunk: bytes) -> None:
        assert self.started, "written before a head"
        assert not self.ended, "written after the end"
        self.written.append(chunk)

    @override
    def end(self) -> None:
        assert not self.ended, "ended twice"
        self.ended = True
        self._over.set()

    @override
    def abort(self) -> None:
        self.aborted = True
        self._over.set()

    @property
    @override
    def writable(self) -> bool:
        return self._writable

    @override
    async def drain(self) -> None:
        if self.gone:
            raise ConnectionError("the peer is gone")

    @override
    def on_writable(self, callback: Callable[[bool], None] | None) -> None:
        self._on_writable = callback

    @override
    def on_gone(self, callback: Callable[[], None] | None) -> None:
        self._on_gone = callback
        if self.gone and callback is not None:
            self._on_gone = None
            callback()

    @property
    @override
    def started(self) -> bool:
        return self.status != 0


class RecordingSocket:
    """A WebSocket: `sent` and `code` are what an application did, `listener` is its ear."""

    def __init__(self, listener: WebSocketListener) -> None:
        self.listener = listener
        self.sent: list[bytes] = []
        self.code = 0
        self.reason = ""
        self.said: tuple[int, str] | None = None
        self.writable = True

    def send(self, text: bytes) -> None:
        self.sent.append(text)

    def send_binary(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self, code: int, reason: str = "") -> None:
        if not self.code:
            self.code, self.reason = code, reason
            self.listener.closed()

    def on_writable(self, callback: Callable[[bool], None] | None) -> None:
        self.told = callback
