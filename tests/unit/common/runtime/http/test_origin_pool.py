"""Which connection a call gets, who waits, and what becomes of stale connections."""

import asyncio
import re

import pytest
from typing_extensions import override

from mcpgateway.common.errors import (
    GatewayError,
    Unavailable,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import Origin, PoolLimits, Timeouts
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.origin_pool import OriginPool
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.http.tls import profile
from support.http import DEADLINE, BadServer, Recorder, answers, free_port, read_request
from support.wait import until

POST = b"POST /mcp HTTP/1.1\r\nhost: a\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Held:
    """An upstream that answers when it is told to."""

    def __init__(self) -> None:
        self.waiting = 0
        self._answers = asyncio.Semaphore(0)

    async def script(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            self.waiting += 1
            await self._answers.acquire()
            self.waiting -= 1
            writer.write(OK)

    def answer(self) -> None:
        self._answers.release()


def origin_of(server: BadServer) -> Origin:
    return Origin("http", "127.0.0.1", server.port)


async def ask(pool: Pool, origin: Origin, *, safe: bool = False) -> Recorder:
    recorder = Recorder()
    pool.send(origin, POST, b"{}", recorder, safe=safe)
    return await recorder.finished()


async def test_calls_one_after_the_other_share_a_connection() -> None:
    async with BadServer(answers(*[OK] * 5, then_close=False)) as server:
        pool = Pool()
        for _ in range(5):
            assert (await ask(pool, origin_of(server))).body == b"ok"
        assert server.connections == 1
        await pool.aclose()


async def test_calls_at_once_get_connections_up_to_the_limit_and_the_rest_wait_in_order() -> None:
    held = Held()
    async with BadServer(held.script) as server:
        pool = Pool(PoolLimits(connections=2))
        recorders = [Recorder() for _ in range(5)]
        for recorder in recorders:
            pool.send(origin_of(server), POST, b"", recorder)
        await until(lambda: held.waiting == 2, "both connections are busy", DEADLINE)
        for _ in recorders:
            held.answer()
        for recorder in recorders:
            assert (await recorder.finished()).body == b"ok"
        assert server.connections == 2
        await pool.aclose()


async def test_a_call_beyond_connections_and_waiters_is_refused_and_the_others_are_served() -> None:
    held = Held()
    async with BadServer(held.script) as server:
        pool = Pool(PoolLimits(connections=1, waiters=1))
        served = [Recorder(), Recorder()]
        for recorder in served:
            pool.send(origin_of(server), POST, b"", recorder)
        refused = Recorder()
        pool.send(origin_of(server), POST, b"", refused)
        assert refused.calls == []  # a receiver is never called before it has its ticket
        assert isinstance((await refused.finished()).error, Unavailable)
        for recorder in served:
            held.answer()
            assert (await recorder.finished()).body == b"ok"
        await pool.aclose()


@pytest.mark.parametrize(
    ("timeouts", "kind", "says"),
    [
        (Timeouts(connect=0, busy=0.2), Unavailable, "1 connections .* busy: none .* within 0.2 s"),
        (Timeouts(total=0.2), UpstreamTimeout, "within 0.2 s, which is all that the call has"),
    ],
)
async def test_a_call_that_waits_too_long_for_a_busy_connection_fails_unsent(
    timeouts: Timeouts, kind: type[GatewayError], says: str
) -> None:
    held = Held()
    async with BadServer(held.script) as server:
        pool = Pool(PoolLimits(connections=1))
        first, late = Recorder(), Recorder()
        pool.send(origin_of(server), POST, b"", first)
        pool.send(origin_of(server), POST, b"", late, timeouts=timeouts)
        error = (await late.finished()).error
        assert isinstance(error, kind)
        assert re.search(says, error.message)
        assert held.waiting == 1
        held.answer()
        assert (await first.finished()).body == b"ok"
        await pool.aclose()


async def test_a_cancelled_waiter_is_skipped() -> None:
    held = Held()
    async with BadServer(held.script) as server:
        pool = Pool(PoolLimits(connections=1))
        first, cancelled, last = Recorder(), Recorder(), Recorder()
        pool.send(origin_of(server), POST, b"", first)
        ticket = pool.send(origin_of(server), POST, b"", cancelled)
        pool.send(origin_of(server), POST, b"", last)
        ticket.cancel()
        held.answer()
        held.answer()
        assert (await last.finished()).body == b"ok"
        assert cancelled.calls == []
        await pool.aclose()


async def test_a_stale_connection_is_replaced_once_for_a_safe_call() -> None:
    stale = answers(OK, b"")  # closes at the second request, without a byte
    async with BadServer(stale, answers(OK)) as server:
        pool = Pool()
        for _ in range(2):
            assert (await ask(pool, origin_of(server), safe=True)).body == b"ok"
        assert server.connections == 2
        await pool.aclose()


async def test_a_stale_connection_fails_an_unsafe_call_with_its_outcome_unknown() -> None:
    async with BadServer(answers(OK, b""), answers(OK)) as server:
        pool = Pool()
        await ask(pool, origin_of(server))
        error = (await ask(pool, origin_of(server))).error
        assert isinstance(error, UpstreamRejected)
        assert error.outcome_unknown
        assert server.connections == 1
        await pool.aclose()


async def test_a_safe_call_is_sent_again_at_most_once() -> None:
    async with BadServer(answers(OK, b""), answers(b"")) as server:
        pool = Pool()
        await ask(pool, origin_of(server), safe=True)
        error = (await ask(pool, origin_of(server), safe=True)).error
        assert isinstance(error, UpstreamRejected)
        assert server.connections == 2
        await pool.aclose()


async def test_a_fresh_connection_that_closes_unanswered_is_not_tried_again() -> None:
    async with BadServer(answers(b""), answers(OK)) as server:
        pool = Pool()
        assert isinstance((await ask(pool, origin_of(server), safe=True)).error, UpstreamRejected)
        assert server.connections == 1
        await pool.aclose()


async def test_a_safe_call_is_not_sent_again_once_an_answer_began() -> None:
    async with BadServer(answers(OK, b"HTTP/1.1 2"), answers(OK)) as server:
        pool = Pool()
        await ask(pool, origin_of(server), safe=True)
        assert isinstance((await ask(pool, origin_of(server), safe=True)).error, UpstreamRejected)
        assert server.connections == 1
        await pool.aclose()


@pytest.mark.parametrize(
    "header", [b"", b"Keep-Alive: timeout=0\r\n", b"Keep-Alive: timeout=60\r\n"]
)
async def test_reuse_keeps_to_the_peer_s_keep_alive_timeout_or_else_to_ours(header: bytes) -> None:
    response = b"HTTP/1.1 200 OK\r\n" + header + b"Content-Length: 2\r\n\r\nok"
    ours = 0.0 if header != b"Keep-Alive: timeout=0\r\n" else 60.0
    async with BadServer(answers(*[response] * 2, then_close=False)) as server:
        pool = Pool(PoolLimits(keepalive_seconds=ours))
        for _ in range(2):
            assert (await ask(pool, origin_of(server))).body == b"ok"
        assert server.connections == (1 if b"60" in header else 2)
        await pool.aclose()


async def test_idle_connections_are_closed_when_their_time_is_over() -> None:
    closed = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        assert await reader.read() == b""
        closed.set()

    async with BadServer(script) as server:
        pool = Pool(PoolLimits(keepalive_seconds=0.05))
        await ask(pool, origin_of(server))
        await asyncio.wait_for(closed.wait(), DEADLINE)
        await pool.aclose()


async def test_bytes_that_nobody_asked_for_close_an_idle_connection() -> None:
    left = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await writer.drain()
        await spoken.wait()
        writer.write(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        await reader.read()
        left.set()

    spoken = asyncio.Event()
    async with BadServer(script, answers(OK)) as server:
        pool = Pool(PoolLimits(keepalive_seconds=60))
        await ask(pool, origin_of(server))
        spoken.set()
        await asyncio.wait_for(left.wait(), DEADLINE)
        assert (await ask(pool, origin_of(server))).body == b"ok"
        assert server.connections == 2
        await pool.aclose()


async def test_an_unreachable_origin_fails_every_waiting_call() -> None:
    pool = Pool(PoolLimits(connections=2))
    origin = Origin("http", "127.0.0.1", free_port())
    recorders = [Recorder() for _ in range(10)]
    for recorder in recorders:
        pool.send(origin, POST, b"", recorder)
    for recorder in recorders:
        error = (await recorder.finished()).error
        assert isinstance(error, UpstreamUnreachable)
        assert "connection refused" in error.message
    await pool.aclose()


async def test_closing_an_origin_closes_idle_connections_and_lets_busy_ones_finish() -> None:
    held = Held()
    async with BadServer(answers(OK, then_close=False), held.script, answers(OK)) as server:
        pool = Pool(PoolLimits(keepalive_seconds=60))
        await ask(pool, origin_of(server))
        pool.close_origin(origin_of(server))
        busy = Recorder()
        pool.send(origin_of(server), POST, b"", busy)
        await until(lambda: held.waiting == 1, "the call is under way", DEADLINE)
        pool.close_origin(origin_of(server))
        held.answer()
        assert (await busy.finished()).body == b"ok"
        assert (await ask(pool, origin_of(server))).body == b"ok"
        assert server.connections == 3
        await pool.aclose()


async def test_closing_the_pool_fails_what_is_under_way() -> None:
    held = Held()
    async with BadServer(held.script) as server:
        pool = Pool(PoolLimits(connections=1))
        recorders = [Recorder(), Recorder()]
        for recorder in recorders:
            pool.send(origin_of(server), POST, b"", recorder)
        await until(lambda: held.waiting == 1, "the first call is under way", DEADLINE)
        await pool.aclose()
        assert [type(recorder.error) for recorder in recorders] == [Unavailable, Unavailable]
        with pytest.raises(Unavailable, match="closed"):
            pool.send(origin_of(server), POST, b"", Recorder())


class Moved(Dialer):
    """Finds the addresses that a test says."""

    found: frozenset[str] | None = None
    asked = 0

    @override
    async def current(self, origin: Origin) -> frozenset[str] | None:
        self.asked += 1
        return self.found


async def test_connections_to_an_address_that_the_name_has_no_more_are_left() -> None:
    """Idle ones at once, busy ones when their call is done; a name service that is away changes
    nothing."""
    held, left, empty = Held(), asyncio.Event(), asyncio.Event()

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await reader.read()
        left.set()

    loop = asyncio.get_running_loop()
    dialer = Moved(lambda _: AddressPolicy(loopback=True), profile(), loop)
    limits = PoolLimits(keepalive_seconds=60, address_seconds=0.02)
    async with BadServer(once, held.script) as server:
        pool = OriginPool(origin_of(server), limits, dialer, loop, lambda _: empty.set())
        idle, busy = Recorder(), Recorder()
        for recorder in (idle, busy):
            pool.submit(Call(POST, b"", recorder, False, Timeouts()))
        await idle.finished()
        await until(lambda: dialer.asked > 2, "the addresses were looked for", DEADLINE)
        assert not left.is_set()
        dialer.found = frozenset({"127.0.0.9"})
        await asyncio.wait_for(left.wait(), DEADLINE)
        assert not busy.over.is_set()
        held.answer()
        assert (await busy.finished()).body == b"ok"
        await asyncio.wait_for(empty.wait(), DEADLINE)


async def test_connections_stay_while_the_name_has_their_address() -> None:
    loop = asyncio.get_running_loop()
    dialer = Moved(lambda _: AddressPolicy(loopback=True), profile(), loop)
    dialer.found = frozenset({"127.0.0.1", "127.0.0.9"})
    async with BadServer(answers(OK, OK, then_close=False)) as server:
        limits = PoolLimits(keepalive_seconds=60, address_seconds=0.02)
        pool = OriginPool(origin_of(server), limits, dialer, loop, lambda _: None)
        for asked in (2, 4):
            recorder = Recorder()
            pool.submit(Call(POST, b"", recorder, False, Timeouts()))
            await recorder.finished()
            await until(lambda asked=asked: dialer.asked > asked, "looked again", DEADLINE)
        assert server.connections == 1
        pool.retire()
