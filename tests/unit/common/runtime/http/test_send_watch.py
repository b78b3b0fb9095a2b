import asyncio
from collections.abc import Iterator

import pytest
from typing_extensions import override

from mcpgateway.common.runtime.http import server_connection
from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.send_watch import SHARE, SendWatch
from support.http import DEADLINE, ScriptedApp, raw_client, serving, talking
from support.wait import until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LARGE = b"x" * 20_000_000  # more than the kernel takes for a peer that does not read
QUICK = ServerLimits(send_seconds=0.1, idle_seconds=0.3)


class Buffer(asyncio.WriteTransport):
    """Tells the sizes that it is given, one at each look."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self._sizes: Iterator[int] = iter(sizes)

    @override
    def get_write_buffer_size(self) -> int:
        return next(self._sizes)


@pytest.mark.parametrize(
    ("sizes", "why"),
    [
        ((9 * SHARE, 9 * SHARE), "nothing was taken"),
        ((9 * SHARE, 8 * SHARE, 7 * SHARE, 6 * SHARE + 1), "too little was taken, at last"),
        ((SHARE, 1), "little was left, and not all of it was taken"),
        ((9 * SHARE, 10 * SHARE), "more was written than taken"),
    ],
)
async def test_a_peer_that_takes_too_little_between_two_looks_is_told_of(
    sizes: tuple[int, ...], why: str
) -> None:
    buffer, stalled = Buffer(*sizes), asyncio.Event()
    SendWatch(asyncio.get_running_loop(), 0.001, stalled.set).begin(buffer)
    await asyncio.wait_for(stalled.wait(), DEADLINE)
    with pytest.raises(StopIteration):
        buffer.get_write_buffer_size()
    assert why


async def test_nothing_is_told_after_the_end() -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    ended, other = SendWatch(loop, 0.001, pytest.fail), SendWatch(loop, 0.002, told.set)
    for watch in (ended, other):
        watch.begin(Buffer(0, 0))
    ended.end()
    await asyncio.wait_for(told.wait(), DEADLINE)


async def test_a_reader_of_a_stream_that_stops_reading_is_cut_off_and_counted() -> None:
    app, gone = ScriptedApp(answer=None), asyncio.Event()
    async with serving(app, QUICK) as listener, raw_client(listener.port) as client:
        client.send(GET)
        exchange = await app.next()
        exchange.on_gone(gone.set)
        exchange.start(200, [])
        exchange.write(LARGE)
        assert not exchange.writable
        await asyncio.wait_for(gone.wait(), DEADLINE)
        assert listener.counts.stalled == 1


async def test_a_response_that_nobody_reads_does_not_keep_its_connection() -> None:
    app = ScriptedApp(lambda exchange: exchange.respond(200, [], LARGE))
    async with serving(app, QUICK) as listener, raw_client(listener.port) as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        await app.next()
        await until(lambda: listener.connections == 0, "the connection is gone", DEADLINE)
        assert listener.counts.stalled == 1


async def test_a_slow_reader_of_a_last_response_gets_it_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_connection, "LINGER", 0.01)
    limits = ServerLimits(send_seconds=DEADLINE, body_seconds=0.01, idle_seconds=0.3)
    app = ScriptedApp(lambda exchange: exchange.respond(200, [], LARGE))
    async with (
        serving(app, limits) as listener,
        raw_client(listener.port) as idle,
        raw_client(listener.port) as client,
    ):
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        await client.head()
        assert await idle.rest() == b""  # which took longer than the other limits
        assert await client.rest() == LARGE


async def test_a_reader_that_reads_in_time_is_not_cut_off() -> None:
    app = ScriptedApp(answer=None)
    async with talking(app, ServerLimits(send_seconds=0.3)) as client:
        for _ in range(3):
            client.send(GET)
            exchange = await app.next()
            exchange.start(200, [])
            exchange.write(LARGE)
            reading = asyncio.ensure_future(client.response())
            await asyncio.wait_for(exchange.drain(), DEADLINE)
            exchange.end()
            assert len((await reading).body) == len(LARGE)
