"""Tools of real MCP servers, and REST ones, whose calls are checked, filtered and limited here."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import msgspec
import pytest
from mcp.client.client import Client

from mcpgateway.common.routing.model import Tool, Upstream
from support.data_plane import data_plane
from support.mcp_servers import mcp_server
from support.rest_service import RestService, rest_service
from support.wait import until

Era = Literal["modern", "legacy"]
CLIENTS = ("legacy", "2026-07-28")
ADD = {
    "inputSchema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    }
}
CYCLE = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["v"]}


@pytest.fixture
async def service() -> AsyncIterator[RestService]:
    async with rest_service() as made:
        yield made


def handled(upstream: Upstream, name: str, definition: Any = None, **more: Any) -> Tool:
    shown = definition or {"inputSchema": {"type": "object"}}
    return Tool(name, upstream.id, name, name, msgspec.json.encode(shown), **more)


def said(result: Any) -> str:
    return str(result.content[0].text)


@asynccontextmanager
async def upstream_of(era: Era) -> AsyncIterator[Upstream]:
    async with mcp_server(era=era) as server:
        yield Upstream(
            "u",
            "up",
            "up",
            server.url,
            era=era,
            protocol_version="2026-07-28" if era == "modern" else "2025-11-25",
            capabilities=b'{"tools":{}}',
            loopback_allowed=True,
        )


@asynccontextmanager
async def client_of(
    era: Era, mode: str, name: str, definition: Any = None, **more: Any
) -> AsyncIterator[Client]:
    """Of a gateway in front of a server of that era, with one tool."""
    async with upstream_of(era) as upstream:
        tool = handled(upstream, name, definition, **more)
        async with data_plane(upstream, tool) as plane, plane.client("/mcp", mode) as client:
            yield client


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_arguments_are_held_against_the_schema_before_the_upstream_is_asked(
    era: Era, client: str
) -> None:
    async with client_of(era, client, "add", ADD, validation="input") as called:
        right = await called.call_tool("add", {"a": 1, "b": 2})
        wrong = await called.call_tool("add", {"a": "x"})
    assert not right.is_error
    assert wrong.is_error
    assert '- /a: "x" is not of type "integer"' in said(wrong)
    assert '- "b" is a required property' in said(wrong)
    assert "was not called" in said(wrong)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_a_result_is_filtered_and_held_against_its_schema(era: Era, client: str) -> None:
    number = {**ADD, "outputSchema": {"type": "integer", "maximum": 10}}
    more = {"validation": "output", "result_filter": ".sum * 2"}
    async with client_of(era, client, "add", number, **more) as called:
        right = await called.call_tool("add", {"a": 1, "b": 2})
        wrong = await called.call_tool("add", {"a": 4, "b": 2})
    assert (said(right), right.is_error) == ("6", False)
    assert wrong.is_error
    assert "12 is greater than the maximum of 10" in said(wrong)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_a_call_that_repeats_the_one_before_it_is_checked_like_any_other(
    era: Era, client: str
) -> None:
    async with client_of(era, client, "add", ADD, validation="input") as called:
        for number in range(12):
            assert not (await called.call_tool("add", {"a": number, "b": 2})).is_error
            assert (await called.call_tool("add", {"a": number, "b": "x"})).is_error


async def test_progress_goes_through_to_the_client_of_a_tool_that_is_checked() -> None:
    seen: list[float] = []

    async def told(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async with client_of("legacy", "legacy", "progress", validation="both") as called:
        await called.call_tool("progress", {"steps": 3}, progress_callback=told)
        await until(lambda: len(seen) == 3, "three messages")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$.headers.host", str),
        ("$..method", list),
        (".method", str),
        (".method, .body", list),
        ("{m: .method}", dict),
    ],
)
async def test_json_path_and_jq_say_what_of_a_body_is_shown(
    service: RestService, text: str, expected: type
) -> None:
    tool = service.tool("t", "/echo/x", result_filter=text)
    async with data_plane(tool) as plane, plane.client("/mcp", "legacy") as client:
        result = await client.call_tool("t", {})
    assert not result.is_error
    shown: Any = said(result) if expected is str else json.loads(said(result))
    assert isinstance(shown, expected)
    assert (result.structured_content is not None) is (expected is dict)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f: f; f", "takes over 0.5 s"),
        ('"x" * 1000000000', "memory"),
        (".method.x", "Cannot index string"),
        ("$ENV", "is no JSONPath"),
    ],
)
async def test_a_filter_that_fails_shows_nothing_of_the_result(
    service: RestService, text: str, reason: str
) -> None:
    """And the next call goes on."""
    tools = (service.tool("t", "/echo/x", result_filter=text), service.tool("u", "/echo/x"))
    async with (
        data_plane(*tools, JQ_FILTER_TIMEOUT_SECONDS="0.5") as plane,
        plane.client("/mcp", "legacy") as client,
    ):
        result = await client.call_tool("t", {})
        assert result.is_error
        assert "can not be filtered" in said(result)
        assert reason in said(result)
        assert not (await client.call_tool("u", {})).is_error


async def test_a_schema_that_can_not_be_used_leaves_the_tool_callable(
    service: RestService, caplog: pytest.LogCaptureFixture
) -> None:
    broken = {"inputSchema": {"type": "object", "properties": {"a": {"type": "nothing"}}}}
    tool = service.tool("t", "/echo/x", definition=broken, validation="both")
    async with data_plane(tool) as plane, plane.client("/mcp", "legacy") as client:
        for _ in range(3):
            assert not (await client.call_tool("t", {"a": 1})).is_error
    told = [each for each in caplog.records if "is not checked" in each.getMessage()]
    assert len(told) == 1


async def test_a_schema_that_refers_to_itself_is_checked_all_the_same(service: RestService) -> None:
    tool = service.tool("t", "/echo/x", definition={"inputSchema": CYCLE}, validation="input")
    async with data_plane(tool) as plane, plane.client("/mcp", "legacy") as client:
        right = await client.call_tool("t", {"v": 1, "next": {"v": 2}})
        wrong = await client.call_tool("t", {"v": 1, "next": {"next": {"v": 1}}})
    assert not right.is_error
    assert '/next: "v" is a required property' in said(wrong)


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_a_tool_may_have_more_time_than_its_upstream_or_less(era: Era) -> None:
    async with upstream_of(era) as made:
        upstream = msgspec.structs.replace(made, timeout_ms=300)
        longer = handled(upstream, "slow", timeout_ms=20_000)
        shorter = handled(upstream, "slow", timeout_ms=100)
        async with (
            data_plane(upstream, longer) as plane,
            plane.client("/mcp", "legacy") as client,
        ):
            assert not (await client.call_tool("slow", {"seconds": 0.8})).is_error
            plane.put(upstream, shorter)
            with pytest.raises(Exception, match=r"did not answer within 0\.1 s"):
                await client.call_tool("slow", {"seconds": 30})


async def test_calls_above_the_tools_limit_wait_for_their_turn(service: RestService) -> None:
    tool = service.tool("t", "/slow", max_concurrency=2)
    async with data_plane(tool) as plane, plane.client("/mcp", "2026-07-28") as client:
        calls = [asyncio.create_task(client.call_tool("t", {})) for _ in range(5)]
        await until(lambda: len(service.asked) == 2, "two requests")
        service.go_on.set()
        results = await asyncio.gather(*calls)
    assert not any(each.is_error for each in results)
    assert len(service.asked) == 5


async def test_a_call_that_waits_too_long_was_not_made_and_says_so(service: RestService) -> None:
    tool = service.tool("t", "/slow", max_concurrency=1)
    async with (
        data_plane(tool, HTTPX_POOL_TIMEOUT="0.1") as plane,
        plane.client("/mcp", "2026-07-28") as client,
    ):
        first = asyncio.create_task(client.call_tool("t", {}))
        await asyncio.wait_for(service.begun.wait(), 20)
        with pytest.raises(Exception, match="it was not called: try again"):
            await client.call_tool("t", {})
        service.go_on.set()
        assert not (await first).is_error
    assert len(service.asked) == 1
