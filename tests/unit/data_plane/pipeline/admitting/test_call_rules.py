"""Rules that only a call decides about: who is refused, in which words, and what others pay."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from mcpgateway.common import jsonrpc
from mcpgateway.common.policy.access.conditions import ARGUMENT_BYTES
from mcpgateway.common.routing.model import Record, Rule
from support.endpoint import Endpoint, token
from support.exchange import RecordingExchange
from support.registries import BOB, prompt, resource, server, tool, upstream
from support.shortcuts import Connection, Rig

OFFER: tuple[Record, ...] = (
    upstream(),
    tool("t1"),
    tool("t2"),
    prompt("p1"),
    resource("r1", uri="x:secret"),
    server("s1", tools=("t1",)),
)
RAW = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"u1-t1","arguments":%b}}'
AS_BOB = f"Bearer {token(BOB.id)}"


def rule(condition: str, effect: Any = "deny", **spec: Any) -> Rule:
    text = {"actions": ["*"], "condition": condition, **spec}
    return Rule("x", "few at a time", effect, json.dumps(text).encode())


def endpoint(*records: Record) -> Endpoint:
    return Endpoint((*OFFER, *records))


def refusal(exchange: RecordingExchange) -> Any:
    """The error that a call was answered with; None when it went to the upstream."""
    return json.loads(exchange.answer)["error"] if exchange.status else None


def call(at: Endpoint, arguments: Any = {"n": 7}, **more: Any) -> Any:  # noqa: B006 - not changed
    params = {"name": "u1-t1", "arguments": arguments}
    return refusal(at.modern("tools/call", params, **more))


def listed(at: Endpoint, **more: Any) -> list[str]:
    answer = json.loads(at.modern("tools/list", **more).answer)
    return [each["name"] for each in answer["result"]["tools"]]


@pytest.mark.parametrize(
    ("condition", "refused"),
    [
        ("args.n > 5", True),
        ("args.n > 9", False),
        ("in_network(source, '127.0.0.0/8')", True),
        ("in_network(source, '10.0.0.0/8')", False),
        ("time > timestamp('2001-01-01T00:00:00Z')", True),
        ("time < timestamp('2001-01-01T00:00:00Z')", False),
    ],
)
def test_a_call_is_refused_by_its_arguments_source_and_time(condition: str, refused: bool) -> None:
    at = endpoint(rule(condition))
    assert listed(at) == ["u1-t1", "u1-t2"]
    assert (call(at) is not None) is refused
    assert len(at.upstreams.calls) == (not refused)


def test_a_refusal_names_the_rule() -> None:
    at = endpoint(rule("args.n > 5"))
    exchange = at.modern("tools/call", {"name": "u1-t1", "arguments": {"n": 7}})
    assert exchange.status == 403
    assert refusal(exchange) == {
        "code": jsonrpc.DENIED,
        "message": "denied by rule 'few at a time'",
        "data": {"rule": "x"},
    }


@pytest.mark.parametrize("arguments", [{}, {"n": "many"}, {"n": 1, "blob": "x" * ARGUMENT_BYTES}])
def test_what_can_not_be_evaluated_counts_against_the_caller(arguments: Any) -> None:
    said = call(endpoint(rule("args.n > 5")), arguments)
    assert said["message"].endswith("its condition can not be evaluated for this call")


def test_arguments_that_say_something_twice_are_refused_and_told_where() -> None:
    at = endpoint(rule("args.n > 5"))
    exchange = at.send(RAW % b'{"n":1,"n":7}')
    assert "/n: duplicate key" in refusal(exchange)["message"]
    assert refusal(at.send(RAW % b'{"n":1}')) is None


def test_what_a_rule_may_allow_is_shown_and_allowed_under_its_condition() -> None:
    bare = replace(BOB, grants=b"[]")
    at = endpoint(bare, rule("args.n < 9", "allow", objects={"ids": ["t1"]}))
    assert listed(at, authorization=AS_BOB) == ["u1-t1"]
    assert call(at, {"n": 7}, authorization=AS_BOB) is None
    said = call(at, {"n": 10}, authorization=AS_BOB)
    assert "allows this under a condition that is not met" in said["message"]
    unknown = at.modern("tools/call", {"name": "u1-t2"}, authorization=AS_BOB)
    assert "unknown tool" in refusal(unknown)["message"]


@pytest.mark.parametrize(
    ("method", "params", "condition"),
    [
        ("prompts/get", {"name": "u1-p1", "arguments": {"n": "7"}}, "args.n == '7'"),
        ("resources/read", {"uri": "x:secret"}, "args.uri.endsWith('secret')"),
        (
            "completion/complete",
            {"ref": {"type": "ref/prompt", "name": "u1-p1"}, "argument": {}},
            "args.n == '7'",
        ),
    ],
)
def test_prompts_resources_and_completions_are_held_against_rules_too(
    method: str, params: dict[str, Any], condition: str
) -> None:
    at = endpoint(rule(condition))
    assert refusal(at.modern(method, params))["code"] == jsonrpc.DENIED
    assert at.upstreams.calls == []


def test_a_rule_about_a_server_is_settled_by_the_calls_there() -> None:
    at = endpoint(rule("source != ''", actions=["servers.use"], objects={"servers": ["s1"]}))
    assert call(at) is None
    assert call(at, server="s1")["data"] == {"rule": "x"}


def test_a_rule_about_another_tool_asks_nothing_of_a_call() -> None:
    at = endpoint(rule("args.n > 5", objects={"ids": ["t2"]}))
    assert refusal(at.send(RAW % b'{"n":7,"n":7}')) is None


async def test_no_shortcut_is_made_of_a_call_that_a_rule_decides_about() -> None:
    for named, taken in (("one", False), ("two", True)):
        known = upstream("u", era="modern", capabilities=b'{"tools":{},"logging":{}}')
        about = rule("args.n > 5", objects={"ids": [named]})
        rig = Rig(known, tool("one", "u"), tool("two", "u"), about)
        for _ in range(3):
            rig.send(rig.call())
            rig.http.sent[-1].result(rig.result)
        assert (Connection.shortcut is not None) is taken
