"""Every kind of client against every kind of upstream, on real servers over the real pool."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Client
from support.mcp_catalogue import Catalogue
from support.mcp_servers import mcp_server
from support.sinks import LEGACY, MODERN, STATELESS, RecordingSink, ask, upstream
from support.wait import until

# The SDK's server leaves streams of sessions that end early to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")

CLIENTS = {"modern": MODERN, "legacy": LEGACY, "stateless": STATELESS}
UPSTREAMS: dict[str, Callable[[], AbstractAsyncContextManager[Any]]] = {
    "modern": lambda: mcp_server(era="modern"),
    "modern json": lambda: mcp_server(era="modern", json_response=True),
    "legacy": lambda: mcp_server(era="legacy"),
    "legacy json": lambda: mcp_server(era="legacy", json_response=True),
    "sse": lambda: mcp_server(era="legacy", transport="sse"),
}


@dataclass
class Rig:
    clients: UpstreamClients
    upstream: Upstream
    catalogue: Catalogue
    client: Client

    async def ask(self, method: str = "tools/call", **params: Any) -> RecordingSink:
        sink = RecordingSink()
        self.clients.send(ask(self.upstream, self.client, method, params), sink)
        return await sink.wait()

    async def call(self, tool: str, **arguments: Any) -> RecordingSink:
        return await self.ask(name=tool, arguments=arguments)


@asynccontextmanager
async def running(kind: str, client: Client) -> AsyncIterator[Rig]:
    async with UPSTREAMS[kind]() as server:
        pool = Pool()
        clients = UpstreamClients(pool)
        record = upstream(
            "modern" if kind.startswith("modern") else "legacy",
            server.url,
            transport="SSE" if kind == "sse" else "STREAMABLEHTTP",
        )
        yield Rig(clients, record, server.catalogue, client)
        await clients.aclose()
        await pool.aclose()


PAIRS = [(client, upstream) for client in CLIENTS for upstream in UPSTREAMS]


@pytest.fixture(params=PAIRS, ids=" - ".join)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    client, kind = request.param
    async with running(kind, CLIENTS[client]) as rig:
        yield rig


@pytest.fixture(params=[pair for pair in PAIRS if "json" not in pair[1]], ids=" - ".join)
async def streaming(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """Without the upstreams that answer with one JSON body, which holds no notifications."""
    client, kind = request.param
    async with running(kind, CLIENTS[client]) as rig:
        yield rig


async def test_calls_are_answered_in_the_clients_era_under_the_clients_id(rig: Rig) -> None:
    for text in ("one", "two", "three"):
        answer = (await rig.call("echo", text=text)).answered
        assert answer["id"] == 7
        result = answer["result"]
        assert result["content"] == [{"type": "text", "text": text}]
        assert result.get("resultType") == ("complete" if rig.client.era == "modern" else None)


async def test_structured_content_and_failures_of_a_tool_pass(rig: Rig) -> None:
    assert (await rig.call("add", a=1, b=2)).answered["result"]["structuredContent"] == {"sum": 3}
    assert (await rig.call("fail")).answered["result"]["isError"] is True


async def test_a_large_answer_passes_whole(rig: Rig) -> None:
    text = "x" * 300_000
    answer = (await rig.call("echo", text=text)).answered
    assert answer["result"]["content"][0]["text"] == text


async def test_an_error_passes_with_its_code(rig: Rig) -> None:
    sink = await rig.call("no such tool")
    assert sink.answered["error"]["code"] == -32602
    assert sink.status == (400 if rig.client.era == "modern" else 200)


async def test_prompts_and_resources_pass(rig: Rig) -> None:
    prompt = await rig.ask("prompts/get", name="greet", arguments={"name": "Ann"})
    assert prompt.answered["result"]["messages"][0]["content"]["text"] == "Hello, Ann!"
    result = (await rig.ask("resources/read", uri="memo://motto")).answered["result"]
    assert result["contents"][0]["text"] == "Less, but better."
    modern = rig.client.era == "modern"
    assert ("ttlMs" in result, "cacheScope" in result) == (modern, modern)


async def test_progress_is_told_before_the_answer_under_the_clients_token(streaming: Rig) -> None:
    call: dict[str, Any] = {"name": "progress", "arguments": {"steps": 3}}
    sink = await streaming.ask(**call, _meta={"progressToken": "mine"})
    assert [note["params"]["progressToken"] for note in sink.messages] == ["mine"] * 3
    assert [note["params"]["progress"] for note in sink.messages] == [1, 2, 3]
    assert sink.answered["result"]["content"][0]["text"] == "3 steps"
    assert (await streaming.ask(**call)).messages == []


async def test_the_upstream_sees_a_cancellation(streaming: Rig) -> None:
    await streaming.call("echo", text="so that the session is there")
    sink = RecordingSink()
    params = {"name": "slow", "arguments": {"seconds": 60}}
    ticket = streaming.clients.send(ask(streaming.upstream, streaming.client, params=params), sink)
    await until(lambda: "slow" in streaming.catalogue.calls, "the call arrives")
    ticket.cancel()
    await until(lambda: "slow" in streaming.catalogue.cancelled, "the upstream stops the tool")
    assert sink.calls == []
