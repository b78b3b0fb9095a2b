"""Runs of composed tools, with upstreams that a test plays."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.mcp.questions import Question
from mcpgateway.common.routing.model import Access, Rule, Tool
from mcpgateway.common.routing.recipe import MAX_CALLS, Composed, Derived, Recipe, Step
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.task_journal import TaskJournal
from mcpgateway.data_plane.pipeline.tasks.keeper import Terms
from support.endpoint import Endpoint, answer_of, token
from support.exchange import RecordingExchange
from support.registries import ANN, BOB, USER_ROLE, tool, upstream
from support.tool_server import ToolFailed, ToolServer, Work
from support.wait import until

ERAS = ("legacy", "modern")
IN = {"$": "$.input"}


def made(recipe: Recipe, id: str = "c", **fields: Any) -> Tool:
    usual = {"name": id, "original_name": id}
    return tool(id, "", recipe=msgspec.json.encode(recipe), **(usual | fields))


def composed(*steps: Step, **more: Any) -> Composed:
    return Composed(steps=steps, **more)


class Rig:
    """`tools` are those of an upstream, whose ids are their names."""

    def __init__(self, *records: Any, **tools: Work) -> None:
        self.server = ToolServer(**tools)
        own = [tool(name, name=name, original_name=name) for name in tools]
        self.at = Endpoint((upstream(), *own, USER_ROLE, ANN, BOB, *records), self.server)

    def begin(
        self, arguments: Any = None, era: str = "legacy", name: str = "c", **more: Any
    ) -> RecordingExchange:
        params = {"name": name, "arguments": arguments or {}}
        if era == "modern":
            return self.at.modern("tools/call", params, **more)
        return self.at.legacy("tools/call", params | more)

    async def call(
        self, arguments: Any = None, era: str = "legacy", name: str = "c", **more: Any
    ) -> Any:
        exchange = self.begin(arguments, era, name, **more)
        await exchange.finished()
        return answer_of(exchange)["result"]


async def echo(arguments: dict[str, Any]) -> Any:
    return arguments


def said(result: Any) -> str:
    return "\n".join(each["text"] for each in result["content"])


def messages(exchange: RecordingExchange) -> list[Any]:
    """What a stream of events had."""
    lines = exchange.answer.decode().splitlines()
    return [json.loads(line[5:]) for line in lines if line.startswith("data:")]


@pytest.mark.parametrize("era", ERAS)
async def test_what_a_step_finds_goes_into_the_next(era: str) -> None:
    async def find(arguments: dict[str, Any]) -> Any:
        return {"id": 7, "for": arguments["q"]}

    recipe = composed(
        Step(name="found", tool="find", arguments={"q": {"$": "$.input.words"}}),
        Step(name="shown", tool="echo", arguments={"id": {"$": "$.steps.found.id"}, "more": True}),
        result={"asked": {"$": "$.steps.found.for"}, "shown": {"$": "$.steps.shown"}},
    )
    rig = Rig(made(recipe), find=find, echo=echo)
    result = await rig.call({"words": "cheese"}, era)
    assert result["structuredContent"] == {"asked": "cheese", "shown": {"id": 7, "more": True}}
    assert json.loads(said(result)) == result["structuredContent"]
    assert result["isError"] is False
    assert result.get("resultType") == ("complete" if era == "modern" else None)
    assert rig.server.called == [("find", {"q": "cheese"}), ("echo", {"id": 7, "more": True})]


@pytest.mark.parametrize("era", ERAS)
async def test_without_a_result_of_its_own_it_says_what_the_last_step_says(era: str) -> None:
    image = {"type": "image", "data": "aGk=", "mimeType": "image/png"}

    async def draw(_arguments: dict[str, Any]) -> Any:
        return {"content": [image]}

    rig = Rig(made(composed(Step(name="a", tool="draw"))), draw=draw)
    assert (await rig.call({}, era))["content"] == [image]


async def test_a_step_goes_over_a_list_with_so_many_calls_at_once() -> None:
    under_way, most = 0, 0
    enough = asyncio.Event()

    async def look(arguments: dict[str, Any]) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if most == 3:
            enough.set()
        await enough.wait()
        under_way -= 1
        return {"n": arguments["item"] * 10 + arguments["index"]}

    step = Step(
        name="all",
        tool="look",
        each="$.input.items",
        at_once=3,
        arguments={"item": {"$": "$.item"}, "index": {"$": "$.index"}},
    )
    recipe = composed(step, result={"found": {"$": "$.steps.all[*].n"}})
    rig = Rig(made(recipe), look=look)
    result = await rig.call({"items": [5, 6, 7, 8, 9]})
    assert result["structuredContent"] == {"found": [50, 61, 72, 83, 94]}
    assert most == 3


async def test_a_step_over_an_empty_list_makes_no_call() -> None:
    rig = Rig(made(composed(Step(name="a", tool="echo", each="$.input.items"))), echo=echo)
    assert said(await rig.call({"items": []})) == "[]"
    assert rig.server.called == []


async def odd_fails(arguments: dict[str, Any]) -> Any:
    if arguments["n"] % 2:
        raise ToolFailed(f"{arguments['n']} is odd")
    return arguments


EACH = Step(name="all", tool="odd_fails", each="$.input.items", arguments={"n": {"$": "$.item"}})


@pytest.mark.parametrize("era", ERAS)
async def test_what_may_be_left_out_is_null_and_said(era: str) -> None:
    skipping = msgspec.structs.replace(EACH, on_error="skip")
    recipe = composed(
        skipping, result={"found": {"$": "$.steps.all"}, "errors": {"$": "$.errors.all"}}
    )
    rig = Rig(made(recipe), odd_fails=odd_fails)
    result = await rig.call({"items": [2, 3, 4]}, era)
    assert result["isError"] is False
    assert result["structuredContent"] == {
        "found": [{"n": 2}, None, {"n": 4}],
        "errors": [{"index": 1, "message": "3 is odd"}],
    }
    assert result["content"][1]["text"] == (
        "1 of 3 calls of step 'all' failed and were left out: item 1: 3 is odd"
    )


@pytest.mark.parametrize("era", ERAS)
async def test_what_may_not_be_left_out_ends_the_run_and_tells_how_far_it_came(era: str) -> None:
    first = Step(name="first", tool="echo")
    serial = msgspec.structs.replace(EACH, at_once=1)
    last = Step(name="last", tool="echo")
    rig = Rig(made(composed(first, serial, last)), echo=echo, odd_fails=odd_fails)
    result = await rig.call({"items": [2, 4, 5, 6]}, era)
    assert result["isError"] is True
    assert said(result) == (
        "Step 'all': the call for item 2 of 4 failed: 5 is odd. Of the others, 2 were done,"
        " 1 were not begun.\nDone before, and not undone: 'first'"
    )
    assert [name for name, _ in rig.server.called] == [
        "echo",
        "odd_fails",
        "odd_fails",
        "odd_fails",
    ]


async def test_calls_that_are_under_way_when_another_fails_are_cancelled() -> None:
    begun = asyncio.Event()

    async def slow(arguments: dict[str, Any]) -> Any:
        if arguments["n"] == 1:
            begun.set()
            await asyncio.Event().wait()
        await begun.wait()
        raise ToolFailed("no")

    step = Step(name="a", tool="slow", each="$.input.items", arguments={"n": {"$": "$.item"}})
    rig = Rig(made(composed(step)), slow=slow)
    result = await rig.call({"items": [0, 1]})
    assert said(result).endswith("1 were under way and are broken off.")
    [ticket] = [each.ticket for each in rig.server.calls if b'"n":1' in each.params["arguments"]]
    assert ticket.asked == ["cancel"]


async def test_a_step_that_may_be_left_out_leaves_null() -> None:
    recipe = composed(
        Step(name="a", tool="odd_fails", arguments={"n": 1}, on_error="skip"),
        result={"a": {"$": "$.steps.a"}, "why": {"$": "$.errors.a"}},
    )
    rig = Rig(made(recipe), odd_fails=odd_fails)
    result = await rig.call()
    assert result["structuredContent"] == {"a": None, "why": "1 is odd"}
    assert result["content"][1]["text"] == "Step 'a' failed and was left out: 1 is odd"


async def test_what_is_no_list_can_not_be_gone_over() -> None:
    skipping = msgspec.structs.replace(EACH, name="b", on_error="skip")
    rig = Rig(made(composed(EACH)), made(composed(skipping), "d"), odd_fails=odd_fails)
    result = await rig.call({"items": "x"})
    assert said(result) == "Step 'all' was not begun: $.input.items is no array"
    assert said(await rig.call({"items": "x"}, name="d")).startswith("null\nStep 'b' was not begun")


async def test_the_way_to_an_upstream_may_fail_too() -> None:
    async def gone(_arguments: dict[str, Any]) -> Any:
        raise UpstreamUnreachable("upstream 'u1': connection refused")

    rig = Rig(made(composed(Step(name="a", tool="gone"))), gone=gone)
    result = await rig.call()
    assert said(result) == "Step 'a' failed: upstream 'u1': connection refused"


async def forever(_arguments: dict[str, Any]) -> Any:
    await asyncio.Event().wait()


async def test_a_call_of_a_step_has_its_time() -> None:
    rig = Rig(made(composed(Step(name="a", tool="forever", timeout_ms=20))), forever=forever)
    assert said(await rig.call()) == "Step 'a' failed: tool 'forever' did not answer within 0.02 s"
    assert rig.server.last.ticket.asked == ["cancel"]


async def test_a_run_has_its_time() -> None:
    recipe = composed(Step(name="a", tool="echo"), Step(name="b", tool="forever"), timeout_ms=30)
    rig = Rig(made(recipe), echo=echo, forever=forever)
    assert said(await rig.call()) == (
        "Step 'b' was under way when the run's 0.03 s were over\nDone before, and not undone: 'a'"
    )
    assert rig.server.last.ticket.asked == ["cancel"]


async def test_a_client_that_leaves_cancels_what_is_under_way() -> None:
    rig = Rig(made(composed(Step(name="a", tool="forever"))), forever=forever)
    exchange = rig.begin(era="modern")
    await until(lambda: bool(rig.server.calls), "the step is under way")
    exchange.leave()
    await until(lambda: bool(rig.server.last.ticket.asked), "the step is cancelled")
    assert rig.server.last.ticket.asked == ["cancel"]
    assert not exchange.status


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_wants_to_hears_how_far_it_came(era: str) -> None:
    each = Step(name="all", tool="echo", each="$.input.items", arguments={"n": {"$": "$.item"}})
    rig = Rig(made(composed(Step(name="a", tool="echo"), each)), echo=echo)
    more: Any = {"meta" if era == "modern" else "_meta": {"progressToken": "p"}}
    exchange = rig.begin({"items": [1, 2]}, era, **more)
    await exchange.finished()
    *told, answer = messages(exchange)
    assert [each["params"] for each in told] == [
        {"progressToken": "p", "progress": 1.0, "total": 2, "message": "step 'a' is done"},
        {
            "progressToken": "p",
            "progress": 1.5,
            "total": 2,
            "message": "step 'all': 1 of 2 calls are done",
        },
        {
            "progressToken": "p",
            "progress": 2.0,
            "total": 2,
            "message": "step 'all': 2 of 2 calls are done",
        },
    ]
    assert answer["result"]["isError"] is False
    for call in rig.server.calls:
        assert b"progressToken" not in call.params.get("_meta", b"")


async def test_upstreams_are_heard_during_a_run() -> None:
    note = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info"}}'
    rig = Rig(made(composed(Step(name="a", tool="talk"))))

    async def talk(_arguments: dict[str, Any]) -> Any:
        rig.server.last.sink.message(note)
        return "done"

    rig.server.tools["talk"] = talk
    rig.at.change(tool("talk", name="talk", original_name="talk"))
    exchange = rig.begin()
    await exchange.finished()
    assert messages(exchange)[0] == json.loads(note)


async def test_what_an_upstream_asks_is_asked_of_the_client_or_declined() -> None:
    rig = Rig(made(composed(Step(name="a", tool="asking"))))
    replies: list[Any] = []

    async def asking(_arguments: dict[str, Any]) -> Any:
        question = Question("elicitation/create", b"{}")
        rig.server.last.sink.ask({"q": question}, replies.append)
        return "done"

    rig.server.tools["asking"] = asking
    rig.at.change(tool("asking", name="asking", original_name="asking"))
    assert said(await rig.call()) == "done"
    assert b"does not offer" in replies[0]["q"].error


async def test_a_result_that_is_none_fails_its_step() -> None:
    async def asks(_arguments: dict[str, Any]) -> Any:
        return {"content": [], "resultType": "input_required"}

    rig = Rig(made(composed(Step(name="a", tool="asks"))), asks=asks)
    assert "asks its client for more" in said(await rig.call())


async def test_composed_tools_are_made_of_composed_and_derived_ones() -> None:
    inner = made(composed(Step(name="a", tool="echo", arguments=IN_N), result=N_OF_A), "inner")
    narrow = made(Derived(tool="inner", fixed={"n": 5}), "narrow", definition=CLOSED)
    outer = composed(
        Step(name="x", tool="narrow"), Step(name="y", tool="inner", arguments={"n": 6})
    )
    both = {"x": {"$": "$.steps.x"}, "y": {"$": "$.steps.y"}}
    rig = Rig(inner, narrow, made(msgspec.structs.replace(outer, result=both)), echo=echo)
    assert (await rig.call())["structuredContent"] == {"x": 5, "y": 6}
    assert rig.server.called == [("echo", {"n": 5}), ("echo", {"n": 6})]


IN_N = {"n": {"$": "$.input.n"}}
N_OF_A = {"$": "$.steps.a.n"}
CLOSED = b'{"inputSchema":{"type":"object","additionalProperties":false}}'


async def test_a_run_with_those_within_it_makes_so_many_calls() -> None:
    items = list(range(100))
    over = Step(name="a", tool="echo", each="$.input.items", at_once=20)
    inner = made(composed(over), "inner")
    outer = made(
        composed(
            Step(name="b", tool="inner", each="$.input.items", arguments={"items": items}),
        )
    )
    rig = Rig(inner, outer, echo=echo)
    result = await rig.call({"items": items})
    assert f"the run has made its {MAX_CALLS} calls" in said(result)
    assert len(rig.server.called) <= MAX_CALLS


async def test_runs_within_runs_go_so_deep() -> None:
    deep = [
        made(composed(Step(name="a", tool="echo" if n == 5 else f"c{n + 1}")), f"c{n}")
        for n in range(6)
    ]
    rig = Rig(*deep, echo=echo)
    assert "more than 4 deep" in said(await rig.call(name="c0"))
    assert (await rig.call(name="c2"))["isError"] is False


async def test_an_answer_that_is_too_large_fails_its_step() -> None:
    async def large(_arguments: dict[str, Any]) -> Any:
        return {"text": "x" * 1_100_000}

    rig = Rig(made(composed(Step(name="a", tool="large"))), large=large)
    assert "at most 1048576 are taken" in said(await rig.call())


async def test_a_rule_about_a_tool_counts_with_what_a_step_gives_it() -> None:
    spec = {"actions": ["tools.execute"], "objects": {"ids": ["echo"]}, "condition": "args.n > 5"}
    rule = Rule("r", "no more than five", "deny", json.dumps(spec).encode())
    recipe = composed(Step(name="a", tool="echo", arguments={"n": {"$": "$.input.count"}}))
    rig = Rig(made(recipe), rule, echo=echo)
    assert (
        said(await rig.call({"count": 7})) == "Step 'a' failed: denied by rule 'no more than five'"
    )
    assert (await rig.call({"count": 4}))["isError"] is False
    denied = [each for each in rig.at.decisions.drain(0.0) if each.verdict == "deny"]
    assert [(each.id, each.rule) for each in denied] == [("echo", "r")]


async def test_nobody_gets_by_a_tool_what_he_may_not_use() -> None:
    private = tool(
        "echo", name="echo", original_name="echo", access=Access("private", owner=ANN.id)
    )
    rig = Rig(made(composed(Step(name="a", tool="echo"))), echo=echo)
    rig.at.change(private)
    params = {"name": "c", "arguments": {}}
    refused = rig.at.modern("tools/call", params, authorization=f"Bearer {token(BOB.id)}")
    assert answer_of(refused)["error"]["message"] == "unknown tool 'c'"
    taken = rig.at.modern("tools/call", params, authorization=f"Bearer {token(ANN.id)}")
    await taken.finished()
    assert answer_of(taken)["result"]["isError"] is False


async def test_all_calls_are_counted_that_of_the_whole_and_those_of_steps() -> None:
    rig = Rig(made(composed(Step(name="a", tool="echo"), Step(name="b", tool="echo"))), echo=echo)
    await rig.call()
    counted = {each.id: each.count for each in rig.at.decisions.drain(0.0)}
    assert counted == {"c": 1, "echo": 2}


async def test_a_composed_tool_is_judged_as_any_other() -> None:
    definition = {
        "inputSchema": {"type": "object", "required": ["n"]},
        "outputSchema": {"type": "object", "properties": {"n": {"maximum": 5}}},
    }
    recipe = composed(Step(name="a", tool="echo", arguments=IN_N))
    judged = made(recipe, definition=json.dumps(definition).encode(), validation="both")
    rig = Rig(judged, echo=echo)
    assert "do not match the tool's input schema" in said(await rig.call())
    assert "does not match its schema" in said(await rig.call({"n": 6}))
    assert (await rig.call({"n": 5}))["isError"] is False


async def test_a_run_sees_the_revision_that_its_call_saw() -> None:
    rig = Rig(made(composed(Step(name="a", tool="first"), Step(name="b", tool="echo"))), echo=echo)

    async def first(_arguments: dict[str, Any]) -> Any:
        rig.at.remove("tool", "echo")
        return "done"

    rig.server.tools["first"] = first
    rig.at.change(tool("first", name="first", original_name="first"))
    assert (await rig.call())["isError"] is False
    assert "c" not in rig.at.tables.current.tools


async def test_a_run_becomes_a_task_for_a_client_that_wants_one() -> None:
    recipe = composed(Step(name="a", tool="echo", arguments=IN_N))
    kept = TaskJournal(OwnStore()), Terms(after=60)
    own = tool("echo", name="echo", original_name="echo")
    at = Endpoint((upstream(), own, made(recipe)), ToolServer(echo=echo), kept=kept)
    client = {"capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    opened = at.legacy("initialize", {"protocolVersion": "2025-11-25", **client})
    session = (b"mcp-session-id", opened.sent_headers[b"mcp-session-id"])
    lines = [session, (b"mcp-protocol-version", b"2025-11-25")]
    params = {"name": "c", "arguments": {"n": 3}, "task": {"ttl": 60_000}}
    begun = at.legacy("tools/call", params, headers=lines, id=2)
    await begun.finished()
    named = {"taskId": answer_of(begun)["result"]["task"]["taskId"]}
    ended = at.legacy("tasks/result", named, headers=lines, id=3)
    await ended.finished()
    assert answer_of(ended)["result"]["structuredContent"] == {"n": 3}
