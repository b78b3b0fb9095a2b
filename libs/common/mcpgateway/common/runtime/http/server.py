"""The HTTP/1.1 server: listens, counts connections, drains. Parsing is `server_connection`."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from ssl import SSLContext

from mcpgateway.common.runtime.http.alpn import Factory, Negotiated
from mcpgateway.common.runtime.http.exchange import Application, ServerLimits
from mcpgateway.common.runtime.http.guarded import GuardedApplication
from mcpgateway.common.runtime.http.server_counts import ServerCounts
from mcpgateway.common.runtime.http.server_home import Guest, Sockets, UnderWay
from mcpgateway.common.runtime.http.shortcut_connection import ShortcutConnection


@dataclass(frozen=True, slots=True)
class Beside:
    """What a listener speaks beside HTTP/1.1: `chosen` by a TLS client, by ALPN name, and what
    makes WebSockets of connections that ask for it."""

    chosen: Mapping[str, Factory] = field(default_factory=dict)
    sockets: Sockets | None = None


_NOTHING = Beside()


class Listener:
    """A listening socket and its connections. Make one with `open`."""

    def __init__(self, app: Application, limits: ServerLimits, loop: asyncio.AbstractEventLoop):
        self.app = GuardedApplication(app)
        self.limits = limits
        self.counts = ServerCounts()
        self.draining = False
        self.sockets: Sockets | None = None
        self._loop = loop
        self._server: asyncio.Server | None = None
        self._connections: set[Guest] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._date = b""
        self._date_until = 0.0

    @classmethod
    async def open(
        cls,
        app: Application,
        host: str,
        port: int,
        limits: ServerLimits | None = None,
        *,
        reuse_port: bool = False,
        ssl: SSLContext | None = None,
        beside: Beside = _NOTHING,
    ) -> "Listener":
        """Listen on `host`:`port` (0: a free one, see `port`). Raises OSError."""
        loop = asyncio.get_running_loop()
        self = cls(app, limits or ServerLimits(), loop)
        self.sockets = beside.sockets
        scheme = "http" if ssl is None else "https"

        def connection() -> asyncio.Protocol:
            return ShortcutConnection(self, loop, scheme)

        def negotiated() -> asyncio.Protocol:
            return Negotiated(self, beside.chosen, connection)

        self._server = await loop.create_server(
            negotiated if beside.chosen else connection,
            host,
            port,
            ssl=ssl,
            ssl_handshake_timeout=None if ssl is None else self.limits.header_seconds,
            reuse_port=reuse_port or None,
            backlog=1024,
        )
        return self

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the listener is closed")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        return len(self._connections)

    def under_way(self) -> list[UnderWay]:
        """All requests that are not answered yet."""
        return [each for guest in self._connections for each in guest.under_way()]

    async def drain(self, timeout: float) -> bool:
        """Stop accepting, close idle connections, let running exchanges finish with
        `connection: close`. False when some had to be cut off after `timeout` seconds."""
        self.draining = True
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.drain()
        try:
            async with asyncio.timeout(timeout):
                await self._empty.wait()
        except TimeoutError:
            await self.close()
            return False
        return True

    async def close(self) -> None:
        """Stop at once: connections are dropped, their exchanges hear that the peer is gone."""
        self.draining = True
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()
        await self._empty.wait()

    # What connections ask (`server_home.Home`).

    def admit(self, guest: Guest) -> bool:
        """False when it is over the limit, or came while draining."""
        self.counts.accepted += 1
        self._connections.add(guest)
        self._empty.clear()
        return len(self._connections) <= self.limits.connections and not self.draining

    def leave(self, guest: Guest) -> None:
        self._connections.discard(guest)
        if not self._connections:
            self._empty.set()

    def replace(self, guest: Guest, successor: Guest) -> None:
        self._connections.discard(guest)
        self._connections.add(successor)

    def date(self) -> bytes:
        now = self._loop.time()
        if now >= self._date_until:
            self._date = b"date: %b\r\n" % formatdate(time.time(), usegmt=True).encode()
            self._date_until = now + 1.0
        return self._date
