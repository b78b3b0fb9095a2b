"""Streams as they are on the wire, of clients whose requests reach another replica each time:
batches, events that are asked for again, comments on silent streams, clients told to go."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from mcpgateway.common import sse
from support.http import DEADLINE
from support.two_replicas import ERAS, Era, Gateway
from support.wait import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]
HELLO: dict[str, Any] = {
    "capabilities": {"sampling": {}},
    "clientInfo": {"name": "test", "version": "1"},
}


def request(id: int | str, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def call(id: int | str, tool: str, **arguments: Any) -> dict[str, Any]:
    meta = {"progressToken": f"token {id}"}
    return request(id, "tools/call", name=tool, arguments=arguments, _meta=meta)


async def session(gateway: Gateway, revision: str) -> dict[str, str]:
    """A new session's headers, opened at the first replica."""
    async with gateway.http(gateway.replicas[0]) as http:
        params = {**HELLO, "protocolVersion": revision}
        answer = await http.post("/mcp", json=request(0, "initialize", **params))
    assert answer.json()["result"]["protocolVersion"] == revision
    return {
        "Mcp-Session-Id": answer.headers["mcp-session-id"],
        "Mcp-Protocol-Version": revision,
    }


class Events:
    """The events of one response, as they come; comments count too."""

    def __init__(self, response: httpx2.Response) -> None:
        self._parser = sse.Parser()
        self._chunks = response.aiter_raw()
        self._waiting: list[sse.Event] = []
        self.raw = b""

    async def next(self) -> sse.Event:
        while not self._waiting:
            await self.more()
        return self._waiting.pop(0)

    async def more(self) -> None:
        chunk = await asyncio.wait_for(anext(self._chunks), DEADLINE)
        self.raw += chunk
        self._waiting += self._parser.feed(chunk)

    async def end(self) -> None:
        """Reads until the server ends it."""
        with suppress(StopAsyncIteration):
            while True:
                await self.more()

    async def message(self) -> Any:
        """The next event with data."""
        while True:
            event = await self.next()
            if event.data:
                return json.loads(event.data)


@asynccontextmanager
async def streamed(
    http: httpx2.AsyncClient, method: str, path: str, **options: Any
) -> AsyncIterator[Events]:
    async with http.stream(method, path, **options) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"] == "text/event-stream"
        yield Events(response)


async def test_a_batch_is_answered_as_one_array(gateway: Gateway) -> None:
    headers = await session(gateway, "2025-03-26")
    batch = [
        request(1, "ping"),
        request("two", "tools/call", name="modern-echo", arguments={"text": "a"}),
        request(3, "tools/call", name="legacy-echo", arguments={"text": "b"}),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        request(4, "no/such"),
        5,
    ]
    async with gateway.http(**headers) as http:
        answer = await http.post("/mcp", json=batch)
        only = await http.post("/mcp", json=batch[3:4])
    assert answer.headers["content-type"] == "application/json"
    by_id = {each["id"]: each for each in answer.json()}
    assert by_id[1]["result"] == {}
    assert by_id["two"]["result"]["content"][0]["text"] == "a"
    assert by_id[3]["result"]["content"][0]["text"] == "b"
    assert by_id[4]["error"]["code"] == -32601
    assert by_id[None]["error"]["code"] == -32600
    assert only.status_code == 202


async def test_a_batch_of_calls_that_tell_something_is_a_stream(gateway: Gateway) -> None:
    headers = await session(gateway, "2025-03-26")
    batch = [call(1, "modern-progress", steps=2), call(2, "legacy-progress", steps=2)]
    told: list[str] = []
    answers: dict[int, str] = {}
    async with (
        gateway.http(**headers) as http,
        streamed(http, "POST", "/mcp", json=batch) as events,
    ):
        while len(answers) < 2:
            message = await events.message()
            if "id" in message:
                answers[message["id"]] = message["result"]["content"][0]["text"]
            else:
                told.append(message["params"]["progressToken"])
    assert answers == {1: "2 steps", 2: "2 steps"}
    assert sorted(told) == ["token 1"] * 2 + ["token 2"] * 2


