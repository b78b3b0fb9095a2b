"""Plain HTTP at the public address: JSON-RPC, single methods, content read through, first steps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from support.mcp_servers import Era, RunningServer, Transport, mcp_server
from support.rest_service import rest_service
from support.suite import Suite, running_suite
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

KINDS: list[tuple[Era, Transport]] = [("modern", "http"), ("legacy", "http"), ("legacy", "sse")]


@dataclass
class World:
    """The suite in front of one upstream; `slug` begins the names of what it offers."""

    suite: Suite
    slug: str
    upstream: RunningServer
    gateway: dict[str, Any]

    async def rpc(self, method: str, **params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        async with self.suite.http() as http:
            answer = await http.post("/rpc", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        return answer.json()

    async def of_mine(self, noun: str) -> list[dict[str, Any]]:
        async with self.suite.http() as http:
            found = (await http.get(f"/{noun}?limit=0")).json()
        return [each for each in found if each["gatewayId"] == self.gateway["id"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def upstreams() -> AsyncIterator[dict[str, RunningServer]]:
    """One of each kind; made before the suite, so that they outlive its sessions."""
    async with AsyncExitStack() as stack:
        yield {
            f"{era}-{transport}": await stack.enter_async_context(
                mcp_server(era=era, transport=transport)
            )
            for era, transport in KINDS
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=KINDS, ids="-".join)
async def world(
    request: pytest.FixtureRequest, upstreams: dict[str, RunningServer], suite: Suite
) -> AsyncIterator[World]:
    slug = "-".join(request.param)
    gateway = await suite.register(slug, upstreams[slug].url)
    yield World(suite, slug, upstreams[slug], gateway)
    async with suite.http() as http:
        await http.delete(f"/gateways/{gateway['id']}?wait=applied")


async def test_json_rpc_lists_calls_gets_and_reads(world: World) -> None:
    listed = await world.rpc("list_tools")
    assert f"{world.slug}-add" in [tool["name"] for tool in listed["result"]["tools"]]
    called = await world.rpc("tools/call", name=f"{world.slug}-add", arguments={"a": 2, "b": 3})
    assert called["result"]["structuredContent"] == {"sum": 5}
    got = await world.rpc("prompts/get", name=f"{world.slug}-greet", arguments={"name": "Ann"})
    assert got["result"]["messages"][0]["content"]["text"] == "Hello, Ann!"
    read = await world.rpc("resources/read", uri="memo://motto")
    assert read["result"]["contents"][0]["text"] == "Less, but better."


async def test_a_tools_name_is_a_method(world: World) -> None:
    called = await world.rpc(f"{world.slug}-echo", text="hello")
    assert called["result"]["content"][0]["text"] == "hello"


async def test_progress_does_not_turn_the_answer_into_a_stream(world: World) -> None:
    called = await world.rpc(
        "tools/call",
        name=f"{world.slug}-progress",
        arguments={"steps": 3},
        _meta={"progressToken": "mine"},
    )
    assert called["id"] == 7
    assert called["result"]["content"][0]["text"] == "3 steps"


async def test_a_server_id_narrows_what_is_called(world: World) -> None:
    tools = {tool["originalName"]: tool["id"] for tool in await world.of_mine("tools")}
    server = await world.suite.bundle(f"only {world.slug}", [tools["echo"]])
    listed = await world.rpc("tools/list", server_id=server)
    assert [tool["name"] for tool in listed["result"]["tools"]] == [f"{world.slug}-echo"]
    refused = await world.rpc("tools/call", server_id=server, name=f"{world.slug}-add")
    assert refused["error"]["code"] == -32602


async def test_a_caller_that_leaves_cancels_its_call(world: World) -> None:
    async with world.suite.http() as http:
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": f"{world.slug}-slow",
            "params": {"seconds": 30},
        }
        call = asyncio.create_task(http.post("/rpc", json=body))
        await until(lambda: "slow" in world.upstream.catalogue.calls, "the call has begun")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert (await world.rpc("ping"))["result"] == {}
    if world.slug == "modern-http":
        await until(lambda: world.upstream.catalogue.cancelled == ["slow"], "it was cancelled")


async def test_a_prompt_is_rendered_by_id_and_by_name(world: World) -> None:
    (prompt,) = await world.of_mine("prompts")
    async with world.suite.http() as http:
        for named in (prompt["id"], prompt["name"]):
            answer = await http.post(f"/prompts/{named}", json={"name": "Ann"})
            assert answer.status_code == 200, answer.text
            (message,) = answer.json()["messages"]
            assert message["content"]["text"] == "Hello, Ann!"
            assert "description" in answer.json()


async def test_a_resource_is_read_by_id_and_by_uri(world: World) -> None:
    resources = {each["uri"]: each for each in await world.of_mine("resources")}
    async with world.suite.http() as http:
        motto = resources["memo://motto"]
        for named in (motto["id"], quote("memo://motto", safe="")):
            answer = await http.get(f"/resources/{named}")
            assert answer.json() == {
                "type": "resource",
                "id": motto["id"],
                "uri": "memo://motto",
                "mimeType": "text/plain",
                "text": "Less, but better.",
            }
        note = await http.get(f"/v1/resources/{quote('memo://notes/7', safe='')}")
        assert note.json()["text"] == "note 7"
        logo = await http.get(f"/resources/{resources['memo://logo']['id']}")
        assert (logo.json()["mimeType"], logo.json()["blob"]) == ("image/png", "iVBORw==")
        info = await http.get(f"/resources/{motto['id']}/info")
        assert info.json() == motto


async def test_what_is_missing_or_malformed_is_said_as_an_error_body(world: World) -> None:
    (prompt,) = await world.of_mine("prompts")
    templates = [each for each in await world.of_mine("resources") if each["uriTemplate"]]
    async with world.suite.http() as http:
        for answer, status in (
            (await http.post(f"/prompts/{'0' * 32}", json={}), 404),
            (await http.get(f"/resources/{'0' * 32}"), 404),
            (await http.get(f"/resources/{templates[0]['id']}"), 400),
            (await http.post(f"/prompts/{prompt['id']}", json=[]), 400),
            (await http.post("/protocol/initialize", json={}), 400),
            (await http.post("/protocol/sampling/createMessage", json={}), 400),
        ):
            assert answer.status_code == answer.json()["status"] == status, answer.text
            assert answer.json().keys() >= {"type", "title", "code", "detail", "message"}


async def test_an_upstream_that_is_gone_is_a_bad_gateway(suite: Suite) -> None:
    async with mcp_server() as upstream:
        gateway = await suite.register("gone", upstream.url)
        async with suite.http() as http:
            found = (await http.get("/resources?limit=0")).json()
    mine = [each for each in found if each["gatewayId"] == gateway["id"]]
    async with suite.http() as http:
        answer = await http.get(f"/resources/{mine[0]['id']}")
        assert (answer.status_code, answer.json()["code"]) == (502, "upstream_unreachable")
        await http.delete(f"/gateways/{gateway['id']}?wait=applied")


async def test_a_rest_tool_gets_the_clients_headers_that_it_names(suite: Suite) -> None:
    sent = {"X-Tenant": "blue", "X-Other": "o", "Cookie": "c=1"}
    async with rest_service() as service, suite.http() as http:
        tool = {
            "name": "echo",
            "url": service.url + "/echo/x",
            "request_type": "GET",
            "passthrough_headers": ["X-Tenant", "X-Absent"],
        }
        made = await http.post("/tools?wait=applied", json={"tool": tool})
        assert made.status_code == 200, made.text
        call = {"jsonrpc": "2.0", "id": 1, "method": "echo", "params": {}}
        answers = [await http.post("/rpc", json=call, headers=sent)]
        path = f"/tools/{made.json()['id']}?wait=applied"
        await http.put(path, json={"passthrough_headers": ["X-Other"]})
        answers.append(await http.post("/rpc", json=call, headers=sent))
        await http.put(path, json={"expose_passthrough": False})
        answers.append(await http.post("/rpc", json=call, headers=sent))
        await http.delete(path)
    assert [each.json()["result"]["isError"] for each in answers] == [False] * 3
    known = {"x-tenant", "x-other", "x-absent", "cookie", "authorization"}
    passed = [known & each["headers"].keys() for each in service.asked]
    assert passed == [{"x-tenant"}, {"x-other"}, set()]
    assert service.asked[0]["headers"]["x-tenant"] == "blue"


async def test_the_address_alone_leads_to_the_admin_pages(suite: Suite) -> None:
    async with suite.stranger() as stranger:
        home = await stranger.get("/")
        assert (home.status_code, home.headers["location"]) == (307, "/admin")
        assert (await stranger.get("/favicon.ico")).status_code == 404
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        assert (await stranger.post("/rpc", json=ping)).status_code == 401


async def test_without_admin_pages_the_address_alone_says_what_it_is(tmp_path: Path) -> None:
    async with (
        running_suite(tmp_path / "data", "--no-admin") as suite,
        suite.stranger() as stranger,
    ):
        home = await stranger.get("/")
    assert home.status_code == 200
    assert home.json()["name"] == "mcpgateway"
