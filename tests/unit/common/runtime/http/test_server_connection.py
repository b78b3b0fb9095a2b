"""Order, time and pressure on one connection, over real sockets."""

import asyncio

import pytest

from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange, ServerLimits
from support.http import DEADLINE, ScriptedApp, raw_client, serving, talking
from support.wait import until

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
QUICK = ServerLimits(header_seconds=0.1, body_seconds=0.1, idle_seconds=0.1)


async def test_a_connection_serves_one_request_after_the_other() -> None:
    app = ScriptedApp()
    async with serving(app) as listener, raw_client(listener.port) as client:
        for number in range(3):
            client.send(GET % number)
            assert (await client.response()).header("x-path") == f"/{number}"
        assert listener.connections == 1


async def test_pipelined_requests_are_answered_in_order_though_one_is_slow() -> None:
    app = ScriptedApp(answer=None)
    async with talking(app) as client:
        client.send(b"".join(GET % number for number in range(5)))
        for number in range(5):
            exchange = await app.next()
            assert len(app.heads) == number + 1  # the next one is not begun before this one ends
            exchange.respond(200, [], exchange.path.encode())
        assert [(await client.response()).body for _ in range(5)] == [
            b"/%d" % number for number in range(5)
        ]


async def test_thousands_of_pipelined_requests_are_all_answered() -> None:
    app = ScriptedApp()
    async with talking(app) as client:
        client.send(b"".join(GET % number for number in range(5_000)))
        for number in range(5_000):
            assert (await client.response()).header("x-path") == f"/{number}"


async def test_a_pipeliner_is_not_read_from_while_its_first_request_runs() -> None:
    app = ScriptedApp(answer=None)
    async with talking(app) as client:
        flood = (POST % 1_000 + b"x" * 1_000) * 20_000
        client.send(flood)
        await app.next()
        # 20 MB do not fit into the buffers of the kernel: they stay with the client.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.writer.drain()
        assert len(app.heads) == 1


async def test_a_bad_request_behind_a_good_one_is_refused_after_the_good_answer() -> None:
    app = ScriptedApp(answer=None)
    async with talking(app) as client:
        client.send(GET % 1 + GET % 2 + b"NONSENSE\r\n\r\n")
        (await app.next()).respond(200, [], b"one")
        (await app.next()).respond(200, [], b"two")
        assert [(await client.response()).body for _ in range(2)] == [b"one", b"two"]
        assert (await client.response()).status == 400
        assert await client.rest() == b""


async def test_what_follows_a_request_that_closes_is_ignored() -> None:
    app = ScriptedApp(answer=None)
    async with talking(app) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET % 2)
        (await app.next()).respond(200, [])
        response = await client.response()
        assert (response.status, response.header("connection")) == (200, "close")
        assert await client.rest() == b""
    assert len(app.heads) == 1


@pytest.mark.parametrize("request_", [POST % 4 + b"abcde", CHUNKED + b"5\r\nabcde\r\n0\r\n\r\n"])
async def test_a_body_over_the_plan_s_limit_is_answered_413(request_: bytes) -> None:
    app = ScriptedApp(limit=3)
    async with talking(app) as client:
        client.send(request_)
        response = await client.response()
        assert response.status == 413
        assert b"3 bytes" in response.body
    assert app.handled == []


async def test_a_huge_refused_body_does_not_reset_the_connection_under_the_answer() -> None:
    app = ScriptedApp(limit=3)
    async with talking(app) as client:
        client.send(POST % 10_000_000 + b"x" * 5_000_000)
        assert (await client.response()).status == 413
        assert await client.rest() == b""


async def test_a_small_refused_body_keeps_the_connection() -> None:
    def refuse_first(exchange: Exchange) -> BodyPlan | None:
        if exchange.path == "/":
            exchange.respond(401, [])
            return None
        return BodyPlan(100)

    app = ScriptedApp(plan=refuse_first)
    async with talking(app) as client:
        client.send(POST % 5)
        assert (await client.response()).status == 401
        client.send(b"abcde" + GET % 7)
        assert (await client.response()).header("x-path") == "/7"


async def test_chunked_bodies_arrive_whole_and_their_trailers_are_dropped() -> None:
    app = ScriptedApp()
    async with talking(app) as client:
        client.send(CHUNKED + b"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Late: 1\r\n\r\n" + GET % 1)
        assert (await client.response()).body == b"abcde"
        assert (await client.response()).header("x-path") == "/1"
    assert app.handled[0].header(b"x-late") is None


@pytest.mark.parametrize(
    "flood", [b"1;" + b"x" * 100_000, b"1;e\r\nx\r\n0\r\n" + b"T: y\r\n" * 20_000]
)
async def test_framing_without_data_is_bounded(flood: bytes) -> None:
    async with talking(ScriptedApp()) as client:
        client.send(CHUNKED + flood)
        assert (await client.response()).status in (400, 431)


