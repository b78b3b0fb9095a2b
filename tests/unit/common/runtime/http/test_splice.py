"""A WebSocket handed through a server in between, as bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.server import Beside, Listener
from mcpgateway.common.runtime.http.splice import Splice
from mcpgateway.common.runtime.http.tls import profile
from mcpgateway.common.runtime.http.upgrade import upgrade
from mcpgateway.common.runtime.http.websocket import NORMAL
from mcpgateway.common.runtime.http.websocket_client import Opening, open_websocket
from mcpgateway.common.runtime.http.websocket_connection import SocketLimits, WebSocketConnection
from support.http import ScriptedApp, raw_client
from support.wait import until
from support.websockets import Ear, handshake

LIMITS = SocketLimits(message_bytes=64 << 20, unsent_bytes=64 << 20)


def dialer() -> Dialer:
    loop = asyncio.get_running_loop()
    return Dialer(lambda _: AddressPolicy(loopback=True), profile(), loop)


class Between:
    """An application that hands upgrades through to another port."""

    def __init__(self, port: int) -> None:
        self.origin = Origin("http", "127.0.0.1", port)
        self.open: set[Splice] = set()
        self.unanswered: list[Exchange] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, exchange: Exchange) -> None:
        self._tasks.add(asyncio.create_task(self._take(exchange)))

    async def _take(self, exchange: Exchange) -> None:
        lines = [line for line in exchange.headers if line[0] != b"host"]
        upgraded = await upgrade(dialer(), self.origin, exchange.path, lines, 5.0)
        splice = Splice(lambda: self.open.discard(splice))
        self.open.add(splice)
        if not splice.join(exchange, upgraded.answered.headers, upgraded):
            self.open.discard(splice)
            self.unanswered.append(exchange)
            exchange.respond(426, [], b"no upgrade")


@asynccontextmanager
async def chain(ear: Ear) -> AsyncIterator[tuple[Between, Listener]]:
    beside = Beside(sockets=partial(WebSocketConnection, limits=LIMITS))
    behind = await Listener.open(ScriptedApp(ear.take), "127.0.0.1", 0, beside=beside)
    between = Between(behind.port)
    front = await Listener.open(ScriptedApp(between.take), "127.0.0.1", 0)
    try:
        yield between, front
    finally:
        await front.close()
        await behind.close()


async def connect(front: Listener, ear: Ear) -> WebSocketConnection:
    opening = Opening(Origin("http", "127.0.0.1", front.port), "/ws", (), "mcp")
    return await open_websocket(dialer(), opening, ear, LIMITS, 5.0)


async def test_messages_pass_both_ways_also_those_longer_than_any_buffer() -> None:
    server, client = Ear(), Ear(echo=False)
    async with chain(server) as (_, front):
        socket = await connect(front, client)
        for message in (b"short", b"l" * (8 << 20), b"last"):
            socket.send(message)
            assert await client.next() == message
        socket.close(NORMAL)
        await server.ended()


async def test_the_end_of_either_side_ends_the_other() -> None:
    for close_server in (True, False):
        server, client = Ear(), Ear()
        async with chain(server) as (between, front):
            socket = await connect(front, client)
            if close_server:
                server.open_socket.close(NORMAL)
            else:
                socket.abort()
            await server.ended()
            await client.ended()
            await until(lambda: not between.open, "the splice is gone")


async def test_what_is_cut_in_between_ends_at_both_sides() -> None:
    server, client = Ear(), Ear()
    async with chain(server) as (between, front):
        await connect(front, client)
        for splice in list(between.open):
            splice.close()
        await server.ended()
        await client.ended()
        assert not between.open


async def test_draining_ends_what_passes_through() -> None:
    server, client = Ear(), Ear()
    async with chain(server) as (_, front):
        await connect(front, client)
        assert await front.drain(5.0)
        await server.ended()
        await client.ended()


async def test_a_request_with_more_behind_it_is_not_upgraded() -> None:
    server = Ear()
    async with chain(server) as (between, front), raw_client(front.port) as client:
        client.send(handshake() + b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await client.head()).status == 426
        assert len(between.unanswered) == 1
        await server.ended()
