"""A WebSocket that we open, at a server of ours, and what else servers may answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
from typing_extensions import override

from mcpgateway.common.errors import UpstreamRejected, UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.server import Beside, Listener
from mcpgateway.common.runtime.http.tls import profile
from mcpgateway.common.runtime.http.websocket import NORMAL
from mcpgateway.common.runtime.http.websocket_client import NoWebSocket, Opening, open_websocket
from mcpgateway.common.runtime.http.websocket_connection import SocketLimits, WebSocketConnection
from support.http import ScriptedApp
from support.websockets import Ear

LIMITS = SocketLimits(message_bytes=1 << 20)


class BinaryEar(Ear):
    """Sends each message back as a binary one."""

    @override
    def message(self, text: bytes) -> None:
        self.messages.put_nowait(text)
        if self.socket is not None:
            self.socket.send_binary(text)


def dialer() -> Dialer:
    loop = asyncio.get_running_loop()
    return Dialer(lambda _: AddressPolicy(loopback=True), profile(), loop)


def opening(port: int, subprotocol: str = "mcp") -> Opening:
    return Opening(Origin("http", "127.0.0.1", port), "/ws", (), subprotocol)


@asynccontextmanager
async def serving(app: ScriptedApp, limits: SocketLimits = LIMITS) -> AsyncIterator[int]:
    beside = Beside(sockets=partial(WebSocketConnection, limits=limits))
    listener = await Listener.open(app, "127.0.0.1", 0, beside=beside)
    try:
        yield listener.port
    finally:
        await listener.close()


async def test_messages_go_both_ways_text_and_binary() -> None:
    server, client = BinaryEar(), Ear(echo=False)
    async with serving(ScriptedApp(server.take)) as port:
        socket = await open_websocket(dialer(), opening(port), client, LIMITS, 5.0)
        socket.send("hällo".encode())
        socket.send_binary(b"\xff\x00" * 100_000)

        assert await client.next() == "hällo".encode()
        assert await client.next() == b"\xff\x00" * 100_000
        socket.close(NORMAL)
        await server.ended()


async def test_a_server_that_goes_is_heard_of() -> None:
    server, client = Ear(), Ear()
    async with serving(ScriptedApp(server.take)) as port:
        await open_websocket(dialer(), opening(port), client, LIMITS, 5.0)
        server.open_socket.close(NORMAL)
        await client.ended()


async def test_a_client_that_pings_keeps_a_silent_connection_and_drops_a_dead_one() -> None:
    server, client = Ear(), Ear(echo=False)
    hasty = SocketLimits(ping_seconds=0.02)
    async with serving(ScriptedApp(server.take)) as port:
        socket = await open_websocket(dialer(), opening(port), client, hasty, 5.0)
        await asyncio.wait([asyncio.create_task(client.over.wait())], timeout=0.2)
        assert not client.over.is_set()

        socket.send(b"x")
        assert await client.next() == b"x" if server.messages.empty() else True


async def test_a_refusal_is_told_with_its_status_and_words() -> None:
    def refuse(exchange: Exchange) -> None:
        exchange.respond(403, [(b"content-type", b"text/plain")], b"not you")

    async with serving(ScriptedApp(refuse)) as port:
        with pytest.raises(NoWebSocket, match="403") as refused:
            await open_websocket(dialer(), opening(port), Ear(), LIMITS, 5.0)
        assert refused.value.answered.body == b"not you"


async def test_another_subprotocol_is_no_opening() -> None:
    server = Ear()
    async with serving(ScriptedApp(server.take)) as port:
        with pytest.raises(NoWebSocket, match="does not speak tunnel"):
            await open_websocket(dialer(), opening(port, "tunnel"), Ear(), LIMITS, 5.0)
        await server.ended()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"SSH-2.0-OpenSSH\r\n", UpstreamRejected),
        (b"", UpstreamRejected),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * (1 << 17), UpstreamRejected),
        (None, UpstreamTimeout),
    ],
)
async def test_what_is_no_answer_is_told_in_time(
    answer: bytes | None, error: type[Exception]
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            if answer is not None:
                writer.write(answer)
                writer.write_eof()
            await reader.read()
        writer.close()
        gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        with pytest.raises(error):
            await open_websocket(dialer(), opening(port), Ear(), LIMITS, 0.3)
        await asyncio.wait_for(gone.wait(), 10)
    finally:
        server.close()


async def test_nobody_there_is_unreachable() -> None:
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()

    with pytest.raises(UpstreamUnreachable):
        await open_websocket(dialer(), opening(port), Ear(), LIMITS, 1.0)
