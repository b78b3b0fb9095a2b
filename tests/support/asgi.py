"""The ASGI door driven by hand: a server and its peer without a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcpgateway.common.runtime.http.exchange import Application, ServerLimits
from mcpgateway.common.runtime.http.guarded import GuardedApplication
from mcpgateway.common.runtime.http.server_counts import ServerCounts
from mcpgateway.common.runtime.http.server_home import Guest, Sockets
from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.doors.asgi import AsgiApplication
from mcpgateway.data_plane.doors.asgi_exchange import Message
from support.http import DEADLINE


class BareHome:
    """A listener that does not listen."""

    def __init__(self, app: Application, limits: ServerLimits | None = None) -> None:
        self.app = GuardedApplication(app)
        self.limits = limits or ServerLimits()
        self.counts = ServerCounts()
        self.draining = False
        self.sockets: Sockets | None = None

    def admit(self, guest: Guest) -> bool:
        return True

    def leave(self, guest: Guest) -> None:
        pass

    def replace(self, guest: Guest, successor: Guest) -> None:
        pass

    def date(self) -> bytes:
        return b"date: Sun, 22 Nov 2026 12:00:00 GMT\r\n"


def http_scope(
    path: str = "/", *headers: tuple[bytes, bytes], method: str = "POST", **more: Any
) -> dict[str, Any]:
    raw, _, query = path.encode().partition(b"?")
    return {
        "type": "http",
        "http_version": "2",
        "method": method,
        "scheme": "https",
        "raw_path": raw,
        "query_string": query,
        "headers": [(b"host", b"localhost:4444"), *headers],
        "client": ("127.0.0.1", 50_000),
        "state": {},
        **more,
    }


class Peer:
    """The server's and the client's side of one scope. What the application sends waits until it
    is asked for: `room` messages pass without being asked."""

    def __init__(self, home: BareHome, scope: dict[str, Any], room: int = 1000) -> None:
        self.home = home
        self.messages: asyncio.Queue[Message] = asyncio.Queue(room)
        self._incoming: asyncio.Queue[Message] = asyncio.Queue()
        app = AsgiApplication(home)
        self.task = asyncio.create_task(app(scope, self._incoming.get, self.messages.put))

    def send(self, body: bytes = b"", *, more: bool = False) -> None:
        self._incoming.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def leave(self) -> None:
        self._incoming.put_nowait({"type": "http.disconnect"})

    @property
    def untaken(self) -> int:
        """Messages of the client that the application has not received."""
        return self._incoming.qsize()

    async def next(self) -> Message:
        return await asyncio.wait_for(self.messages.get(), DEADLINE)

    async def over(self) -> None:
        """Until the application has returned, or raises what it raised."""
        await asyncio.wait_for(asyncio.shield(self.task), DEADLINE)

    async def response(self) -> tuple[int, dict[bytes, bytes], bytes]:
        """All of it."""
        head = await self.next()
        assert head["type"] == "http.response.start"
        body = b""
        more = True
        while more:
            message = await self.next()
            body += message["body"]
            more = message["more_body"]
        return head["status"], dict(head["headers"]), body


@asynccontextmanager
async def peer(
    app: Application,
    scope: dict[str, Any] | None = None,
    limits: ServerLimits | None = None,
    room: int = 1000,
) -> AsyncIterator[Peer]:
    made = Peer(BareHome(app, limits), scope or http_scope(), room)
    try:
        yield made
    finally:
        await end(made.task)