@pytest.mark.parametrize("body", [b"x\r\n", b"-1\r\n", b"3\r\nabcd\r\n", b"3\nabc\n"])
async def test_a_bad_chunk_is_answered_400(body: bytes) -> None:
    app = ScriptedApp()
    async with talking(app) as client:
        client.send(CHUNKED + body)
        assert (await client.response()).status == 400
    assert app.handled == []


async def test_expect_continue_is_met_when_the_application_wants_the_body() -> None:
    async with talking(ScriptedApp()) as client:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        client.send(head)
        assert (await client.head()).status == 100
        client.send(b"abc")
        assert (await client.response()).body == b"abc"


async def test_expect_continue_is_answered_with_the_refusal_alone() -> None:
    def refuse(exchange: Exchange) -> None:
        exchange.respond(403, [])

    async with talking(ScriptedApp(plan=refuse)) as client:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        client.send(head)
        response = await client.response()
        assert (response.status, response.header("connection")) == (403, "close")


@pytest.mark.parametrize("start", [b"G", b"GET / HTTP/1.1\r\nHost: a\r\n"])
async def test_a_head_that_stops_is_answered_408(start: bytes) -> None:
    limits = ServerLimits(header_seconds=0.1)
    async with talking(ScriptedApp(), limits) as client:
        client.send(start)
        assert (await client.response()).status == 408
        assert await client.rest() == b""


async def test_a_head_that_drips_is_answered_408_all_the_same() -> None:
    limits = ServerLimits(header_seconds=0.2)
    async with talking(ScriptedApp(), limits) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        answer = asyncio.ensure_future(client.response())
        drips = 0
        while not answer.done():
            client.send(b"X: y\r\n" if drips < 50 else b"")
            drips += 1
            await asyncio.wait([answer], timeout=0.02)
        assert (await answer).status == 408
        assert drips < 50


async def test_a_body_that_stops_is_answered_408() -> None:
    app = ScriptedApp()
    async with talking(app, QUICK) as client:
        client.send(POST % 3 + b"a")
        assert (await client.response()).status == 408
    assert app.handled == []


async def test_an_idle_connection_is_closed_in_silence() -> None:
    async with talking(ScriptedApp(), QUICK) as client:
        client.send(GET % 1)
        assert (await client.response()).status == 200
        assert await client.rest() == b""


async def test_no_deadline_runs_while_the_application_works() -> None:
    app = ScriptedApp(answer=None)
    async with (
        serving(app, QUICK) as listener,
        raw_client(listener.port) as idle,
        raw_client(listener.port) as client,
    ):
        client.send(POST % 1 + b"x")
        exchange = await app.next()
        assert await idle.rest() == b""  # which took longer than every limit
        exchange.respond(200, [])
        assert (await client.response()).status == 200


async def test_a_peer_that_leaves_is_told_to_the_exchange_once() -> None:
    app = ScriptedApp(answer=None)
    async with serving(app) as listener:
        gone = asyncio.Event()
        async with raw_client(listener.port) as client:
            client.send(GET % 1)
            exchange = await app.next()
            exchange.on_gone(gone.set)
        await asyncio.wait_for(gone.wait(), DEADLINE)
        late: list[str] = []
        exchange.on_gone(lambda: late.append("gone"))
        assert late == ["gone"]
        exchange.respond(200, [])  # no effect, no failure
        with pytest.raises(ConnectionError):
            await exchange.drain()


async def test_a_peer_that_leaves_within_a_body_never_reaches_handle() -> None:
    app = ScriptedApp()
    async with serving(app) as listener:
        async with raw_client(listener.port) as client:
            client.send(POST % 3 + b"a")
            await until(lambda: len(app.heads) == 1, "the head was parsed", DEADLINE)
        await until(lambda: listener.connections == 0, "the connection is gone", DEADLINE)
    assert app.handled == []


async def test_a_peer_that_reads_slowly_makes_the_exchange_unwritable_until_it_reads() -> None:
    app = ScriptedApp(answer=None)
    async with talking(app, ServerLimits(send_high_water=10_000)) as client:
        client.send(GET % 1)
        exchange = await app.next()
        changes: list[bool] = []
        exchange.on_writable(changes.append)
        exchange.start(200, [])
        written = 0
        while exchange.writable:
            exchange.write(b"x" * 10_000)
            written += 10_000
        assert changes == [False]
        drained = asyncio.ensure_future(exchange.drain())
        drained.add_done_callback(lambda _: exchange.end())
        await client.head()
        assert sum([len(chunk) async for chunk in client.chunks()]) == written
        assert changes == [False, True]


async def test_requests_behind_an_unread_response_wait_until_it_is_read() -> None:
    body = b"x" * 2_000_000
    app = ScriptedApp(answer=lambda exchange: exchange.respond(200, [], body))
    async with talking(app) as client:
        client.send(b"".join(GET % number for number in range(8)))
        await app.next()
        for _ in range(8):
            assert len(app.handled) < 8
            assert (await client.response()).body == body
            if len(app.handled) == 8:
                break
        await until(lambda: len(app.handled) == 8, "all were handled in the end", DEADLINE)
