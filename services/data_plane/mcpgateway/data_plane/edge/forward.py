"""Requests for the control plane and the admin service, passed on as they come.

Bodies go through unbuffered both ways. What is forwarded names us (edge secret) and the real
peer (X-Forwarded-*). A service that is down is a 503 at once, never a hang.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from mcpgateway.common import edge
from mcpgateway.common.errors import GatewayError, TooLarge, UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.policy.passthrough import HOP_BY_HOP
from mcpgateway.common.runtime.http.client import HttpClient, Response
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.wire import EVENT_STREAM, content_type
from mcpgateway.data_plane.edge.client_view import AUTHORIZATION, Network, believes
from mcpgateway.data_plane.edge.errors import RETRY_AFTER, refuse, refuse_with

Lines = list[tuple[bytes, bytes]]

log = logging.getLogger(__name__)

# What the next hop's client writes itself, and what names us.
_OURS = frozenset((b"host", b"content-length", b"expect", edge.HEADER, edge.PEER))


@dataclass(frozen=True, slots=True)
class Trust:
    """`secret` tells the services that we are the edge; forwarded headers of a peer in `proxies`
    are kept, everybody else's are overwritten. `header` carries clients' credentials, which the
    services read from Authorization."""

    secret: str
    proxies: tuple[Network, ...] = ()
    header: bytes = AUTHORIZATION

    def believes(self, peer: str) -> bool:
        return believes(self.proxies, peer)


def request_headers(exchange: Exchange, trust: Trust) -> Lines:
    """What is sent on: hop-by-hop removed, forwarded headers made true, the edge named."""
    dropped = HOP_BY_HOP | _OURS | _named_by_connection(exchange.headers)
    trusted = trust.believes(exchange.peer[0])
    if not trusted:
        dropped |= edge.FORWARDED
    lines = [(name, value) for name, value in exchange.headers if name not in dropped]
    if trust.header != AUTHORIZATION:
        others = [line for line in lines if line[0] not in (AUTHORIZATION, trust.header)]
        own = [(AUTHORIZATION, value) for name, value in lines if name == trust.header]
        lines = [*others, *own]
    lines += _forwarded(exchange, {name for name, _ in lines})
    lines.append((edge.HEADER, trust.secret.encode()))
    return lines


def _forwarded(exchange: Exchange, present: set[bytes]) -> Lines:
    """The peer is always added to X-Forwarded-For; a trusted proxy's host and scheme stay."""
    lines = [(b"x-forwarded-for", exchange.peer[0].encode())]
    if b"x-forwarded-proto" not in present:
        lines.append((b"x-forwarded-proto", exchange.scheme.encode()))
    host = exchange.header(b"host")
    if b"x-forwarded-host" not in present and host is not None:
        lines.append((b"x-forwarded-host", host))
    return lines


def response_headers(headers: Lines) -> Lines:
    dropped = HOP_BY_HOP | _named_by_connection(headers)
    return [(name, value) for name, value in headers if name not in dropped]


def _named_by_connection(headers: Lines) -> frozenset[bytes]:
    """Connection may name more headers that are meant for one hop only."""
    return frozenset(
        token.strip().lower()
        for name, value in headers
        if name == b"connection"
        for token in value.split(b",")
    )


def has_body(exchange: Exchange) -> bool:
    length = exchange.header(b"content-length")
    return exchange.header(b"transfer-encoding") is not None or (length or b"0") != b"0"


class Forwarder:
    """Passes exchanges on to the services by name. One task per exchange under way; their number
    is bounded by the listener's connections."""

    def __init__(self, client: HttpClient, services: Mapping[str, str], trust: Trust) -> None:
        """`services` maps `control-plane` and `admin` to base URLs without a trailing `/`."""
        self._client = client
        self._services = services
        self._trust = trust
        self._tasks: set[asyncio.Task[None]] = set()
        self._streams: set[asyncio.Task[None]] = set()

    def handle(self, exchange: Exchange, service: str) -> None:
        task = asyncio.get_running_loop().create_task(self._forward(exchange, service))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        exchange.on_gone(lambda: _cancel(task))

    def end_streams(self) -> None:
        """End forwarded event streams: they have no end of their own to wait for, and their
        readers come back elsewhere."""
        for task in tuple(self._streams):
            task.cancel()

    async def aclose(self) -> None:
        """Ends what is under way; call after the listener has drained."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _forward(self, exchange: Exchange, service: str) -> None:
        try:
            await self._relay(exchange, service)
        except TooLarge as error:
            _give_up(exchange, error)
        except (UpstreamUnreachable, UpstreamTimeout) as error:
            log.warning("%s does not answer: %s", service, error.message)
            self._unavailable(exchange, service)
        except GatewayError as error:
            log.warning("%s failed: %s", service, error.message)
            _give_up(exchange, error)
        except ConnectionError:
            exchange.abort()  # the caller left; nobody reads an answer

    async def _relay(self, exchange: Exchange, service: str) -> None:
        body: bytes | AsyncIterator[bytes] = exchange.body
        if not body and has_body(exchange):
            body = exchange.chunks()
        response = await self._client.request(
            exchange.method,
            self._services[service] + _target(exchange),
            request_headers(exchange, self._trust),
            body,
            safe=exchange.method in ("GET", "HEAD", "OPTIONS"),
        )
        async with response:
            if content_type(response.headers) == EVENT_STREAM:
                await self._stream(response, exchange)
            else:
                await _copy(response, exchange)

    async def _stream(self, response: Response, exchange: Exchange) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._streams.add(task)
            task.add_done_callback(self._streams.discard)
        try:
            await _copy(response, exchange)
        except asyncio.CancelledError:
            if exchange.started:
                exchange.end()  # no effect when it is the reader that has gone
            raise

    def _unavailable(self, exchange: Exchange, service: str) -> None:
        if exchange.started:
            exchange.abort()
            return
        message = f"the {service} does not answer; tool calls go on without it"
        refuse(exchange, 503, "unavailable", message, (RETRY_AFTER,))


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()


def _target(exchange: Exchange) -> str:
    return f"{exchange.path}?{exchange.query}" if exchange.query else exchange.path


async def _copy(response: Response, exchange: Exchange) -> None:
    exchange.start(response.status, response_headers(response.headers))
    async for chunk in response.chunks():
        exchange.write(chunk)
        if not exchange.writable:
            await exchange.drain()
    exchange.end()


def _give_up(exchange: Exchange, error: GatewayError) -> None:
    if exchange.started:
        exchange.abort()
    else:
        refuse_with(exchange, error)
