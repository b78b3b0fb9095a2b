"""The coroutine style, from URL to body."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mcpgateway.common.errors import (
    InvalidCall,
    TooLarge,
    Unavailable,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.http.client import PoolLimits, Timeouts
from mcpgateway.common.runtime.http.pool import Pool
from support.http import DEADLINE, BadServer, ScriptedApp, answers, free_port, read_request, serving


async def test_a_request_reaches_the_server_as_it_was_meant() -> None:
    app = ScriptedApp()
    async with serving(app) as listener:
        pool = Pool()
        url = f"http://127.0.0.1:{listener.port}/a/b?c=d"
        async with await pool.request("PUT", url, [(b"x", b"y")], b"body") as response:
            assert (response.status, response.header(b"x-path")) == (200, b"/a/b")
            assert await response.read(100) == b"body"
        (exchange,) = app.handled
        assert (exchange.method, exchange.query) == ("PUT", "c=d")
        assert exchange.header(b"host") == b"127.0.0.1:%d" % listener.port
        assert exchange.header(b"x") == b"y"
        await pool.aclose()


async def test_an_iterator_body_goes_out_as_it_comes_and_its_connection_is_kept() -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000
            yield b""

    app = ScriptedApp()
    async with serving(app) as listener:
        pool = Pool()
        for _ in range(2):
            url = f"http://127.0.0.1:{listener.port}/"
            async with await pool.request("POST", url, body=body()) as response:
                assert len(await response.read(1 << 20)) == 1_000_000
        assert listener.connections == 1
        await pool.aclose()
    assert app.handled[0].header(b"transfer-encoding") == b"chunked"


async def test_an_iterator_body_is_read_no_faster_than_the_server_takes_it() -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 100_000
            yield b"x" * 100_000

    async def never_read(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with BadServer(never_read) as server:
        pool = Pool(timeouts=Timeouts(idle=0.2))
        with pytest.raises(UpstreamTimeout, match="did not take the request body"):
            await pool.request("POST", f"http://127.0.0.1:{server.port}/", body=body())
        assert taken < 100_000_000
        await pool.aclose()


async def test_an_iterator_that_fails_fails_the_request_with_its_own_error() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        raise TooLarge("over 1 byte")

    async with serving(ScriptedApp()) as listener:
        pool = Pool()
        with pytest.raises(TooLarge):
            await pool.request("POST", f"http://127.0.0.1:{listener.port}/", body=body())
        await pool.aclose()


async def test_an_answer_before_the_end_of_the_body_stops_the_body() -> None:
    closed = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"x"
            await asyncio.Event().wait()
        finally:
            closed.set()

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async with BadServer(early) as server:
        pool = Pool()
        url = f"http://127.0.0.1:{server.port}/"
        async with await pool.request("POST", url, body=body()) as response:
            assert response.status == 413
            assert await response.read(10) == b""
        await asyncio.wait_for(closed.wait(), DEADLINE)
        await pool.aclose()


async def test_cancelling_a_request_closes_its_connection() -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_request(reader)
        asked.set()
        await reader.read()
        left.set()

    async with BadServer(silent) as server:
        pool = Pool()
        task = asyncio.ensure_future(pool.request("GET", f"http://127.0.0.1:{server.port}/"))
        await asyncio.wait_for(asked.wait(), DEADLINE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(left.wait(), DEADLINE)
        await pool.aclose()


async def test_a_policy_decides_by_origin_whom_the_pool_may_call() -> None:
    async with serving(ScriptedApp()) as listener:
        pool = Pool(policy_of=lambda origin: AddressPolicy(loopback=origin.host == "127.0.0.1"))
        async with await pool.request("GET", f"http://127.0.0.1:{listener.port}/") as response:
            assert response.status == 200
        with pytest.raises(UpstreamUnreachable, match="SSRF_ALLOW_LOCALHOST"):
            await pool.request("GET", f"http://localhost:{listener.port}/")
        await pool.aclose()


async def test_redirects_are_the_caller_s_business() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with BadServer(answers(moved)) as server:
        pool = Pool()
        async with await pool.request("GET", f"http://127.0.0.1:{server.port}/") as response:
            assert (response.status, response.header(b"location")) == (302, b"/elsewhere")
        await pool.aclose()


async def test_a_url_that_can_not_be_called_is_the_caller_s_error() -> None:
    pool = Pool()
    with pytest.raises(InvalidCall, match="http://"):
        await pool.request("GET", "ftp://a/")
    await pool.aclose()


async def test_a_failure_within_the_body_is_raised_where_the_body_is_read() -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"
    async with BadServer(answers(short)) as server:
        pool = Pool()
        async with await pool.request("GET", f"http://127.0.0.1:{server.port}/") as response:
            chunks = response.chunks()
            assert await anext(chunks) == b"ok"
            with pytest.raises(UpstreamRejected, match="2 of 5"):
                await anext(chunks)
        await pool.aclose()


async def test_connections_waits_and_failures_are_counted_over_all_origins() -> None:
    async def one(pool: Pool, port: int) -> None:
        async with await pool.request("GET", f"http://127.0.0.1:{port}/") as response:
            await response.read(100)

    async with serving(ScriptedApp()) as listener:
        pool = Pool(PoolLimits(connections=1, waiters=0))
        for _ in range(2):
            await one(pool, listener.port)
        assert pool.sizes == (1, 1, 0)
        both = asyncio.gather(
            one(pool, listener.port), one(pool, listener.port), return_exceptions=True
        )
        assert [type(each) for each in await both] == [type(None), Unavailable]
        with pytest.raises(UpstreamUnreachable):
            await one(pool, free_port())
        counts = pool.counts
        assert (counts.connected, counts.failed, counts.turned_away) == (1, 1, 1)
        assert counts.waited == 3  # the first of each origin, and the one that was turned away
        await pool.aclose()
        assert pool.sizes == (0, 0, 0)
