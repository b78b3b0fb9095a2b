"""The response side of the ASGI door: order, limits, back-pressure, and ends of all kinds."""

import asyncio
from typing import Any

import pytest

from mcpgateway.common.runtime.http.exchange import Exchange, ServerLimits
from mcpgateway.data_plane.doors.asgi_exchange import PIECE, Aborted
from support.asgi import Peer, http_scope, peer
from support.http import DEADLINE, ScriptedApp


async def asked(app: ScriptedApp, client: Peer) -> Exchange:
    client.send()
    return await app.next()


async def test_a_whole_response_has_its_length_and_a_date() -> None:
    app = ScriptedApp(answer=lambda exchange: exchange.respond(201, [(b"x", b"y")], b"hello"))
    async with peer(app) as client:
        client.send()
        status, headers, body = await client.response()
        await client.over()
    assert (status, body) == (201, b"hello")
    assert headers[b"content-length"] == b"5"
    assert headers[b"x"] == b"y"
    assert headers[b"date"].endswith(b"GMT")


async def test_a_date_that_the_application_gives_stands_alone() -> None:
    app = ScriptedApp(answer=lambda exchange: exchange.respond(200, [(b"date", b"then")]))
    async with peer(app) as client:
        client.send()
        head = await client.next()
    assert [value for name, value in head["headers"] if name == b"date"] == [b"then"]


async def test_headers_of_one_hop_are_left_out() -> None:
    """HTTP/2 has none: a response with one would not be sent at all."""
    lines = [(b"connection", b"close"), (b"transfer-encoding", b"chunked"), (b"x", b"y")]
    app = ScriptedApp(answer=lambda exchange: exchange.respond(200, lines))
    async with peer(app) as client:
        client.send()
        _, headers, _ = await client.response()
    assert set(headers) == {b"x", b"date", b"content-length"}


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_a_response_without_a_body_has_none(method: str, status: int) -> None:
    app = ScriptedApp(answer=lambda exchange: exchange.respond(status, (), b"body"))
    async with peer(app, http_scope(method=method)) as client:
        client.send()
        _, headers, body = await client.response()
    assert body == b""
    assert headers.get(b"content-length") == (None if status == 204 else b"4")


async def test_pieces_of_a_streamed_response_go_out_one_by_one() -> None:
    app = ScriptedApp(answer=None)
    async with peer(app) as client:
        exchange = await asked(app, client)
        exchange.start(200, [(b"content-type", b"text/event-stream")])
        assert (await client.next())["status"] == 200
        for piece in (b"one", b"two"):
            exchange.write(piece)
            message = await client.next()
            assert (message["body"], message["more_body"]) == (piece, True)
        exchange.end()
        assert (await client.next())["more_body"] is False
        await client.over()


@pytest.mark.parametrize("written", [b"ab", b"abcd"])
async def test_a_body_that_is_not_as_long_as_declared_is_cut_off(written: bytes) -> None:
    app = ScriptedApp(answer=None)
    async with peer(app) as client:
        exchange = await asked(app, client)
        exchange.start(200, [(b"content-length", b"3")])
        with pytest.raises(ValueError, match="Content-Length"):  # noqa: PT012 - either call raises
            exchange.write(written)
            exchange.end()
        with pytest.raises(Aborted):
            await client.over()


async def test_an_exchange_is_answered_once() -> None:
    app = ScriptedApp(answer=None)
    async with peer(app) as client:
        exchange = await asked(app, client)
        with pytest.raises(RuntimeError):
            exchange.write(b"early")
        exchange.respond(200, ())
        with pytest.raises(RuntimeError):
            exchange.respond(200, ())
        with pytest.raises(RuntimeError):
            exchange.write(b"late")


async def test_a_header_that_would_break_the_framing_is_an_error() -> None:
    app = ScriptedApp(answer=None)
    async with peer(app) as client:
        exchange = await asked(app, client)
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            exchange.respond(200, [(b"x", b"a\r\nb: c")])


async def test_an_application_that_fails_is_answered_for_or_cut_off() -> None:
    def fail(exchange: Exchange) -> None:
        if exchange.path == "/begun":
            exchange.start(200, ())
        raise LookupError

    async with peer(ScriptedApp(answer=fail)) as client:
        client.send()
        assert (await client.response())[0] == 500
    async with peer(ScriptedApp(answer=fail), http_scope("/begun")) as client:
        client.send()
        with pytest.raises(Aborted):
            await client.over()


async def test_an_aborted_response_is_cut_off_and_the_application_hears_of_it() -> None:
    app = ScriptedApp(answer=None)
    gone = asyncio.Event()
    async with peer(app) as client:
        exchange = await asked(app, client)
        exchange.on_gone(gone.set)
        exchange.start(200, ())
        await client.next()
        exchange.abort()
        assert not gone.is_set()  # who aborts is not called back from within
        with pytest.raises(Aborted):
            await client.over()
    assert gone.is_set()


async def test_a_slow_peer_makes_the_exchange_unwritable_until_it_has_read() -> None:
    app = ScriptedApp(answer=None)
    changes: list[bool] = []
    async with peer(app, limits=ServerLimits(send_high_water=2 * PIECE), room=1) as client:
        exchange = await asked(app, client)
        exchange.on_writable(changes.append)
        exchange.start(200, ())
        await exchange.drain()
        exchange.write(b"x" * (3 * PIECE))
        assert (exchange.writable, changes) == (False, [False])
        drained = asyncio.create_task(exchange.drain())
        read = 0
        while read < 3 * PIECE:
            assert not (drained.done() and read < PIECE)
            read += len((await client.next()).get("body", b""))
        await asyncio.wait_for(drained, DEADLINE)
        assert (exchange.writable, changes) == (True, [False, True])


async def test_a_peer_that_leaves_is_told_to_the_application_once() -> None:
    app = ScriptedApp(answer=None)
    calls: list[int] = []
    async with peer(app, limits=ServerLimits(send_high_water=1), room=2) as client:
        exchange = await asked(app, client)
        exchange.on_gone(lambda: calls.append(1))
        exchange.start(200, ())
        exchange.write(b"x" * PIECE * 9)  # more than there is room for
        waiting = asyncio.create_task(exchange.drain())
        client.leave()
        with pytest.raises(ConnectionError):
            await waiting
        await client.over()
        assert (calls, exchange.gone) == ([1], True)
        exchange.on_gone(lambda: calls.append(2))  # at once: it is gone already
        assert calls == [1, 2]
        exchange.write(b"nobody hears this")
        exchange.end()
        with pytest.raises(ConnectionError):
            await exchange.drain()


async def test_a_peer_that_does_not_read_is_cut_off_after_a_while() -> None:
    app = ScriptedApp(answer=None)
    async with peer(app, limits=ServerLimits(send_seconds=0.05), room=1) as client:
        exchange = await asked(app, client)
        exchange.start(200, ())
        exchange.write(b"x" * PIECE * 2)
        with pytest.raises(Aborted):
            await client.over()
        assert (exchange.gone, client.home.counts.stalled) == (True, 1)


async def test_an_exchange_that_is_over_calls_nobody_back() -> None:
    app = ScriptedApp(answer=None)
    calls: list[Any] = []
    async with peer(app) as client:
        exchange = await asked(app, client)
        exchange.on_gone(lambda: calls.append("gone"))
        exchange.respond(200, (), b"done")
        client.leave()
        await client.over()
    assert (calls, exchange.gone, exchange.ended) == ([], False, True)
