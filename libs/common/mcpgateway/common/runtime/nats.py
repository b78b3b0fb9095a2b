"""A connection to NATS that comes back: credentials, TLS, own inbox prefix, patient reconnects.

nats-py's own `.creds` support needs the package `nkeys`; here the same two callbacks sign with
`cryptography`. The file is read at every (re)connect, so that new credentials need no restart.
"""

import asyncio
import base64
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nats.aio.client import Client, Server
from nats.errors import Error

from mcpgateway.common.nkeys import Credentials, parse_credentials
from mcpgateway.common.runtime.tasks import end, together

log = logging.getLogger(__name__)

FIRST_WAIT = 0.1  # seconds
LONGEST_WAIT = 2.0
_PING_EVERY = 5  # seconds; two unanswered pings end a dead connection
_QUIET = 10.0  # seconds between two log lines that say the same

Callback = Callable[[], Awaitable[None]]
Work = Callable[[Client], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Link:
    """Where NATS is and who we are there. `url` may name several servers, separated by commas;
    "" for `creds_path` is no login, "" for `ca_path` the system's certificates."""

    url: str
    creds_path: str
    ca_path: str
    inbox_prefix: str
    name: str


async def connect(
    link: Link,
    *,
    on_disconnect: Callback | None = None,
    on_reconnect: Callback | None = None,
    on_close: Callback | None = None,
) -> Client:
    """Waits until NATS answers, for ever if need be (cancel to give up), and reconnects for ever.

    Raises ValueError or OSError at once when credentials or CA file can not be read.
    `on_close` is called when the server threw us out for good, or after `close`.
    """
    if link.creds_path:
        _read_credentials(link.creds_path)
    tls = ssl.create_default_context(cafile=link.ca_path) if link.ca_path else None
    client = Client()
    watch = _Watch(link, client, on_disconnect, on_reconnect, on_close)
    options: dict[str, Any] = {"tls": tls} if tls else {}
    if link.creds_path:
        options |= _login(link.creds_path)
    connecting = asyncio.ensure_future(
        client.connect(
            servers=[server.strip() for server in link.url.split(",")],
            name=link.name,
            inbox_prefix=link.inbox_prefix,
            error_cb=watch.error,
            disconnected_cb=watch.disconnected,
            reconnected_cb=watch.reconnected,
            closed_cb=watch.closed,
            max_reconnect_attempts=-1,
            reconnect_time_wait=FIRST_WAIT,  # type: ignore[arg-type]  # it sleeps that long
            reconnect_to_server_handler=watch.next_server,
            ping_interval=_PING_EVERY,
            **options,
        )
    )
    try:
        await asyncio.wait((connecting,))
        await connecting
    except BaseException:
        await end(connecting)
        await client.close()
        raise
    log.info("connected to NATS at %s", link.url)
    return client


async def stay_connected(link: Link, work: Work, *, on_reconnect: Callback | None = None) -> None:
    """Runs the work with a connection until it returns or raises. When the server ends the
    connection for good, the work is cancelled and begins again with a new one."""
    while not await _while_open(link, work, on_reconnect):
        log.warning("NATS at %s closed the connection for good; connecting anew", link.url)
        await asyncio.sleep(LONGEST_WAIT)


class Shared:
    """One connection for all that a process does over NATS. Say first what uses it, then `run`."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._client: Client | None = None
        self._works: list[Work] = []
        self._listeners: list[Callable[[], None]] = []

    @property
    def client(self) -> Client | None:
        """The current connection, which may be reconnecting; None before the first one."""
        return self._client

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    def use(self, work: Work) -> None:
        """Run with each new connection, all works at once; cancelled when it is closed for good.
        What one of them raises ends `run`. One that returns leaves the others running."""
        self._works.append(work)

    def on_reconnect(self, listener: Callable[[], None]) -> None:
        """Told whenever the same connection is back: what was sent meanwhile may be lost."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Until cancelled, or until a work raises."""
        await stay_connected(self.link, self._work, on_reconnect=self._reconnected)

    async def _work(self, client: Client) -> None:
        self._client = client
        await together(*(work(client) for work in self._works), _for_ever())

    async def _reconnected(self) -> None:
        for listener in self._listeners:
            listener()


async def _for_ever() -> None:
    await asyncio.Event().wait()


def raise_if_cancelled() -> None:
    """Raises CancelledError when this task was cancelled. For loops around requests: nats-py
    waits with `asyncio.wait_for`, which in Python 3.11 loses a cancellation that comes together
    with the answer."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _while_open(link: Link, work: Work, on_reconnect: Callback | None) -> bool:
    """Whether the work came to its end."""
    closed = asyncio.Event()

    async def on_close() -> None:
        closed.set()

    client = await connect(link, on_reconnect=on_reconnect, on_close=on_close)
    working = asyncio.ensure_future(work(client))
    waiting = asyncio.ensure_future(closed.wait())
    try:
        await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
        if client.is_closed:
            return False  # what the work made of that does not matter
        await working
        return True
    finally:
        await end(working, waiting)
        await client.close()


def _read_credentials(path: str) -> Credentials:
    try:
        return parse_credentials(Path(path).read_text("ascii"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _login(path: str) -> dict[str, Any]:
    def credentials() -> Credentials:
        try:
            return _read_credentials(path)
        except ValueError as error:
            # Of what nats-py expects here: another error would end its attempts to reconnect.
            raise Error(str(error)) from error

    def jwt() -> bytes:
        return credentials().jwt.encode()

    def sign(nonce: str) -> bytes:
        return base64.b64encode(credentials().key.sign(nonce.encode()))

    return {"user_jwt_cb": jwt, "signature_cb": sign}


class _Watch:
    """Logs what happens to a connection, without repeating itself, and paces reconnects."""

    def __init__(
        self,
        link: Link,
        client: Client,
        on_disconnect: Callback | None,
        on_reconnect: Callback | None,
        on_close: Callback | None,
    ) -> None:
        self._link = link
        self._client = client
        self._on_disconnect = on_disconnect
        self._on_reconnect = on_reconnect
        self._on_close = on_close
        self._said = ("", 0.0)
        self._attempts = 0

    async def error(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        now = time.monotonic()
        if text != self._said[0] or now - self._said[1] >= _QUIET:
            self._said = (text, now)
            log.warning("NATS at %s: %s", self._link.url, text)

    async def disconnected(self) -> None:
        self._attempts = 0
        if not self._client.is_closed:  # then `closed` comes next, and nothing is tried again
            log.warning("NATS at %s is gone; reconnecting", self._link.url)
        if self._on_disconnect is not None:
            await self._on_disconnect()

    async def reconnected(self) -> None:
        log.info("reconnected to NATS at %s", self._link.url)
        if self._on_reconnect is not None:
            await self._on_reconnect()

    async def closed(self) -> None:
        log.info("connection to NATS at %s is closed", self._link.url)
        if self._on_close is not None:
            await self._on_close()

    def next_server(self, servers: list[Server], _info: dict[str, Any]) -> tuple[Server, float]:
        """Each server in turn, waiting 0.1 s at first and at most 2 s."""
        server = servers[self._attempts % len(servers)]
        turn = self._attempts // len(servers)
        self._attempts += 1
        return server, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(turn, 10))