@pytest.mark.parametrize("era", ERAS)
async def test_a_broken_stream_goes_on_at_the_other_replica(gateway: Gateway, era: Era) -> None:
    headers = await session(gateway, "2025-11-25")
    message = call(1, f"{era}-ask-model")
    async with gateway.http(gateway.replicas[0], **headers) as http:
        async with streamed(http, "POST", "/mcp", json=message) as events:
            primer = await events.next()
            asked = await events.message()
        assert primer.data == b""
        assert asked["method"] == "sampling/createMessage"
    # The client lost its connection. It replies by one replica and asks the other for the rest.
    text = {"type": "text", "text": "still here"}
    result = {"role": "assistant", "model": "m", "content": text}
    reply = {"jsonrpc": "2.0", "id": asked["id"], "result": result}
    async with gateway.http(gateway.replicas[1], **headers) as http:
        again = {"Last-Event-ID": str(primer.id)}
        async with streamed(http, "GET", "/mcp", headers=again) as events:
            assert (await events.message()) == asked
            assert (await http.post("/mcp", json=reply)).status_code == 202
            answer = await events.message()
    assert answer["result"]["content"][0]["text"] == "still here"


@pytest.mark.parametrize("era", ERAS)
async def test_an_answer_that_came_while_nobody_read_is_kept(gateway: Gateway, era: Era) -> None:
    upstream = gateway.upstreams[era]
    headers = await session(gateway, "2025-11-25")
    before = upstream.calls.count("progress")
    async with gateway.http(gateway.replicas[1], **headers) as http:
        message = call(1, f"{era}-progress", steps=3)
        async with streamed(http, "POST", "/mcp", json=message) as events:
            primer = await events.next()
    await until(lambda: upstream.calls.count("progress") > before, "the call has arrived")
    async with gateway.http(gateway.replicas[0], **headers) as http:
        again = {"Last-Event-ID": str(primer.id)}
        async with streamed(http, "GET", "/mcp", headers=again) as events:
            progress = [(await events.message())["params"]["progress"] for _ in range(3)]
            answer = await events.message()
    assert progress == [1, 2, 3]
    assert answer["result"]["content"][0]["text"] == "3 steps"


async def test_the_events_of_one_user_or_session_are_nobody_elses(gateway: Gateway) -> None:
    headers = await session(gateway, "2025-11-25")
    async with gateway.http(**headers) as http:
        async with streamed(
            http, "POST", "/mcp", json=call(1, "modern-progress", steps=1)
        ) as events:
            primer = await events.next()
        for wrong in (f"{primer.id}x", f"x{primer.id}", "1", "gw1.abc.0"):
            answer = await http.get("/mcp", headers={"Last-Event-ID": wrong})
            assert answer.status_code == 400, wrong


@pytest.mark.parametrize("path", ["/sse", "/mcp"])
async def test_silent_streams_are_kept_alive(gateway: Gateway, path: str) -> None:
    headers = {} if path == "/sse" else await session(gateway, "2025-06-18")
    async with gateway.http(**headers) as http, streamed(http, "GET", path) as events:
        while b": keep-alive\n\n" not in events.raw:
            await events.more()


async def test_a_newer_standing_stream_ends_the_older_one_at_the_other_replica(
    gateway: Gateway,
) -> None:
    headers = await session(gateway, "2025-06-18")
    one, other = (gateway.http(address, **headers) for address in gateway.replicas)
    async with (
        one,
        other,
        streamed(one, "GET", "/mcp") as older,
        streamed(other, "GET", "/mcp") as newer,
    ):
        await older.end()
        while b": keep-alive" not in newer.raw:  # and stays
            await newer.more()


async def test_without_credentials_there_is_no_socket(gateway: Gateway) -> None:
    async with gateway.http(Authorization="Bearer x") as http:
        lines = {"Upgrade": "websocket", "Connection": "Upgrade"}
        assert (await http.get("/ws", headers=lines)).status_code == 401


async def test_a_page_of_another_site_opens_no_socket(gateway: Gateway) -> None:
    async with gateway.http(Origin="https://evil.example") as http:
        assert (await http.get("/ws")).status_code == 403


async def test_a_replica_that_stops_tells_its_clients_to_go(gateway: Gateway) -> None:
    """The last test here: it restarts the replicas."""
    lines = gateway.suite.headers
    async with (
        connect(f"ws://{gateway.replicas[0]}/ws", additional_headers=lines) as socket,
        gateway.http(gateway.replicas[0]) as http,
        streamed(http, "GET", "/sse") as events,
    ):
        await events.next()
        for pid in gateway.suite.pids("data-plane"):
            os.kill(pid, signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), DEADLINE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        await events.end()
