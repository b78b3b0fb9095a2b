"""An upstream that takes connections and says nothing: nobody notices before a tool of its own is
called, and then nobody else does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from mcp.client.client import Client

from mcpgateway.common.routing.model import Upstream
from support.data_plane import DataPlane, catalogue_of, data_plane
from support.door import Door
from support.mcp_servers import mcp_server
from support.wait import until

CLIENTS = ("legacy", "2026-07-28")
SOON = 20.0  # seconds, on a busy machine; an upstream that was waited for would take TIMEOUT
TIMEOUT = 120.0
HANGING: dict[str, dict[str, Any]] = {
    "modern": {"era": "modern", "protocol_version": "2026-07-28"},
    "legacy": {"era": "legacy", "protocol_version": "2025-11-25"},
    "sse": {"era": "legacy", "protocol_version": "2024-11-05", "transport": "SSE"},
}
EVERYTHING = (
    b'{"tools":{"listChanged":true},"prompts":{},"resources":{"subscribe":true},"logging":{},'
    b'"completions":{}}'
)


@dataclass
class Silence:
    """Counts who connected."""

    url: str = ""
    connections: list[asyncio.StreamWriter] = field(default_factory=list)


@asynccontextmanager
async def silence() -> AsyncIterator[Silence]:
    found = Silence()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections.append(writer)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
    try:
        yield found
    finally:
        server.close()
        for writer in found.connections:
            writer.close()


@dataclass
class World:
    """A data plane in front of `good-*`, which answers, and `mute-*`, which hangs."""

    plane: DataPlane
    silence: Silence


@pytest.fixture(params=HANGING)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with mcp_server(era="modern") as good, silence() as hanging:
        fields: dict[str, Any] = {"capabilities": EVERYTHING, "loopback_allowed": True}
        there = Upstream("u1", "good", "good", good.url, era="modern", **fields)
        fields_of_mute = {**fields, **HANGING[request.param], "timeout_ms": int(TIMEOUT * 1000)}
        mute = Upstream("u2", "mute", "mute", hanging.url, **fields_of_mute)
        # Both would have the same resources, and the first of them counts.
        offered = [each for each in catalogue_of(there) if each.kind != "resource"]
        async with data_plane(there, mute, *offered, *catalogue_of(mute)) as plane:
            yield World(plane, hanging)


async def use_all_but_its_own(client: Client) -> None:
    names = {tool.name for tool in (await client.list_tools()).tools}
    assert {"good-echo", "mute-echo"} <= names
    assert {each.name for each in (await client.list_prompts()).prompts} >= {"mute-greet"}
    await client.list_resources()
    await client.list_resource_templates()
    result = await client.call_tool("good-add", {"a": 1, "b": 2})
    assert result.structured_content == {"sum": 3}


@pytest.mark.parametrize("mode", CLIENTS)
async def test_nothing_waits_for_an_upstream_that_hangs(world: World, mode: str) -> None:
    began = time.monotonic()
    async with world.plane.client("/mcp", mode) as client:
        await use_all_but_its_own(client)
    assert time.monotonic() - began < SOON
    assert world.silence.connections == []


@pytest.mark.parametrize("mode", CLIENTS)
async def test_a_call_of_its_own_tool_delays_no_other(world: World, mode: str) -> None:
    if Door.chosen() is Door.H2 and mode == "legacy":
        pytest.skip("this HTTP/2 client reads no third stream while two are silent")
    began = time.monotonic()
    async with world.plane.client("/mcp", mode) as client:
        hung = asyncio.ensure_future(client.call_tool("mute-echo", {"text": "x"}))
        await until(lambda: bool(world.silence.connections), "it was asked")
        await use_all_but_its_own(client)
        async with world.plane.client("/mcp", mode) as other:
            await use_all_but_its_own(other)
        assert time.monotonic() - began < SOON
        assert not hung.done()
        hung.cancel()
        await asyncio.wait([hung])
        await client.list_tools()  # what a cancellation is answered has come by then


async def test_who_follows_a_resource_of_it_is_not_kept_waiting(world: World) -> None:
    began = time.monotonic()
    async with (
        world.plane.client("/mcp", "2026-07-28") as client,
        client.listen(tools_list_changed=True, resource_subscriptions=["memo://motto"]) as heard,
    ):
        assert heard.honored.tools_list_changed
        assert world.silence.connections
        await use_all_but_its_own(client)
    assert time.monotonic() - began < SOON
