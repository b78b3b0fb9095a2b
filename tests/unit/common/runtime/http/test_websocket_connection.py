"""Sockets as clients see them: exact bytes over a real connection."""

import asyncio
import logging
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from mcpgateway.common.runtime.http.exchange import Exchange, ServerLimits
from mcpgateway.common.runtime.http.server import Beside, Listener
from mcpgateway.common.runtime.http.websocket_connection import SocketLimits, WebSocketConnection
from support.http import DEADLINE, RawClient, ScriptedApp, raw_client
from support.wait import until
from support.websockets import (
    BINARY,
    CLOSE,
    CONTINUED,
    PING,
    PONG,
    TEXT,
    Ear,
    closing,
    frame,
    handshake,
    next_frame,
    opened,
)

LIMITS = SocketLimits(message_bytes=10_000, unsent_bytes=1 << 20, ping_seconds=60, close_seconds=10)
HASTY = SocketLimits(message_bytes=10_000, ping_seconds=0.02, close_seconds=0.05)


@asynccontextmanager
async def listening(
    ear: Ear, limits: SocketLimits | None = LIMITS, **server: Any
) -> AsyncIterator[Listener]:
    """Without `limits` there are no sockets."""
    made = None if limits is None else partial(WebSocketConnection, limits=limits)
    app = ScriptedApp(ear.take)
    bounds = ServerLimits(**server)
    listener = await Listener.open(app, "127.0.0.1", 0, bounds, beside=Beside(sockets=made))
    try:
        yield listener
    finally:
        await listener.close()


@asynccontextmanager
async def connected(
    ear: Ear, limits: SocketLimits | None = LIMITS, **server: Any
) -> AsyncIterator[RawClient]:
    async with listening(ear, limits, **server) as listener, raw_client(listener.port) as client:
        yield client


async def closed_with(client: RawClient, code: int) -> None:
    """The server says why it closes; the client agrees, and the connection ends."""
    last = await next_frame(client)
    assert (last.opcode, last.code) == (CLOSE, code), last
    client.send(closing(code))
    client.writer.write_eof()
    assert await client.rest() == b""


# The handshake.


async def test_a_handshake_opens_a_socket_that_talks_both_ways() -> None:
    ear = Ear()
    async with connected(ear) as client:
        head = await opened(client, b"Sec-WebSocket-Protocol: x, mcp")
        assert head.header("sec-websocket-protocol") == "mcp"
        client.send(frame(TEXT, b"hello"))
        assert await next_frame(client) == (TEXT, b"hello")


async def test_messages_right_behind_the_handshake_are_heard() -> None:
    ear = Ear()
    async with connected(ear) as client:
        behind = b"".join(frame(TEXT, b"%d" % number + b"x" * 6_000) for number in range(5))
        await opened(client, behind=behind)
        for number in range(5):
            assert (await next_frame(client)).payload[:1] == b"%d" % number


async def test_a_handshake_may_come_in_pieces() -> None:
    ear = Ear()
    async with connected(ear) as client:
        for byte in handshake() + frame(TEXT, b"hi"):
            client.send(bytes([byte]))
            await client.writer.drain()
        assert (await client.head()).status == 101
        assert await next_frame(client) == (TEXT, b"hi")


async def test_a_request_may_come_before_the_handshake_on_the_connection() -> None:
    ear = Ear()
    async with connected(ear) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.response()).status == 426
        await opened(client)
        client.send(frame(TEXT, b"hi"))
        assert await next_frame(client) == (TEXT, b"hi")


