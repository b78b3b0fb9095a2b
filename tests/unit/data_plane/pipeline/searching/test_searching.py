"""A client of a searched server sees three tools, and reaches the others by them as if directly."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.policy.access.rules import Spec
from mcpgateway.common.routing.model import Access, Record, Rule
from mcpgateway.common.routing.search_tools import NAMES
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.task_journal import TaskJournal
from mcpgateway.data_plane.pipeline.searching.searching import UNDER_WAY
from mcpgateway.data_plane.pipeline.tasks.keeper import Terms
from support.endpoint import Endpoint, answer_of, token
from support.exchange import RecordingExchange
from support.registries import BOB, USER_ROLE, server, tool, upstream

DEFINITION = msgspec.json.encode(
    {
        "description": "Adds two numbers",
        "inputSchema": {"type": "object", "properties": {"a": {"type": "integer"}}},
    }
)
MEMBERS = ("t-add", "t-list", "t-hidden", "t-old")
WORLD: tuple[Record, ...] = (
    upstream("new", era="modern"),
    upstream("old", era="legacy"),
    tool("t-add", "new", name="new-add", original_name="add", definition=DEFINITION),
    tool("t-list", "new", name="new-list", original_name="list", definition=b'{"title":"Lists"}'),
    tool("t-hidden", "new", name="new-hidden", access=Access("private", owner="carl@example.com")),
    tool("t-old", "old", name="old-add", original_name="add", definition=DEFINITION),
    server("s", tools=MEMBERS, discovery="search"),
)
Asking = Callable[..., RecordingExchange]


@pytest.fixture(params=["legacy", "modern"])
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def called(endpoint: Endpoint, era: str, name: str, arguments: Any = None, **more: Any) -> Any:
    params = {"name": name, "arguments": {} if arguments is None else arguments}
    ask: Asking = endpoint.modern if era == "modern" else endpoint.legacy
    return ask("tools/call", params, "s", **more)


def text_of(exchange: RecordingExchange) -> str:
    (block,) = answer_of(exchange)["result"]["content"]
    return str(block["text"])


async def found(exchange: RecordingExchange) -> list[str]:
    await exchange.finished()  # a search may take longer than a turn
    assert not answer_of(exchange)["result"]["isError"]
    return [each["name"] for each in json.loads(text_of(exchange))["tools"]]


async def test_a_list_is_of_our_three_tools(era: str) -> None:
    endpoint = Endpoint(WORLD)
    ask: Asking = endpoint.modern if era == "modern" else endpoint.legacy
    listed = answer_of(ask("tools/list", {}, "s"))["result"]
    assert [each["name"] for each in listed["tools"]] == sorted(NAMES)
    assert ("resultType" in listed) == (era == "modern")
    assert endpoint.conversations.catalogues.tools == len(MEMBERS)  # who lists will search


async def test_a_search_answers_names_descriptions_and_arguments(era: str) -> None:
    answer = called(Endpoint(WORLD), era, "search_tools", {"query": "add numbers"})
    await answer.finished()
    first = json.loads(text_of(answer))["tools"][0]
    assert first == {
        "name": "new-add",
        "description": "Adds two numbers",
        "arguments": "a?: integer",
    }
    assert ("resultType" in answer_of(answer)["result"]) == (era == "modern")


async def test_as_many_are_answered_as_are_asked_for(era: str) -> None:
    endpoint = Endpoint(WORLD)
    one = called(endpoint, era, "search_tools", {"query": "add", "limit": 1})
    assert len(await found(one)) == 1
    assert await found(called(endpoint, era, "search_tools", {"query": "nothing like it"})) == []


async def test_only_what_the_caller_may_use_is_found_described_and_called() -> None:
    endpoint = Endpoint((*WORLD, USER_ROLE, BOB))
    hers = f"Bearer {token(BOB.id)}"
    params: dict[str, Any] = {"name": "search_tools", "arguments": {"query": "hidden"}}
    assert await found(endpoint.modern("tools/call", params, "s")) == ["new-hidden"]
    assert await found(endpoint.modern("tools/call", params, "s", authorization=hers)) == []
    for name in ("describe_tool", "call_tool"):
        params = {"name": name, "arguments": {"name": "new-hidden"}}
        answer = endpoint.modern("tools/call", params, "s", authorization=hers)
        assert answer_of(answer)["result"]["isError"]
        assert "unknown tool 'new-hidden'" in text_of(answer)
    assert endpoint.upstreams.calls == []


async def test_a_description_is_the_definition_that_a_list_would_have(era: str) -> None:
    answer = called(Endpoint(WORLD), era, "describe_tool", {"name": "new-add"})
    assert json.loads(text_of(answer)) == {"name": "new-add", **json.loads(DEFINITION)}


@pytest.mark.parametrize("name", ["new-add", "old-add"])
async def test_a_call_reaches_the_upstream_as_a_direct_one_does(era: str, name: str) -> None:
    endpoint = Endpoint(WORLD)
    called(endpoint, era, name, {"a": 1})
    direct = endpoint.upstreams.last
    through = called(endpoint, era, "call_tool", {"name": name, "arguments": {"a": 1}})
    sent = endpoint.upstreams.last
    assert sent is not direct
    assert sent.params == direct.params
    assert sent.request == direct.request
    result = b'{"content":[],"isError":false}'
    sent.sink.answer(jsonrpc.response(1, result))
    assert answer_of(through)["result"] == json.loads(result)


async def test_a_tool_that_is_named_directly_is_called(era: str) -> None:
    endpoint = Endpoint(WORLD)
    called(endpoint, era, "new-add", {"a": 1})
    assert endpoint.upstreams.last.params["name"] == b'"add"'


@pytest.mark.parametrize("arguments", [{}, {"arguments": None}])
async def test_a_call_without_arguments_has_none(era: str, arguments: dict[str, Any]) -> None:
    endpoint = Endpoint(WORLD)
    called(endpoint, era, "call_tool", {"name": "new-list", **arguments})
    assert endpoint.upstreams.last.params["arguments"] == b"{}"


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("search_tools", {}, "query must be a text"),
        ("search_tools", {"query": "  "}, "query must be a text"),
        ("search_tools", {"query": "a" * 501}, "at most 500"),
        ("search_tools", {"query": "a", "limit": 0}, "from 1 to 20"),
        ("search_tools", {"query": "a", "limit": True}, "from 1 to 20"),
        ("search_tools", {"query": "a", "limit": "5"}, "from 1 to 20"),
        ("describe_tool", {}, "name must be a text"),
        ("describe_tool", {"name": "nope"}, "search_tools finds"),
        ("call_tool", {}, "name must be a text"),
        ("call_tool", {"name": "nope"}, "unknown tool 'nope'"),
        ("call_tool", {"name": "new-add", "arguments": [1]}, "arguments must be an object"),
        ("call_tool", {"name": "call_tool", "arguments": {}}, "unknown tool 'call_tool'"),
        ("call_tool", [], "must be a JSON object"),
        ("search_tools", [], "must be a JSON object"),
    ],
)
async def test_a_model_is_told_what_to_change(
    era: str, name: str, arguments: Any, said: str
) -> None:
    endpoint = Endpoint(WORLD)
    answer = called(endpoint, era, name, arguments)
    assert answer_of(answer)["result"]["isError"]
    assert said in text_of(answer)
    assert endpoint.upstreams.calls == []


async def test_it_is_counted_and_told_of_as_a_direct_call(era: str) -> None:
    endpoint = Endpoint(WORLD)
    for _ in range(2):
        called(endpoint, era, "call_tool", {"name": "new-add", "arguments": {}})
    called(endpoint, era, "new-add", {})
    called(endpoint, era, "search_tools", {"query": "add"})
    called(endpoint, era, "call_tool", {"name": "nope"})
    told = [(each.name, each.id, each.verdict, each.count) for each in endpoint.decisions.drain(0)]
    assert ("new-add", "t-add", "allow", 3) in told
    assert ("search_tools", "", "allow", 1) in told
    assert ("call_tool", "", "deny", 1) in told
    assert len(told) == 3


async def test_a_rule_about_arguments_holds_for_what_is_called_through() -> None:
    spec = Spec(("tools.execute",), condition="args.a == 1")
    denies = Rule("r", "not one", "deny", msgspec.json.encode(spec))
    endpoint = Endpoint((*WORLD, denies))
    refused = called(endpoint, "legacy", "call_tool", {"name": "new-add", "arguments": {"a": 1}})
    assert answer_of(refused)["error"]["code"] == jsonrpc.DENIED
    assert endpoint.upstreams.calls == []
    called(endpoint, "legacy", "call_tool", {"name": "new-add", "arguments": {"a": 2}})
    assert len(endpoint.upstreams.calls) == 1


async def test_arguments_that_are_mirrored_in_headers_are_mirrored_for_the_client() -> None:
    schema = {"properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}
    definition = msgspec.json.encode({"inputSchema": {"type": "object", **schema}})
    wants = tool("t-add", "new", name="new-add", original_name="add", definition=definition)
    endpoint = Endpoint((*WORLD, wants))
    called(endpoint, "modern", "call_tool", {"name": "new-add", "arguments": {"region": "eu"}})
    assert (b"mcp-param-region", b"eu") in endpoint.upstreams.last.request.headers


async def test_what_is_called_through_can_be_made_a_task() -> None:
    endpoint = Endpoint(WORLD, kept=(TaskJournal(OwnStore()), Terms()))
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}
    session = endpoint.legacy("initialize", hello, "s").sent_headers[b"mcp-session-id"]
    lines = [(b"mcp-session-id", session)]
    params = {"name": "call_tool", "arguments": {"name": "new-add"}, "task": {"ttl": 60_000}}
    begun = endpoint.legacy("tools/call", params, "s", lines)
    await begun.finished()
    task = answer_of(begun)["result"]["task"]["taskId"]
    endpoint.upstreams.last.sink.answer(jsonrpc.response(1, b'{"content":[]}'))
    result = endpoint.legacy("tasks/result", {"taskId": task}, "s", lines)
    await result.finished()
    assert answer_of(result)["result"]["content"] == []


async def test_a_large_catalogue_is_answered_when_it_is_ready() -> None:
    many = [tool(f"m{n}", "new", name=f"new-fetch-{n:05}") for n in range(4_000)]
    big = server("s", tools=tuple(each.id for each in many), discovery="search")
    endpoint = Endpoint((*WORLD[:-1], *many, big))
    answer = called(endpoint, "legacy", "search_tools", {"query": "fetch 03999", "limit": 1})
    assert not answer.started
    await answer.finished()
    assert await found(answer) == ["new-fetch-03999"]


async def test_who_leaves_a_search_is_not_waited_for() -> None:
    many = [tool(f"m{n}", "new", name=f"new-fetch-{n:05}") for n in range(4_000)]
    big = server("s", tools=tuple(each.id for each in many), discovery="search")
    endpoint = Endpoint((*WORLD[:-1], *many, big))
    answer = called(endpoint, "legacy", "search_tools", {"query": "fetch"})
    answer.leave()
    await endpoint.conversations.catalogues.of("s", endpoint.tables.current).wait()
    assert not answer.started


async def test_searches_under_way_are_bounded() -> None:
    many = [tool(f"m{n}", "new", name=f"new-fetch-{n:05}") for n in range(4_000)]
    big = server("s", tools=tuple(each.id for each in many), discovery="search")
    endpoint = Endpoint((*WORLD[:-1], *many, big, USER_ROLE, BOB))
    ask = {"query": "fetch 7", "limit": 1}
    free = UNDER_WAY - UNDER_WAY // 4  # the rest is for those who have few
    answers = [called(endpoint, "modern", "search_tools", ask) for _ in range(free)]
    assert called(endpoint, "modern", "search_tools", ask).status == 503
    params = {"name": "search_tools", "arguments": ask}
    bobs = f"Bearer {token(BOB.id)}"
    answers.append(endpoint.modern("tools/call", params, "s", authorization=bobs))
    for each in answers:
        await each.finished()
    assert {each.status for each in answers} == {200}
    again = called(endpoint, "modern", "search_tools", ask)
    assert again.status in (0, 200)
