import asyncio

import pytest

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.http.server import Listener
from support.http import DEADLINE, ScriptedApp, serving


def url(listener: Listener) -> str:
    return f"http://127.0.0.1:{listener.port}/"


async def test_a_body_over_the_reader_s_limit_is_rejected_and_its_connection_closed() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.start(200, [])
        exchange.write(b"x" * 11)
        exchange.on_gone(gone.set)

    gone = asyncio.Event()
    async with serving(ScriptedApp(answer)) as listener:
        pool = Pool()
        async with await pool.request("GET", url(listener)) as response:
            with pytest.raises(UpstreamRejected, match="over 10 bytes"):
                await response.read(10)
            await asyncio.wait_for(gone.wait(), DEADLINE)
        await pool.aclose()


async def test_leaving_closes_what_is_unread() -> None:
    gone = asyncio.Event()
    app = ScriptedApp(answer=None)
    async with serving(app) as listener:
        pool = Pool()
        asking = asyncio.ensure_future(pool.request("GET", url(listener)))
        exchange = await app.next()
        exchange.on_gone(gone.set)
        exchange.start(200, [])
        async with await asking:
            assert not gone.is_set()
        await asyncio.wait_for(gone.wait(), DEADLINE)
        await pool.aclose()


async def test_a_response_that_was_read_leaves_its_connection_to_the_next() -> None:
    async with serving(ScriptedApp()) as listener:
        pool = Pool()
        for _ in range(3):
            async with await pool.request("POST", url(listener), body=b"x") as response:
                assert await response.read(1) == b"x"
        assert listener.connections == 1
        await pool.aclose()


async def test_chunks_come_as_the_server_sends_them() -> None:
    app = ScriptedApp(answer=None)
    async with serving(app) as listener:
        pool = Pool()
        asking = asyncio.ensure_future(pool.request("GET", url(listener)))
        exchange = await app.next()
        exchange.start(200, [(b"content-type", b"text/event-stream")])
        async with await asking as response:
            chunks = response.chunks()
            for event in (b"data: 1\n\n", b"data: 2\n\n"):
                exchange.write(event)
                assert await asyncio.wait_for(anext(chunks), DEADLINE) == event
            exchange.end()
            with pytest.raises(StopAsyncIteration):
                await anext(chunks)
        await pool.aclose()


async def test_a_slow_reader_slows_the_server_down_and_loses_nothing() -> None:
    app = ScriptedApp(answer=None)
    async with serving(app) as listener:
        pool = Pool()
        asking = asyncio.ensure_future(pool.request("GET", url(listener)))
        exchange = await app.next()
        exchange.start(200, [])
        written = 0
        async with await asking as response:
            # Far more than every buffer between them: some of it is held up.
            while written < 50_000_000:
                exchange.write(b"x" * 1_000_000)
                written += 1_000_000
            assert not exchange.writable
            drained = asyncio.ensure_future(exchange.drain())
            done, _ = await asyncio.wait([drained], timeout=0.2)
            assert not done
            drained.add_done_callback(lambda _: exchange.end())
            assert sum([len(chunk) async for chunk in response.chunks()]) == written
        await pool.aclose()
