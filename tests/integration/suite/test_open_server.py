"""A server that anybody may use, under the upstreams' own names, on replicas without affinity."""

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from conformance.offering import offer, withdraw
from support.balancer import balancer
from support.mcp_servers import mcp_server
from support.suite import Suite, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_strangers_use_it_by_the_upstreams_own_names(suite: Suite, mode: str) -> None:
    async with mcp_server() as upstream, suite.http() as http:
        offered = await offer(http, f"open {mode}", upstream.url)
        replicas = (await http.get("/replicas")).json()["replicas"]
        async with (
            balancer(each["address"].removeprefix("http://") for each in replicas) as address,
            httpx2.AsyncClient() as stranger,
        ):
            url = f"http://{address}{offered.path}"
            transport = streamable_http_client(url, http_client=stranger)
            async with Client(transport, mode=mode) as client:
                names = {tool.name for tool in (await client.list_tools()).tools}
                assert {"echo", "add", "fail"} <= names
                for n in range(4):
                    assert text_of(await client.call_tool("add", {"a": n, "b": 1})) == str(n + 1)
                prompts = (await client.list_prompts()).prompts
                assert [prompt.name for prompt in prompts] == ["greet"]
        await withdraw(http, offered)


async def test_strangers_use_nothing_that_is_not_opened(suite: Suite) -> None:
    async with mcp_server() as upstream, suite.http() as http, suite.stranger() as stranger:
        offered = await offer(http, "opened", upstream.url)
        closed = {"anonymous_access": False}
        answer = await http.put(f"/servers/{offered.server}?wait=applied", json=closed)
        assert answer.status_code == 200, answer.text
        for path in (offered.path, "/mcp"):
            ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
            answer = await stranger.post(path, json=ping)
            assert answer.status_code == 401, path
        await withdraw(http, offered)


async def test_names_that_collide_are_all_offered(suite: Suite) -> None:
    async with mcp_server() as one, mcp_server() as two, suite.http() as http:
        first = await offer(http, "first", one.url)
        second = await offer(http, "second", two.url)
        ids = [each["id"] for each in await suite.tools()]
        both = await suite.bundle("both", ids, naming="original")
        async with suite.client(f"/servers/{both}/mcp") as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert "echo" in names
            assert len(names & {"first-echo", "second-echo"}) == 1
            for name in names & {"echo", "first-echo", "second-echo"}:
                assert text_of(await client.call_tool(name, {"text": "hi"})) == "hi"
        answer = await http.delete(f"/servers/{both}")
        assert answer.is_success
        for each in (first, second):
            await withdraw(http, each)
