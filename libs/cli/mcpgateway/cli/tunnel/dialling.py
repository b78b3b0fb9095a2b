"""Keeps a tunnel open: dials out, answers what comes through, dials again when the connection is
lost. What is under way goes on by the next connection, as long as the other side remembers it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from mcpgateway.cli.errors import CommandError
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.exchange import Application, Exchange
from mcpgateway.common.runtime.http.guarded import GuardedApplication
from mcpgateway.common.runtime.http.websocket import NORMAL, POLICY, WebSocket, WebSocketListener
from mcpgateway.common.runtime.http.websocket_client import NoWebSocket
from mcpgateway.common.runtime.tunnel.end import TunnelEnd
from mcpgateway.common.tunnel import greeting
from mcpgateway.common.tunnel.greeting import Hello
from mcpgateway.common.tunnel.link import Estranged, LinkError

log = logging.getLogger(__name__)

SHORTEST, LONGEST = 0.25, 30.0  # seconds between two attempts
STEADY = 5.0  # seconds after which a connection counts as one that holds

Open = Callable[[WebSocketListener], Awaitable[WebSocket]]
"""Opens one connection. Raises GatewayError, and CommandError for a command that can not go on."""


def pause(failures: int, random: float) -> float:
    """Seconds until the next attempt after so many failures in a row; `random` in [0, 1)."""
    longest = min(LONGEST, SHORTEST * 2.0 ** min(failures, 16))
    return longest * (0.5 + random / 2)


class Dialling:
    """`run` names this process; `random` gives numbers in [0, 1)."""

    def __init__(self, open: Open, app: Application, run: str, random: Callable[[], float]) -> None:
        self._open = open
        self._app = GuardedApplication(app)
        self._run = run
        self._random = random
        self._link = ""
        self._end = TunnelEnd(self._answer)
        self._connection: _Connection | None = None
        self.connected = asyncio.Event()

    async def keep(self) -> None:
        """Until cancelled. Raises CommandError when the gateway does not let us in at all."""
        loop = asyncio.get_running_loop()
        failures = 0
        try:
            while True:
                began = loop.time()
                why = await self._connect()
                failures = 0 if loop.time() - began > STEADY else failures + 1
                wait = pause(failures, self._random())
                log.warning("%s; trying again in %.1f s", why, wait)
                await asyncio.sleep(wait)
        finally:
            self._leave()

    async def _connect(self) -> str:
        """One connection, until its end: why it ended."""
        connection = _Connection(self)
        try:
            socket = await self._open(connection)
        except NoWebSocket as error:
            if not self._link and 400 <= error.answered.status < 502:
                raise CommandError(_refused(error)) from error
            return _refused(error)
        except GatewayError as error:
            return error.message
        self._connection = connection
        connection.socket = socket
        hello = Hello(self._run, self._link, self._end.link.received)
        socket.send(greeting.write(hello))
        await connection.over.wait()
        self._lost(connection)
        said = socket.said
        return f"the gateway closed it: {said[1] or said[0]}" if said else "the connection is lost"

    def heard(self, connection: "_Connection", message: bytes) -> None:
        """Raises LinkError, and Estranged."""
        if connection is not self._connection:
            return
        if connection.welcomed:
            self._end.take(message)
            return
        welcome = greeting.read_welcome(message)
        connection.welcomed = True
        has = welcome.received
        if welcome.link != self._link:
            self._begin()
            self._link, has = welcome.link, 0
        self._end.attach(connection.open_socket, has)
        self.connected.set()
        log.info("the tunnel is open")

    def estranged(self) -> None:
        """The link can not go on: the next connection begins another."""
        self._begin()
        self._link = ""

    def _begin(self) -> None:
        self._end.end()
        self._end = TunnelEnd(self._answer)

    def _lost(self, connection: "_Connection") -> None:
        if self._connection is connection:
            self._connection = None
            self.connected.clear()
            self._end.detach()

    def _leave(self) -> None:
        """Says that nothing comes back, so that nobody waits for it."""
        connection, self._connection = self._connection, None
        self._end.end()
        if connection is not None:
            connection.open_socket.close(NORMAL, "the tunnel is closed")

    def _answer(self, exchange: Exchange) -> None:
        plan = self._app.plan(exchange)
        if plan is not None:
            self._app.handle(exchange)


class _Connection:
    """Hears one connection."""

    def __init__(self, dialling: Dialling) -> None:
        self.socket: WebSocket | None = None
        self.welcomed = False
        self.over = asyncio.Event()
        self._dialling = dialling

    @property
    def open_socket(self) -> WebSocket:
        assert self.socket is not None
        return self.socket

    def message(self, text: bytes) -> None:
        try:
            self._dialling.heard(self, text)
        except LinkError as error:
            log.warning("%s", error)
            self.open_socket.close(POLICY, str(error))
        except Estranged as error:
            log.warning("what was under way is lost: %s", error)
            self._dialling.estranged()
            self.open_socket.close(POLICY, str(error))

    def closed(self) -> None:
        self.over.set()


def _refused(error: NoWebSocket) -> str:
    body = error.answered.body[:500].decode("utf-8", "replace").strip()
    return f"the gateway answers {error.answered.status}: {body or 'nothing more'}"
