"""Streamed request bodies, from the socket to the application."""

import asyncio

import pytest

from mcpgateway.common.errors import TooLarge
from mcpgateway.common.runtime.http.exchange import Exchange, ServerLimits
from mcpgateway.common.runtime.http.request_body import HIGH_WATER
from support.http import DEADLINE, ScriptedApp, talking
from support.wait import until

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


async def collect(exchange: Exchange) -> bytes:
    return b"".join([piece async for piece in exchange.chunks()])


async def test_a_streamed_body_reaches_the_application_before_it_is_whole() -> None:
    app = ScriptedApp(answer=None, stream=True)
    async with talking(app) as client:
        client.send(HEAD % 6 + b"one")
        exchange = await app.next()
        pieces = exchange.chunks()
        assert await asyncio.wait_for(anext(pieces), DEADLINE) == b"one"
        client.send(b"two")
        assert await asyncio.wait_for(anext(pieces), DEADLINE) == b"two"
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)
        exchange.respond(200, [], b"done")
        assert (await client.response()).body == b"done"


async def test_a_large_streamed_body_arrives_whole_in_order() -> None:
    body = bytes(range(256)) * 20_000
    app = ScriptedApp(answer=None, stream=True, limit=len(body))
    async with talking(app) as client:
        client.send(HEAD % len(body) + body)
        exchange = await app.next()
        assert await asyncio.wait_for(collect(exchange), DEADLINE) == body
        exchange.respond(200, [])
        assert (await client.response()).status == 200


async def test_a_body_that_nobody_reads_stays_with_the_sender() -> None:
    size = 20_000_000
    app = ScriptedApp(answer=None, stream=True, limit=size)
    async with talking(app, ServerLimits(body_seconds=0.5)) as client:
        client.send(HEAD % size + b"x" * size)
        exchange = await app.next()
        # Longer than body_seconds: a silence of our own making is nobody's fault.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.8):
                await client.writer.drain()
        assert len(await asyncio.wait_for(collect(exchange), DEADLINE)) == size
        exchange.respond(200, [])
        assert (await client.response()).status == 200


async def test_a_declared_body_over_the_limit_never_starts() -> None:
    app = ScriptedApp(answer=None, stream=True, limit=10)
    async with talking(app) as client:
        client.send(HEAD % 11)
        assert (await client.response()).status == 413
    assert app.handled == []


async def test_a_chunked_body_over_the_limit_raises_where_it_is_read() -> None:
    app = ScriptedApp(answer=None, stream=True, limit=10)
    async with talking(app) as client:
        client.send(CHUNKED + b"b\r\n01234567890\r\n" + b"1\r\nx\r\n" * 100)
        exchange = await app.next()
        with pytest.raises(TooLarge, match="10 bytes"):
            await asyncio.wait_for(collect(exchange), DEADLINE)
        exchange.respond(413, [], b"mine")
        assert (await client.response()).body == b"mine"
        assert await client.rest() == b""


async def test_a_sender_that_leaves_is_a_connection_error() -> None:
    app = ScriptedApp(answer=None, stream=True)
    async with talking(app) as client:
        client.send(HEAD % 6 + b"one")
        exchange = await app.next()
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(collect(exchange), DEADLINE)


async def test_a_sender_that_falls_silent_is_a_connection_error_and_answered_408() -> None:
    app = ScriptedApp(answer=None, stream=True)
    async with talking(app, ServerLimits(body_seconds=0.1)) as client:
        client.send(HEAD % 6 + b"one")
        exchange = await app.next()
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(collect(exchange), DEADLINE)
        assert (await client.response()).status == 408


async def test_an_answer_before_the_end_of_the_body_closes_and_is_not_lost() -> None:
    size = HIGH_WATER * 100
    app = ScriptedApp(lambda exchange: exchange.respond(200, [], b"early"), stream=True, limit=size)
    async with talking(app) as client:
        client.send(HEAD % size + b"x" * (size // 2))
        response = await client.response()
        assert (response.body, response.header("connection")) == (b"early", "close")


async def test_a_streamed_body_behind_another_request_waits_its_turn() -> None:
    app = ScriptedApp(answer=None, stream=True)
    async with talking(app) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + HEAD % 200_000 + b"x" * 200_000)
        first = await app.next()
        assert len(app.heads) == 1
        first.respond(200, [])
        second = await app.next()
        assert len(await asyncio.wait_for(collect(second), DEADLINE)) == 200_000
        second.respond(204, [])
        assert (await client.response()).status == 200
        assert (await client.response()).status == 204


async def test_chunks_of_a_whole_body_give_that_body() -> None:
    app = ScriptedApp(answer=None)
    async with talking(app) as client:
        client.send(HEAD % 3 + b"abc")
        assert await collect(await app.next()) == b"abc"


async def test_streaming_both_ways_at_once_works() -> None:
    app = ScriptedApp(answer=None, stream=True)
    async with talking(app) as client:
        client.send(CHUNKED)
        exchange = await app.next()
        exchange.start(200, [])
        incoming, outgoing = exchange.chunks(), client.chunks()
        await client.head()
        for word in (b"one", b"two"):
            client.send(b"3\r\n" + word + b"\r\n")
            exchange.write(await asyncio.wait_for(anext(incoming), DEADLINE))
            assert await asyncio.wait_for(anext(outgoing), DEADLINE) == word
        client.send(b"0\r\n\r\n")
        await until(lambda: exchange_complete(exchange), "the body ended", DEADLINE)
        exchange.end()
        assert [chunk async for chunk in outgoing] == []
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        (await app.next()).respond(200, [])
        assert (await client.response()).status == 200


async def exchange_complete(exchange: Exchange) -> bool:
    return [piece async for piece in exchange.chunks()] == []
