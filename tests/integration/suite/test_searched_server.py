"""A server in search mode, and any server by plain REST, through the running suite."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
import pytest_asyncio
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError

from support.mcp_servers import RunningServer, mcp_server
from support.suite import Suite, text_of
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODES = ("legacy", "2026-07-28")


@dataclass
class World:
    suite: Suite
    upstream: RunningServer
    searched: str  # ids of servers with the same tools
    full: str
    tools: dict[str, str]  # ids by original name

    def at(self, mode: str) -> Any:
        return self.suite.client(f"/servers/{self.searched}/mcp", mode)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["modern", "legacy"])
async def world(request: pytest.FixtureRequest, suite: Suite) -> AsyncIterator[World]:
    async with mcp_server(era=request.param) as upstream:
        name = f"{request.param}-shop"
        gateway = await suite.register(name, upstream.url)
        mine = [each for each in await suite.tools() if each["gatewayId"] == gateway["id"]]
        ids = {each["originalName"]: each["id"] for each in mine}
        searched = await suite.bundle(f"{name} searched", [*ids.values()], discovery="search")
        full = await suite.bundle(f"{name} full", [*ids.values()])
        yield World(suite, upstream, searched, full, ids)
        async with suite.http() as http:
            for path in (f"/servers/{searched}", f"/servers/{full}", f"/gateways/{gateway['id']}"):
                await http.delete(f"{path}?wait=applied")


async def found(client: Client, query: str, limit: int = 5) -> list[str]:
    result = await client.call_tool("search_tools", {"query": query, "limit": limit})
    assert not result.is_error
    return [each["name"] for each in json.loads(text_of(result))["tools"]]


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_finds_reads_and_calls_a_tool(world: World, mode: str) -> None:
    async with world.at(mode) as client:
        listed = await client.list_tools()
        assert [each.name for each in listed.tools] == [
            "call_tool",
            "describe_tool",
            "search_tools",
        ]
        (add, *_) = await found(client, "add two numbers")
        assert add.endswith("-add")
        described = json.loads(text_of(await client.call_tool("describe_tool", {"name": add})))
        assert set(described["inputSchema"]["properties"]) == {"a", "b"}
        called = await client.call_tool("call_tool", {"name": add, "arguments": {"a": 2, "b": 3}})
        assert called.structured_content == {"sum": 5}
        failed = await client.call_tool("call_tool", {"name": "nobody", "arguments": {}})
        assert failed.is_error
        assert "search_tools" in text_of(failed)


@pytest.mark.parametrize("mode", MODES)
async def test_progress_of_what_is_called_through_reaches_the_client(
    world: World, mode: str
) -> None:
    heard: list[float] = []

    async def hear(progress: float, _total: float | None, _message: str | None) -> None:
        heard.append(progress)

    async with world.at(mode) as client:
        (name, *_) = await found(client, "progress")
        arguments = {"name": name, "arguments": {"steps": 3}}
        result = await client.call_tool("call_tool", arguments, progress_callback=hear)
        assert text_of(result) == "3 steps"
    assert heard


async def test_a_change_is_found_at_once_at_every_replica(world: World) -> None:
    async with world.suite.http() as http:
        path = f"/tools/{world.tools['echo']}?wait=applied"
        changed = await http.put(path, json={"description": "Quizzical marmalade dispenser"})
        assert changed.status_code == 200, changed.text
    for _ in range(4):  # new connections, so that both replicas are asked
        async with world.at("2026-07-28") as client:
            assert (await found(client, "marmalade"))[0].endswith("-echo")
    async with world.suite.http() as http:
        path = f"/tools/{world.tools['echo']}/state?activate=false&wait=applied"
        assert (await http.post(path)).status_code == 200
    async with world.at("2026-07-28") as client:
        assert await found(client, "marmalade") == []
    async with world.suite.http() as http:
        path = f"/tools/{world.tools['echo']}/state?activate=true&wait=applied"
        assert (await http.post(path)).status_code == 200
    async with world.at("legacy") as client:
        assert len(await found(client, "marmalade")) == 1


async def test_calls_through_it_are_told_as_calls_of_the_tool(world: World) -> None:
    async with world.at("2026-07-28") as client:
        (add, *_) = await found(client, "add two numbers")
        for _ in range(3):
            await client.call_tool("call_tool", {"name": add, "arguments": {"a": 1, "b": 1}})

    async def told() -> bool:
        async with world.suite.http() as http:
            path = f"/access/decisions?kind=tool&id={world.tools['add']}&verdict=allow"
            decisions = (await http.get(path)).json()["decisions"]
        return any(
            each["object"]["name"] == add and each["server"] == world.searched for each in decisions
        )

    await until(told, "the calls are told of")


async def test_a_rule_holds_for_what_is_called_through(world: World) -> None:
    rule = {
        "name": f"no fives {world.searched[:4]}",
        "effect": "deny",
        "actions": ["tools.execute"],
        "objects": {"ids": [world.tools["add"]]},
        "condition": "args.a == 5",
    }
    async with world.suite.http() as http:
        made = await http.post("/access/rules?wait=applied", json=rule)
        assert made.status_code in (200, 201), made.text
    try:
        async with world.at("2026-07-28") as client:
            (add, *_) = await found(client, "add two numbers")
            with pytest.raises(MCPError, match="no fives"):
                await client.call_tool("call_tool", {"name": add, "arguments": {"a": 5, "b": 1}})
        async with world.suite.http() as http:
            path = f"/servers/{world.full}/tools/{add}"
            refused = await http.post(path, json={"a": 5, "b": 1})
            assert (refused.status_code, refused.json()["code"]) == (403, "denied")
            assert (await http.post(path, json={"a": 4, "b": 1})).status_code == 200
    finally:
        async with world.suite.http() as http:
            await http.delete(f"/access/rules/{made.json()['id']}?wait=applied")


async def test_every_tool_is_called_by_plain_rest_as_the_document_says(world: World) -> None:
    async with world.suite.http() as http:
        document = (await http.get(f"/servers/{world.full}/openapi.json")).json()
        (path,) = [each for each in document["paths"] if each.endswith("-add")]
        (server,) = document["servers"]
        answer = await http.post(server["url"] + path, json={"a": 2, "b": 3})
        assert answer.status_code == 200, answer.text
        assert answer.json()["structuredContent"] == {"sum": 5}
        shown = document["paths"][path]["post"]["responses"]["200"]
        schema = shown["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json(), {**schema, "components": document["components"]})
        failing = path.removesuffix("-add") + "-fail"
        failed = await http.post(server["url"] + failing, json={})
        assert (failed.status_code, failed.json()["code"]) == (422, "tool_failed")
        assert failed.json()["detail"] == failed.json()["content"][0]["text"]
        missing = await http.post(f"{server['url']}/tools/nobody", json={})
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    async with world.suite.stranger() as stranger:
        assert (await stranger.post(server["url"] + path, json={})).status_code == 401
