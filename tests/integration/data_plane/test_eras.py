"""The official client of both eras, through the data plane, at real upstreams of both eras."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError

from mcpgateway.common.routing.model import Credential, Server, Upstream
from support.data_plane import TOOLS, DataPlane, catalogue_of, data_plane
from support.door import leaving_is_heard
from support.endpoint import wire_sealed
from support.mcp_catalogue import Catalogue
from support.mcp_servers import mcp_server
from support.wait import until

SERVER = "5" * 32
PATH = f"/servers/{SERVER}/mcp"
CLIENTS = ("legacy", "2026-07-28", "auto")


@dataclass
class World:
    """A data plane in front of one upstream, bundled as SERVER."""

    plane: DataPlane
    upstream: Upstream
    catalogue: Catalogue


Kind = tuple[Literal["modern", "legacy"], Literal["http", "sse"]]


@pytest.fixture(params=[("modern", "http"), ("legacy", "http"), ("legacy", "sse")], ids="-".join)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    era, transport = request.param
    async with mcp_server(era=era, transport=transport, bearer="up-secret") as running:
        upstream = Upstream(
            id="u1",
            name="fixture",
            slug="fixture",
            url=running.url,
            transport="SSE" if transport == "sse" else "STREAMABLEHTTP",
            era=era,
            capabilities=b'{"tools":{},"prompts":{},"resources":{}}',
            credential="c1",
            loopback_allowed=True,
            passthrough_headers=("x-tenant",),
        )
        sealed = wire_sealed("credential", "c1", b'[["authorization","Bearer up-secret"]]')
        members = catalogue_of(upstream)
        ids = {kind: tuple(m.id for m in members if m.kind == kind) for kind in KINDS}
        server = Server(
            SERVER, "all", tools=ids["tool"], prompts=ids["prompt"], resources=ids["resource"]
        )
        async with data_plane(upstream, Credential("c1", sealed), server, *members) as plane:
            yield World(plane, upstream, running.catalogue)


KINDS = ("tool", "prompt", "resource")


def text(result: Any) -> str:
    return str(result.content[0].text)


@pytest.mark.parametrize("mode", CLIENTS)
async def test_a_client_lists_calls_reads_and_asks(world: World, mode: str) -> None:
    async with world.plane.client(PATH, mode) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == sorted(f"fixture-{n}" for n in TOOLS)
        called = await client.call_tool("fixture-add", {"a": 2, "b": 3})
        assert (text(called), called.structured_content) == ("5", {"sum": 5})
        prompts = await client.list_prompts()
        assert [prompt.name for prompt in prompts.prompts] == ["fixture-greet"]
        got = await client.get_prompt("fixture-greet", {"name": "Ann"})
        assert got.messages[0].content.text == "Hello, Ann!"  # type: ignore[union-attr]  # text it is
        resources = await client.list_resources()
        assert [resource.uri for resource in resources.resources] == ["memo://motto"]
        templates = await client.list_resource_templates()
        assert [t.uri_template for t in templates.resource_templates] == ["memo://notes/{id}"]
        for uri, content in (("memo://motto", "Less, but better."), ("memo://notes/7", "note 7")):
            read = await client.read_resource(uri)
            assert read.contents[0].text == content  # type: ignore[union-attr]  # text it is


@pytest.mark.parametrize("mode", CLIENTS)
async def test_the_endpoint_of_all_tools_offers_the_same(world: World, mode: str) -> None:
    async with world.plane.client("/mcp", mode) as client:
        assert text(await client.call_tool("fixture-echo", {"text": "ä€😀"})) == "ä€😀"


@pytest.mark.parametrize("mode", CLIENTS)
async def test_a_tool_that_fails_is_a_result_and_an_unknown_one_an_error(
    world: World, mode: str
) -> None:
    async with world.plane.client(PATH, mode) as client:
        assert (await client.call_tool("fixture-fail", {})).is_error
        with pytest.raises(MCPError) as unknown:
            await client.call_tool("fixture-nope", {})
        assert unknown.value.error.code == types.INVALID_PARAMS
        assert "fixture-nope" in unknown.value.error.message
        # The session lives on.
        assert text(await client.call_tool("fixture-echo", {"text": "on"})) == "on"


@pytest.mark.parametrize("mode", CLIENTS)
async def test_progress_arrives_before_the_answer(world: World, mode: str) -> None:
    seen: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async with world.plane.client(PATH, mode) as client:
        done = await client.call_tool("fixture-progress", {"steps": 3}, progress_callback=note)
        assert text(done) == "3 steps"
        assert seen == [1, 2, 3]


async def test_a_ping_of_a_legacy_client_is_answered(world: World) -> None:
    async with world.plane.client(PATH, "legacy") as client:
        assert client.protocol_version == "2025-11-25"
        with pytest.warns(MCPDeprecationWarning):
            await client.send_ping()


async def test_the_upstream_never_sees_the_callers_token(world: World) -> None:
    async with world.plane.client(PATH, "auto") as client:
        called = await client.call_tool("fixture-header", {"name": "authorization"})
        assert text(called) == "Bearer up-secret"


async def test_calls_of_one_client_do_not_wait_for_each_other(world: World) -> None:
    async with world.plane.client(PATH, "auto") as client:
        slow = asyncio.create_task(client.call_tool("fixture-slow", {"seconds": 60}))
        await until(lambda: "slow" in world.catalogue.calls, "the slow call has begun")
        assert text(await client.call_tool("fixture-echo", {"text": "quick"})) == "quick"
        assert not slow.done()
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow


@pytest.mark.parametrize("mode", ["legacy", pytest.param("2026-07-28", marks=leaving_is_heard())])
async def test_a_client_that_gives_up_cancels_the_call_at_the_upstream(
    world: World, mode: str
) -> None:
    async with world.plane.client(PATH, mode) as client:
        slow = asyncio.create_task(client.call_tool("fixture-slow", {"seconds": 60}))
        await until(lambda: "slow" in world.catalogue.calls, "the slow call has begun")
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        await until(lambda: "slow" in world.catalogue.cancelled, "the upstream heard of it")


async def test_a_legacy_client_gets_the_stream_that_it_asks_for_after_its_handshake(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing that it logs may look like a fault."""
    caplog.set_level(logging.INFO)
    async with world.plane.client(PATH, "legacy") as client:
        await client.list_tools()
        await until(lambda: "HTTP Request: GET" in caplog.text, "the client has asked for it")
        assert text(await client.call_tool("fixture-echo", {"text": "hi"})) == "hi"
    assert "HTTP/1.1 405" not in caplog.text
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == []
