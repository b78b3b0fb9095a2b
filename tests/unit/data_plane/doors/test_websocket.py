"""WebSockets at both doors, with a client that shares no code with the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from mcpgateway.data_plane.doors import websocket
from mcpgateway.data_plane.doors.choice import Door, open_door
from mcpgateway.data_plane.edge.app import MCP_BODY
from support.http import ScriptedApp
from support.tls_door import tls_door
from support.websockets import Ear

MCP = Subprotocol("mcp")


@asynccontextmanager
async def plain_door(ear: Ear, pings: float | None = 30) -> AsyncIterator[Door]:
    door = await open_door(ScriptedApp(ear.take), None, websocket_pings=pings)
    await door.publish("127.0.0.1", 0)
    try:
        yield door
    finally:
        await door.close()


async def test_both_ports_of_the_plain_door_have_websockets() -> None:
    async with plain_door(Ear()) as door:
        for port in (door.port, door.own_port):
            async with connect(f"ws://127.0.0.1:{port}/ws", subprotocols=[MCP]) as client:
                assert client.subprotocol == "mcp"
                await client.send("hello")
                assert await client.recv() == "hello"


async def test_the_tls_door_has_websockets_by_http_1(tmp_path: Path) -> None:
    app = ScriptedApp(Ear().take)
    async with tls_door(app, tmp_path, sockets=websocket.sockets(30)) as opened:
        url = opened.url.replace("https", "wss")
        async with connect(url, ssl=opened.trust("http/1.1")) as client:
            await client.send("x" * 100_000)
            assert len(await client.recv()) == 100_000


async def test_http_2_has_none(tmp_path: Path) -> None:
    ear = Ear()
    async with (
        tls_door(ScriptedApp(ear.take), tmp_path, sockets=websocket.sockets(30)) as opened,
        opened.http(http2=True) as http,
    ):
        assert (await http.get("/ws")).status_code == 426
    assert ear.socket is None


async def test_a_door_for_which_they_are_switched_off_has_none() -> None:
    async with plain_door(Ear(), None) as door:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{door.port}/ws")
        assert refused.value.response.status_code == 426


async def test_compression_is_offered_and_not_agreed_on() -> None:
    async with (
        plain_door(Ear()) as door,
        connect(f"ws://127.0.0.1:{door.port}/ws", compression="deflate") as client,
    ):
        assert client.protocol.extensions == []
        await client.send("hello")
        assert await client.recv() == "hello"


async def test_a_message_is_as_long_as_a_post_may_be() -> None:
    ear = Ear(echo=False)
    async with (
        plain_door(ear) as door,
        connect(f"ws://127.0.0.1:{door.port}/ws", compression=None) as client,
    ):
        await client.send(["x" * (MCP_BODY // 2)] * 2)  # in two fragments
        assert len(await ear.next()) == MCP_BODY
        await client.send("x" * (MCP_BODY + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_a_client_that_answers_pings_stays() -> None:
    ear = Ear()
    async with (
        plain_door(ear, 0.02) as door,
        connect(f"ws://127.0.0.1:{door.port}/ws", ping_interval=None) as client,
    ):
        with pytest.raises(TimeoutError):  # ten pings long
            await asyncio.wait_for(client.recv(), 0.2)
        await client.send("still here")
        assert await client.recv() == "still here"


async def test_a_drain_sends_clients_away() -> None:
    async with (
        plain_door(Ear()) as door,
        connect(f"ws://127.0.0.1:{door.port}/ws") as client,
    ):
        assert await door.drain(10)
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
