"""Calls of derived tools: what reaches the base, and for whom."""

import json
from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.recipes import deriving
from mcpgateway.common.routing.model import Access, Record, Rule, Tool
from mcpgateway.common.routing.recipe import Derived
from support.endpoint import Endpoint, answer_of, token
from support.exchange import RecordingExchange
from support.registries import ANN, BOB, USER_ROLE, server, tool, upstream

SCHEMA = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "x-mcp-header": "Query"},
        "tenant": {"type": "string", "x-mcp-header": "Tenant"},
    },
}
BASE = tool("t1", original_name="search", definition=json.dumps({"inputSchema": SCHEMA}).encode())
NARROWED = Derived(tool="t1", fixed={"tenant": "acme"}, renamed={"q": "query"})


def made_of(recipe: Derived, id: str = "d", base: Tool = BASE, **fields: Any) -> Tool:
    definition = deriving.definition(msgspec.json.decode(base.definition), recipe)
    return tool(
        id,
        "",
        name=f"{id}-name",
        original_name=f"{id}-name",
        definition=msgspec.json.encode(definition),
        recipe=msgspec.json.encode(recipe),
        **fields,
    )


def endpoint(*records: Record) -> Endpoint:
    return Endpoint((upstream(), BASE, made_of(NARROWED), USER_ROLE, ANN, BOB, *records))


def call(at: Endpoint, era: str, arguments: Any, name: str = "d-name") -> RecordingExchange:
    params = {"name": name, "arguments": arguments}
    if era == "legacy":
        return at.legacy("tools/call", params)
    lines = [(b"mcp-param-query", arguments["q"].encode())] if "q" in arguments else []
    return at.modern("tools/call", params, headers=lines)


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_a_base_is_called_by_its_name_with_its_arguments(era: str) -> None:
    at = endpoint()
    call(at, era, {"q": "x"})
    request = at.upstreams.last.request
    assert request.upstream.id == "u1"
    assert msgspec.json.decode(request.params["name"]) == "search"
    assert msgspec.json.decode(request.params["arguments"]) == {"query": "x", "tenant": "acme"}


def test_a_modern_upstream_gets_the_headers_of_what_it_is_sent() -> None:
    at = endpoint()
    call(at, "modern", {"q": "x"})
    assert (b"mcp-param-query", b"x") in at.upstreams.last.request.headers
    assert (b"mcp-param-tenant", b"acme") in at.upstreams.last.request.headers
    assert len([name for name, _ in at.upstreams.last.request.headers if b"param" in name]) == 2


def test_headers_of_a_derived_tools_own_arguments_are_held_against_these() -> None:
    at = endpoint()
    params = {"name": "d-name", "arguments": {"q": "x"}}
    refused = at.modern("tools/call", params, headers=[(b"mcp-param-query", b"y")])
    assert answer_of(refused)["error"]["code"] == jsonrpc.HEADER_MISMATCH
    assert not at.upstreams.calls


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize("name", ["tenant", "query", "other"])
def test_an_argument_that_is_not_shown_is_told_to_the_model_and_not_sent(
    era: str, name: str
) -> None:
    at = endpoint()
    result = answer_of(call(at, era, {name: "x"}))["result"]
    assert result["isError"]
    assert "its arguments are: 'q'" in result["content"][0]["text"]
    assert not at.upstreams.calls


def test_the_rest_of_a_call_is_passed_on() -> None:
    at = endpoint()
    at.legacy(
        "tools/call",
        {"name": "d-name", "arguments": {"q": "x"}, "_meta": {"progressToken": "p", "own": 1}},
    )
    meta = msgspec.json.decode(at.upstreams.last.request.params["_meta"])
    assert meta == {"progressToken": "p", "own": 1}


async def test_a_base_that_is_judged_is_sent_as_such() -> None:
    judged = msgspec.structs.replace(BASE, validation="input", timeout_ms=5_000)
    at = Endpoint((upstream(), judged, made_of(NARROWED)))
    exchange = call(at, "legacy", {"q": 5})
    await exchange.finished()
    assert "is not of type" in answer_of(exchange)["result"]["content"][0]["text"]
    assert not at.upstreams.calls


def test_a_derived_tool_of_a_derived_tool_comes_to_the_same_base() -> None:
    first = made_of(NARROWED)
    second = made_of(Derived(tool="d", defaults={"q": "all"}), "e", first)
    at = endpoint(second)
    call(at, "legacy", {}, "e-name")
    assert msgspec.json.decode(at.upstreams.last.request.params["arguments"]) == {
        "query": "all",
        "tenant": "acme",
    }


def test_a_call_is_counted_under_the_name_that_was_called() -> None:
    at = endpoint()
    call(at, "legacy", {"q": "x"})
    assert [(done.kind, done.id, done.count) for done in at.decisions.drain(0.0)] == [
        ("tool", "d", 1)
    ]


def test_a_rule_about_the_base_counts_with_what_the_base_is_sent() -> None:
    spec = {
        "actions": ["tools.execute"],
        "objects": {"ids": ["t1"]},
        "condition": "args.tenant == 'acme'",
    }
    at = endpoint(Rule("r", "not at acme", "deny", json.dumps(spec).encode()))
    refused = call(at, "legacy", {"q": "x"})
    assert answer_of(refused)["error"]["message"] == "denied by rule 'not at acme'"
    assert not at.upstreams.calls


@pytest.mark.parametrize("place", ["", "s"])
def test_who_may_not_use_the_base_is_not_offered_what_is_made_of_it(place: str) -> None:
    private = msgspec.structs.replace(BASE, access=Access("private", owner=ANN.id))
    at = Endpoint(
        (upstream(), private, made_of(NARROWED), USER_ROLE, ANN, BOB, server("s", tools=("d",)))
    )
    params = {"name": "d-name", "arguments": {"q": "x"}}
    refused = at.modern(
        "tools/call",
        params,
        place,
        [(b"mcp-param-query", b"x")],
        authorization=f"Bearer {token(BOB.id)}",
    )
    assert answer_of(refused)["error"]["message"] == "unknown tool 'd-name'"
    taken = at.modern(
        "tools/call",
        params,
        place,
        [(b"mcp-param-query", b"x")],
        authorization=f"Bearer {token(ANN.id)}",
    )
    assert not taken.status
    assert len(at.upstreams.calls) == 1
