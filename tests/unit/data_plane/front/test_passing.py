"""What goes through a front, and what becomes of it when a replica is lost."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from mcpgateway.common import edge
from mcpgateway.common.jsonrpc import OUTCOME_UNKNOWN
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES, META_PROTOCOL_VERSION
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Tool, Upstream
from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange
from support.fronting import SECRET, Fronting, fronting
from support.http import ScriptedApp, echo, free_port, raw_client
from support.wait import until

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
EVENTS = (b"content-type", b"text/event-stream")
UPSTREAM = Upstream("u", "up", "up", "http://up.example/mcp")
READ = Tool("r", "u", "up-read", "read", read_only=True)
WRITE = Tool("w", "u", "up-write", "write")


def call(name: str, **meta: Any) -> bytes:
    params: dict[str, Any] = {"name": name, **({"_meta": meta} if meta else {})}
    return json.dumps(
        {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
    ).encode()


def dies(exchange: Exchange) -> None:
    exchange.abort()


def with_tools(made: Fronting) -> Fronting:
    made.tables.swap(build("a-registry", 1, (UPSTREAM, READ, WRITE)), None)
    return made


async def test_an_answer_goes_through_as_it_came() -> None:
    def answer(exchange: Exchange) -> None:
        lines = ((b"content-type", b"application/json"), (b"mcp-session-id", b"s"))
        exchange.respond(201, lines, exchange.body)

    async with fronting(ScriptedApp(answer)) as made:
        response = await made.post(PING, "/servers/x/mcp?a=b")
        assert (response.status, response.body) == (201, PING)
        assert response.header("mcp-session-id") == "s"
        (exchange,) = next(iter(made.apps.values())).handled
        assert exchange.target == b"/servers/x/mcp?a=b"
        assert exchange.header(b"host") == b"gw"


async def test_a_replica_is_told_who_asks_and_the_client_can_not_say_it() -> None:
    app = ScriptedApp()
    async with fronting(app) as made:
        lies = "x-mcpgateway-peer: https 1.1.1.1\r\nx-mcpgateway-edge: x\r\n"
        await made.post(PING, headers=lies)
        lines = "x-forwarded-for: 2.2.2.2\r\nconnection: x-own\r\nx-own: 1\r\n"
        await made.post(PING, headers=lines)
    first, second = app.handled
    for exchange in app.handled:
        assert edge.trusted(exchange.headers, (SECRET,))
        assert edge.told_peer(exchange.headers) == ("127.0.0.1", "http")
    assert first.header(b"x-forwarded-for") is None
    assert second.header(b"x-forwarded-for") == b"2.2.2.2"  # whether to believe it is theirs
    assert second.header(b"x-own") is None


async def test_a_head_that_is_repeated_still_carries_what_varies() -> None:
    app = ScriptedApp()
    async with fronting(app) as made:
        for number in range(3):
            await made.post(PING, headers=f"traceparent: {number}\r\n")
    assert [each.header(b"traceparent") for each in app.handled] == [b"0", b"1", b"2"]


async def test_requests_of_one_connection_are_spread_over_all_replicas() -> None:
    apps = [ScriptedApp(), ScriptedApp(), ScriptedApp()]
    async with fronting(*apps) as made:
        for _ in range(9):
            await made.post(PING)
    assert [len(app.handled) for app in apps] == [3, 3, 3]


async def test_a_busy_replica_gets_less() -> None:
    busy, idle = ScriptedApp(None), ScriptedApp()
    async with fronting(busy, idle) as made:
        made.client.send(b"GET /sse HTTP/1.1\r\nHost: gw\r\n\r\n")
        held = await busy.next()
        async with raw_client(made.listener.port) as client:
            other = replace(made, client=client)
            for _ in range(4):
                await other.post(PING)
        held.respond(200, ())
        await made.client.response()
    assert (len(busy.handled), len(idle.handled)) == (1, 4)


@pytest.mark.parametrize("body", [PING, call("up-read")])
async def test_what_may_run_twice_goes_to_another_replica(body: bytes) -> None:
    lost, other = ScriptedApp(dies), ScriptedApp()
    async with fronting(lost, other) as made:
        response = await with_tools(made).post(body)
        assert (response.status, response.body) == (200, body)
        assert len(lost.handled) == len(other.handled) == 1
        assert made.counts.again == 1


async def test_of_what_may_not_the_client_learns_that_its_outcome_is_unknown() -> None:
    lost, other = ScriptedApp(dies), ScriptedApp()
    async with fronting(lost, other) as made:
        response = await with_tools(made).post(call("up-write"))
        answer = json.loads(response.body)
        assert (response.status, answer["id"]) == (200, 7)  # a legacy client's session lives on
        assert answer["error"]["code"] == OUTCOME_UNKNOWN
        assert answer["error"]["data"] == {"outcome": "unknown"}
        assert (len(lost.handled), len(other.handled), made.counts.unknown) == (1, 0, 1)


async def test_a_modern_client_learns_it_with_502() -> None:
    meta = {META_PROTOCOL_VERSION: "2026-07-28", META_CLIENT_CAPABILITIES: {}}
    async with fronting(ScriptedApp(dies), ScriptedApp()) as made:
        response = await with_tools(made).post(call("up-write", **meta))
        assert response.status == 502
        assert json.loads(response.body)["error"]["code"] == OUTCOME_UNKNOWN


async def test_each_request_of_a_batch_is_answered() -> None:
    async with fronting(ScriptedApp(dies), ScriptedApp()) as made:
        response = await with_tools(made).post(b"[" + PING + b"," + call("up-write") + b"]")
        assert [each["id"] for each in json.loads(response.body)] == [1, 7]


async def test_a_write_to_the_registry_is_not_repeated() -> None:
    lost, other = ScriptedApp(dies), ScriptedApp()
    async with fronting(lost, other) as made:
        response = await made.post(b"{}", "/gateways")
        assert (response.status, len(other.handled)) == (502, 0)
        assert "nobody knows" in json.loads(response.body)["message"]


async def test_a_tool_that_has_just_become_harmful_is_not_called_twice() -> None:
    lost, other = ScriptedApp(None), ScriptedApp()
    async with fronting(lost, other) as made:
        with_tools(made).send(call("up-read"))
        exchange = await lost.next()
        harmful = Tool("r", "u", "up-read", "read")
        made.tables.swap(build("a-registry", 2, (UPSTREAM, harmful)), None)
        exchange.abort()
        response = await made.client.response()
        assert json.loads(response.body)["error"]["code"] == OUTCOME_UNKNOWN


async def test_what_could_not_even_be_sent_always_goes_to_another() -> None:
    other = ScriptedApp()
    async with fronting(other) as made:
        (address,) = made.apps
        with_tools(made).ready(address, f"127.0.0.1:{free_port()}")
        for _ in range(4):
            assert (await made.post(call("up-write"))).body == call("up-write")
        assert len(other.handled) == 4
        assert made.replicas.usable == 1


async def test_nobody_is_tried_for_ever() -> None:
    async with fronting() as made:
        made.replicas.on_trouble = lambda: made.ready(gone)  # says that it is ready, and is not
        gone = f"127.0.0.1:{free_port()}"
        made.ready(gone)
        assert "no replica" in json.loads((await made.post(PING)).body)["error"]["message"]


async def test_a_call_that_ends_every_replica_ends_no_more_than_a_few() -> None:
    apps = [ScriptedApp(dies) for _ in range(8)]
    async with fronting(*apps) as made:
        response = await made.post(PING)
        assert json.loads(response.body)["error"]["code"] == OUTCOME_UNKNOWN
        assert sum(len(app.handled) for app in apps) == 4


async def test_without_a_replica_a_request_waits_for_one() -> None:
    app = ScriptedApp()
    async with fronting(app) as made:
        (address,) = made.apps
        made.ready()
        made.send(PING)
        await until(lambda: made.replicas.waiting == 1, "it waits")
        made.ready(address)
        assert (await made.client.response()).body == PING


async def test_a_request_that_waited_too_long_is_told_so() -> None:
    async with fronting(patience=0.05) as made:
        response = await made.post(PING, "/gateways")
        assert (response.status, response.header("retry-after")) == (503, "2")
        response = await made.post(PING)
        assert response.status == 200  # legacy
        assert "no replica" in json.loads(response.body)["error"]["message"]
        assert made.counts.nobody == 2


async def test_a_client_that_leaves_while_it_waits_is_forgotten() -> None:
    async with fronting() as made:
        made.send(PING)
        await until(lambda: made.replicas.waiting == 1, "it waits")
        await made.client.close()
        await until(lambda: made.replicas.waiting == 0, "it is forgotten")


async def test_a_client_that_leaves_is_seen_leaving_by_the_replica() -> None:
    app, gone = ScriptedApp(None), asyncio.Event()
    async with fronting(app) as made:
        made.send(PING)
        (await app.next()).on_gone(gone.set)
        await made.client.close()
        await asyncio.wait_for(gone.wait(), 30)
        assert not next(iter(made.replicas)).under_way


async def test_a_stream_of_events_comes_event_by_event_and_ends_as_it_ends() -> None:
    app = ScriptedApp(None)
    async with fronting(app) as made:
        made.send(call("up-write"))
        exchange = await app.next()
        exchange.start(200, (EVENTS,))
        exchange.write(b"data: 1\n\n")
        chunks = made.client.chunks()
        assert (await made.client.head()).header("content-type") == "text/event-stream"
        assert await anext(chunks) == b"data: 1\n\n"
        exchange.write(b"data: 2\n\n")
        exchange.end()
        assert [chunk async for chunk in chunks] == [b"data: 2\n\n"]


async def test_a_stream_that_breaks_off_says_so_in_a_last_event() -> None:
    app, other = ScriptedApp(None), ScriptedApp()
    async with fronting(app, other) as made:
        with_tools(made).send(call("up-read"))
        exchange = await app.next()
        exchange.start(200, (EVENTS,))
        exchange.write(b'data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n')
        await made.client.head()
        chunks = made.client.chunks()
        await anext(chunks)
        exchange.abort()
        (last,) = [chunk async for chunk in chunks]
        assert b'"id":7' in last
        assert str(OUTCOME_UNKNOWN).encode() in last
        assert (made.counts.broken, len(other.handled)) == (1, 0)


async def test_half_an_event_is_not_made_to_look_like_a_whole_one() -> None:
    app = ScriptedApp(None)
    async with fronting(app) as made:
        made.send(call("up-read"))
        exchange = await app.next()
        exchange.start(200, (EVENTS,))
        exchange.write(b'data: {"jsonrpc":"2.0","id":7')
        await made.client.head()
        exchange.abort()
        with pytest.raises(asyncio.IncompleteReadError):
            _ = [chunk async for chunk in made.client.chunks()]


async def test_a_request_that_was_answered_in_a_broken_stream_is_not_answered_again() -> None:
    app = ScriptedApp(None)
    answer = b'data: {"jsonrpc":"2.0","id":7,"result":{}}\n\n'
    async with fronting(app) as made:
        made.send(call("up-read"))
        exchange = await app.next()
        exchange.start(200, (EVENTS,))
        exchange.write(answer)
        await made.client.head()
        chunks = made.client.chunks()
        assert await anext(chunks) == answer
        exchange.abort()
        assert [chunk async for chunk in chunks] == []


async def test_a_head_without_a_body_is_not_yet_an_answer() -> None:
    def begins(exchange: Exchange) -> None:
        exchange.start(200, (EVENTS,))
        asyncio.get_running_loop().call_later(0.05, exchange.abort)

    async with fronting(ScriptedApp(begins), ScriptedApp()) as made:
        assert (await made.post(PING)).body == PING
        assert made.counts.again == 1


async def test_a_standing_stream_opens_at_once_and_ends_when_the_front_drains() -> None:
    app, gone = ScriptedApp(None), asyncio.Event()
    async with fronting(app) as made:
        made.client.send(b"GET /mcp HTTP/1.1\r\nHost: gw\r\n\r\n")
        exchange = await app.next()
        exchange.on_gone(gone.set)
        exchange.start(200, (EVENTS,))
        assert (await made.client.head()).status == 200
        made.front.drain()
        assert [chunk async for chunk in made.client.chunks()] == []
        await asyncio.wait_for(gone.wait(), 30)


async def test_a_large_body_is_streamed_both_ways() -> None:
    size = 8 * 1024 * 1024
    got: list[int] = []

    def answer(exchange: Exchange) -> None:
        async def run() -> None:
            exchange.start(200, ())
            async for chunk in exchange.chunks():
                got.append(len(chunk))
                exchange.write(chunk)
                await exchange.drain()
            exchange.end()

        tasks.append(asyncio.ensure_future(run()))

    tasks: list[asyncio.Future[None]] = []
    app = ScriptedApp(answer, lambda _: BodyPlan(1 << 30, stream=True))
    async with fronting(app) as made:
        made.send(b"x" * size, "/gateways")
        await made.client.head()
        total = 0
        async for chunk in made.client.chunks():
            total += len(chunk)
        assert total == size == sum(got)
        assert max(got) < 1024 * 1024


async def test_a_client_that_reads_slowly_slows_the_replica_down() -> None:
    clogged = asyncio.Event()

    def answer(exchange: Exchange) -> None:
        exchange.on_writable(lambda writable: None if writable else clogged.set())
        exchange.start(200, ())
        for _ in range(64):
            exchange.write(b"x" * 1024 * 1024)
        exchange.end()

    async with fronting(ScriptedApp(answer)) as made:
        made.client.send(b"GET /tools HTTP/1.1\r\nHost: gw\r\n\r\n")
        await asyncio.wait_for(clogged.wait(), 30)
        await made.client.head()
        assert sum([len(chunk) async for chunk in made.client.chunks()]) == 64 * 1024 * 1024


async def test_a_body_over_the_limit_is_refused_before_any_replica_sees_it() -> None:
    app = ScriptedApp(echo)
    async with fronting(app) as made:
        made.client.send(
            b"POST /mcp HTTP/1.1\r\nHost: gw\r\nContent-Type: application/json\r\n"
            b"Content-Length: 5000000\r\n\r\n"
        )
        assert (await made.client.response()).status == 413
        assert app.heads == []


async def test_head_requests_and_empty_answers_go_through() -> None:
    def answer(exchange: Exchange) -> None:
        if exchange.method == "HEAD":
            exchange.respond(200, ((b"content-length", b"1000"),))
        else:
            exchange.respond(204, ())

    async with fronting(ScriptedApp(answer)) as made:
        made.client.send(b"HEAD /tools HTTP/1.1\r\nHost: gw\r\n\r\n")
        response = await made.client.response("HEAD")
        assert (response.status, response.header("content-length")) == (200, "1000")
        made.client.send(b"DELETE /mcp HTTP/1.1\r\nHost: gw\r\n\r\n")
        assert (await made.client.response()).status == 204


async def test_it_is_ready_when_a_replica_is_and_healthy_as_long_as_it_lives() -> None:
    async with fronting(ScriptedApp()) as made:

        async def get(path: str) -> tuple[int, Any]:
            made.client.send(f"GET {path} HTTP/1.1\r\nHost: gw\r\n\r\n".encode())
            response = await made.client.response()
            return response.status, json.loads(response.body)

        status, body = await get("/ready")
        assert (status, body["ready"], list(body["replicas"].values())) == (200, True, [True])
        made.ready()
        status, body = await get("/ready")
        assert (status, body["reason"]) == (503, "no replica is ready")
        assert (await get("/health"))[0] == 200
        made.front.drain()
        assert (await get("/ready"))[1]["reason"] == "draining"
        assert (await get("/ws"))[0] == 501


async def test_a_replica_that_hears_nothing_any_more_is_given_up() -> None:
    frozen, other = ScriptedApp(None), ScriptedApp()
    async with fronting(frozen, other) as made:
        made.send(PING)
        await frozen.next()
        (passing,) = [each for replica in made.replicas for each in replica.under_way]
        passing.cut()
        assert (await made.client.response()).body == PING
