import asyncio
from pathlib import Path

import pytest

from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.http.server import Listener
from mcpgateway.common.runtime.http.tls import Tls
from support.http import DEADLINE, ScriptedApp, raw_client, serving, talking
from support.tls import tls_pair
from support.wait import until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_draining_finishes_what_runs_and_says_that_the_connection_closes() -> None:
    app = ScriptedApp(answer=None)
    async with serving(app) as listener, raw_client(listener.port) as client:
        client.send(GET)
        exchange = await app.next()
        draining = asyncio.ensure_future(listener.drain(DEADLINE))
        await until(lambda: listener.draining, "the drain began", DEADLINE)
        exchange.respond(200, [], b"last")
        response = await client.response()
        assert (response.body, response.header("connection")) == (b"last", "close")
        assert await draining is True


async def test_draining_closes_idle_connections_at_once() -> None:
    async with serving(ScriptedApp()) as listener, raw_client(listener.port) as client:
        client.send(GET)
        await client.response()
        draining = asyncio.ensure_future(listener.drain(DEADLINE))
        assert await client.rest() == b""
        assert await draining is True


async def test_draining_stops_accepting() -> None:
    async with serving(ScriptedApp()) as listener:
        port = listener.port
        assert await listener.drain(DEADLINE) is True
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_draining_cuts_off_what_does_not_end_in_time() -> None:
    app = ScriptedApp(answer=None)
    gone = asyncio.Event()
    async with serving(app) as listener, raw_client(listener.port) as client:
        client.send(GET)
        exchange = await app.next()
        exchange.on_gone(gone.set)
        assert await listener.drain(0.05) is False
        assert gone.is_set()


async def test_a_stream_that_ends_while_draining_ends_the_connection() -> None:
    app = ScriptedApp(answer=None)
    async with serving(app) as listener, raw_client(listener.port) as client:
        client.send(GET)
        exchange = await app.next()
        exchange.start(200, [])
        await client.head()
        draining = asyncio.ensure_future(listener.drain(DEADLINE))
        await until(lambda: listener.draining, "the drain began", DEADLINE)
        exchange.write(b"bye")
        exchange.end()
        assert [chunk async for chunk in client.chunks()] == [b"bye"]
        assert await client.rest() == b""
        assert await draining is True


async def test_a_connection_over_the_limit_is_answered_503_and_the_others_go_on() -> None:
    limits = ServerLimits(connections=1)
    async with serving(ScriptedApp(), limits) as listener, raw_client(listener.port) as first:
        first.send(GET)
        await first.response()
        async with raw_client(listener.port) as second:
            assert (await second.response()).status == 503
            assert await second.rest() == b""
        first.send(GET)
        assert (await first.response()).status == 200


async def test_closing_tells_exchanges_that_the_peer_is_gone() -> None:
    app = ScriptedApp(answer=None)
    gone = asyncio.Event()
    async with serving(app) as listener, raw_client(listener.port) as client:
        client.send(GET)
        (await app.next()).on_gone(gone.set)
        await listener.close()
        assert gone.is_set()
        with pytest.raises(RuntimeError, match="closed"):
            _ = listener.port


async def test_two_listeners_share_a_port_when_both_ask_to() -> None:
    first = await Listener.open(ScriptedApp(), "127.0.0.1", 0, reuse_port=True)
    second = await Listener.open(ScriptedApp(), "127.0.0.1", first.port, reuse_port=True)
    assert second.port == first.port
    await first.close()
    await second.close()


async def test_tls_is_served_and_verified_and_seen_as_the_scheme(tmp_path: Path) -> None:
    tls = tls_pair(tmp_path)
    app = ScriptedApp()
    async with serving(app, tls=tls.server) as listener:
        pool = Pool(tls=Tls("test", lambda: tls.client))
        url = f"https://localhost:{listener.port}/a"
        async with await pool.request("POST", url, body=b"x" * 100_000) as response:
            assert await response.read(1 << 20) == b"x" * 100_000
        await pool.aclose()
    assert app.handled[0].scheme == "https"


async def test_the_date_is_rendered_at_most_once_a_second() -> None:
    async with talking(ScriptedApp()) as client:
        client.send(GET * 100)
        dates = {(await client.response()).header("date") for _ in range(100)}
    assert len(dates) <= 3


async def test_what_was_answered_and_refused_is_counted_by_status() -> None:
    async with serving(ScriptedApp(limit=1)) as listener:
        async with raw_client(listener.port) as client:
            client.send(GET)
            await client.response()
            chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            client.send(chunked + b"2\r\nab\r\n")
            await client.response()
        async with raw_client(listener.port) as client:
            client.send(b"NONSENSE\r\n\r\n")
            await client.response()
        counts = listener.counts
        assert (counts.accepted, counts.answered[200], counts.refused) == (2, 1, {413: 1, 400: 1})


async def test_bytes_are_counted_as_they_pass_the_socket_also_those_that_wait_unread() -> None:
    bodies = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789" * 99
    async with serving(ScriptedApp()) as listener, raw_client(listener.port) as client:
        client.send(bodies)
        for _ in range(99):
            await client.response()
        assert listener.counts.received == len(bodies)
        before = listener.counts.sent
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert len(await client.rest()) == listener.counts.sent - before