@pytest.mark.parametrize(
    "bad",
    [
        handshake(without=b"Upgrade"),
        handshake(without=b"Connection"),
        handshake(without=b"Sec-WebSocket-Key"),
        handshake(b"Sec-WebSocket-Version: 8"),
        handshake(method=b"POST"),
        handshake().replace(b"HTTP/1.1", b"HTTP/1.0"),
        handshake(b"Content-Length: 2") + b"{}",
        handshake(b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    ],
    ids=[
        "no upgrade",
        "no connection",
        "no key",
        "two versions",
        "POST",
        "HTTP/1.0",
        "a body",
        "an empty chunked body",
    ],
)
async def test_what_is_no_handshake_is_left_to_the_application(bad: bytes) -> None:
    ear = Ear()
    async with connected(ear) as client:
        client.send(bad)
        assert (await client.response()).status == 426
    assert ear.socket is None


async def test_a_listener_without_sockets_serves_the_request_as_it_stands() -> None:
    ear = Ear()
    async with connected(ear, None) as client:
        client.send(handshake())
        assert (await client.response()).status == 426
        client.send(handshake())  # and the connection goes on
        assert (await client.response()).status == 426


async def test_a_socket_that_comes_late_is_refused_when_more_was_read() -> None:
    """What is behind a handshake that was not answered in its turn was read as HTTP."""
    exchanges: list[Exchange] = []
    app = ScriptedApp(exchanges.append)
    made = partial(WebSocketConnection, limits=LIMITS)
    listener = await Listener.open(app, "127.0.0.1", 0, beside=Beside(sockets=made))
    async with raw_client(listener.port) as client:
        client.send(handshake() + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        exchange = await app.next()
        assert exchange.websocket(Ear()) is None
        exchange.respond(426, [])
        assert (await client.response()).status == 426
    await listener.close()


async def test_a_socket_may_come_late_when_nothing_is_behind() -> None:
    app = ScriptedApp(None)
    made = partial(WebSocketConnection, limits=LIMITS)
    listener = await Listener.open(app, "127.0.0.1", 0, beside=Beside(sockets=made))
    async with raw_client(listener.port) as client:
        client.send(handshake())
        ear = Ear()
        ear.take(await app.next())
        assert (await client.head()).status == 101
        client.send(frame(TEXT, b"hi"))
        assert await next_frame(client) == (TEXT, b"hi")
    await listener.close()


# Messages.


async def test_fragments_make_one_message_with_control_frames_between_them() -> None:
    ear = Ear()
    async with connected(ear) as client:
        await opened(client)
        client.send(frame(TEXT, b"a", final=False) + frame(PING, b"?") + frame(PONG))
        client.send(frame(CONTINUED, b"", final=False) + frame(CONTINUED, b"b"))
        assert await next_frame(client) == (PONG, b"?")
        assert await next_frame(client) == (TEXT, b"ab")


async def test_a_binary_message_comes_as_its_bytes() -> None:
    ear = Ear(echo=False)
    async with connected(ear) as client:
        await opened(client)
        client.send(frame(BINARY, b"\x00\xff"))
        assert await ear.next() == b"\x00\xff"


async def test_a_character_may_be_split_between_fragments() -> None:
    ear = Ear()
    async with connected(ear) as client:
        await opened(client)
        euro = "\N{EURO SIGN}".encode()
        client.send(frame(TEXT, euro[:1], final=False) + frame(CONTINUED, euro[1:]))
        assert await next_frame(client) == (TEXT, euro)


async def test_many_messages_in_one_read_are_all_heard_in_order() -> None:
    ear = Ear(echo=False)
    async with connected(ear) as client:
        await opened(client)
        client.send(b"".join(frame(TEXT, b"%d" % number) for number in range(500)))
        assert [await ear.next() for _ in range(500)] == [b"%d" % n for n in range(500)]


async def test_what_is_sent_that_is_not_utf_8_does_not_end_the_socket() -> None:
    ear = Ear(echo=False)
    async with connected(ear) as client:
        await opened(client)
        ear.open_socket.send(b"a\xffb")
        assert await next_frame(client) == (TEXT, "a\N{REPLACEMENT CHARACTER}b".encode())


async def test_a_message_at_the_limit_is_heard_and_one_over_it_closes() -> None:
    ear = Ear(echo=False)
    async with connected(ear) as client:
        await opened(client)
        client.send(frame(TEXT, b"x" * 10_000))
        assert len(await ear.next()) == 10_000
        client.send(frame(TEXT, b"x" * 10_001))
        await closed_with(client, 1009)
    assert (len(ear.heard), ear.ends) == (1, 1)


async def test_the_limit_is_for_all_fragments_together() -> None:
    ear = Ear()
    async with connected(ear) as client:
        await opened(client)
        client.send(frame(TEXT, b"x" * 9_000, final=False))
        client.send(frame(CONTINUED, b"x" * 1_001, final=False))
        await closed_with(client, 1009)


async def test_a_frame_that_only_promises_to_be_huge_takes_no_memory() -> None:
    ear = Ear()
    async with connected(ear) as client:
        await opened(client)
        client.send(b"\x81\xff" + (1 << 62).to_bytes(8, "big") + b"\0\0\0\0" + b"x" * 10_001)
        assert (await next_frame(client)).code == 1009


# Frames that are none.

BAD_FRAMES = {
    "unmasked": (frame(TEXT, b"x", masked=False), 1002),
    "a reserved bit": (frame(TEXT, b"x", bits=0x40), 1002),
    "an unknown opcode": (frame(3, b"x"), 1002),
    "a fragmented ping": (frame(PING, b"x", final=False), 1002),
    "a long ping": (frame(PING, b"x" * 126), 1002),
    "a continuation of nothing": (frame(CONTINUED, b"x"), 1002),
    "a message within a message": (frame(TEXT, b"x", final=False) + frame(TEXT, b"y"), 1002),
    "a length in too many bytes": (b"\x81\xfe\x00\x01" + b"\0\0\0\0x", 1002),
    "a negative length": (b"\x81\xff" + b"\xff" * 8 + b"\0\0\0\0", 1002),
    "bad UTF-8": (frame(TEXT, b"\xff"), 1007),
    "a half character at the end": (frame(TEXT, b"\xe2\x82"), 1007),
    "a close with half a code": (frame(CLOSE, b"\x03"), 1002),
    "a close with a forbidden code": (closing(1005), 1002),
    "a close with a bad reason": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
}


@pytest.mark.parametrize(("bad", "code"), BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
async def test_a_bad_frame_closes_the_socket_and_nothing_behind_it_is_heard(
    bad: bytes, code: int
) -> None:
    ear = Ear()
    async with connected(ear) as client:
        await opened(client)
        client.send(bad + frame(TEXT, b"behind"))
        await closed_with(client, code)
    assert (ear.heard, ear.ends) == ([], 1)


# The end.


async def test_a_clients_close_is_answered_and_the_connection_ends() -> None:
    ear = Ear()
    async with connected(ear) as client:
        await opened(client)
        client.send(closing(1000) + frame(TEXT, b"behind"))
        assert (await next_frame(client)).code == 1000
        assert await client.rest() == b""
    assert (ear.heard, ear.ends) == ([], 1)


async def test_a_connection_that_is_lost_is_told_once() -> None:
    ear = Ear()
    async with connected(ear) as client:
        await opened(client)
        client.writer.transport.abort()
        await ear.ended()
    assert ear.ends == 1


async def test_a_close_is_said_at_once_and_the_peers_close_is_awaited() -> None:
    ear = Ear()
    async with connected(ear) as client:
        await opened(client)
        ear.open_socket.close(1008, "why " + "x" * 200)
        assert ear.ends == 1
        ear.open_socket.send(b"too late")
        last = await next_frame(client)
        assert (last.code, len(last.payload)) == (1008, 125)
        client.send(frame(TEXT, b"crossed") + closing(1008))
        assert await client.rest() == b""
    assert (ear.heard, ear.ends) == ([], 1)


async def test_a_peer_that_does_not_answer_a_close_is_dropped() -> None:
    ear = Ear()
    async with connected(ear, HASTY) as client:
        await opened(client)
        ear.open_socket.close(1001)
        frames = await client.rest()  # pings may be before it
        assert frames.endswith(b"\x88\x02\x03\xe9")


async def test_a_drain_tells_sockets_to_go() -> None:
    ear = Ear()
    async with listening(ear) as listener, raw_client(listener.port) as client:
        await opened(client)
        draining = asyncio.ensure_future(listener.drain(DEADLINE))
        assert (await next_frame(client)).code == 1001
        client.send(closing(1001))
        assert await draining
    assert ear.ends == 1


async def test_a_listener_that_is_closed_drops_its_sockets() -> None:
    ear = Ear()
    async with listening(ear) as listener, raw_client(listener.port) as client:
        await opened(client)
        assert listener.connections == 1
        await listener.close()
        assert ear.ends == 1
        assert listener.connections == 0


async def test_a_listener_that_fails_costs_its_socket_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(Ear):
        def message(self, text: bytes) -> None:  # type: ignore[explicit-override]
            raise RuntimeError("on purpose")

    with caplog.at_level(logging.CRITICAL, "mcpgateway"):
        async with connected(Failing()) as client:
            await opened(client)
            client.send(frame(TEXT, b"x"))
            await closed_with(client, 1011)


# Signs of life, and peers that do not read.


async def test_a_silent_peer_is_pinged_twice_and_dropped() -> None:
    ear = Ear()
    async with connected(ear, HASTY) as client:
        await opened(client)
        assert await client.rest() == b"\x89\x00" * 2
    await ear.ended()


async def test_a_peer_that_answers_pings_stays() -> None:
    ear = Ear()
    async with connected(ear, HASTY) as client:
        await opened(client)
        for _ in range(6):
            assert (await next_frame(client)).opcode == PING
            client.send(frame(PONG))
        assert ear.ends == 0


async def slow_client(port: int) -> sockets.socket:
    """Shakes hands and reads nothing more; the kernel takes little for it."""
    made = sockets.socket()
    made.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    made.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(made, ("127.0.0.1", port))
    await loop.sock_sendall(made, handshake())
    return made


async def test_a_slow_reader_is_told_of_and_may_catch_up() -> None:
    ear = Ear(echo=False)
    told: list[bool] = []
    async with listening(ear, send_high_water=10_000) as listener:
        client = await slow_client(listener.port)
        await asyncio.wait_for(ear.opened.wait(), DEADLINE)
        ear.open_socket.on_writable(told.append)
        while ear.open_socket.writable:
            ear.open_socket.send(b"x" * 50_000)
        assert told == [False]
        loop = asyncio.get_running_loop()
        while len(told) == 1:
            await asyncio.wait_for(loop.sock_recv(client, 1 << 16), DEADLINE)
        assert told == [False, True]
        client.close()


async def test_a_reader_for_which_too_much_waits_is_cut_off() -> None:
    ear = Ear(echo=False)
    async with listening(ear) as listener:
        client = await slow_client(listener.port)
        await asyncio.wait_for(ear.opened.wait(), DEADLINE)
        sent = 0
        while not ear.ends:
            ear.open_socket.send(b"x" * 100_000)
            sent += 100_000
            assert sent < 100 << 20
        assert listener.counts.stalled == 1
        client.close()


async def test_a_reader_that_takes_nothing_for_long_is_cut_off() -> None:
    ear = Ear(echo=False)
    async with listening(ear, send_high_water=10_000, send_seconds=0.05) as listener:
        client = await slow_client(listener.port)
        await asyncio.wait_for(ear.opened.wait(), DEADLINE)
        while ear.open_socket.writable:
            ear.open_socket.send(b"x" * 50_000)
        await ear.ended()
        assert listener.counts.stalled == 1
        client.close()


async def test_nothing_is_read_from_a_peer_that_does_not_read() -> None:
    ear = Ear()
    async with listening(ear, send_high_water=10_000) as listener:
        client = await slow_client(listener.port)
        await asyncio.wait_for(ear.opened.wait(), DEADLINE)
        loop = asyncio.get_running_loop()
        flood = asyncio.ensure_future(loop.sock_sendall(client, frame(TEXT, b"x" * 9_000) * 2_000))

        async def paused() -> bool:
            return not ear.open_socket.writable

        await until(paused, "the echo waits for its reader")
        heard = len(ear.heard)
        assert heard < 1_900
        flood.cancel()
        client.close()


async def test_a_reader_that_stops_in_the_midst_of_the_end_is_cut_off() -> None:
    ear = Ear(echo=False)
    limits = SocketLimits(ping_seconds=60, close_seconds=0.01)
    async with listening(ear, limits, send_high_water=60_000, send_seconds=0.3) as listener:
        client = await slow_client(listener.port)
        await asyncio.wait_for(ear.opened.wait(), DEADLINE)
        while ear.open_socket.writable:
            ear.open_socket.send(b"x" * 50_000)
        socket = ear.open_socket
        socket.close(1008)
        loop = asyncio.get_running_loop()
        for _ in range(10_000):  # it reads until there is room
            assert await asyncio.wait_for(loop.sock_recv(client, 4096), DEADLINE)
            if socket.writable:
                break
        await until(lambda: listener.connections == 0, "it was cut off")
        client.close()
