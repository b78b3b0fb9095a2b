"""Calls that become tasks of the gateway: when, what clients are told, and by which replica."""

import json
from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.questions import Question, Reply
from mcpgateway.common.routing.model import Principal
from mcpgateway.data_plane.parked.bucket import Entry, OwnStore
from mcpgateway.data_plane.parked.task_journal import OUTCOME_LIMIT, TaskJournal
from mcpgateway.data_plane.pipeline.tasks import keeper, running
from mcpgateway.data_plane.pipeline.tasks.keeper import Terms
from support.buckets import TestedStore
from support.endpoint import Endpoint, answer_of, token
from support.many_replicas import Group
from support.tasks import (
    ABLE,
    CALL,
    HELLO,
    PLAIN,
    RESULT,
    Legacy,
    Modern,
    play,
    records,
    task_in,
)
from support.wait import until

TERMS = Terms(after=0.01, ttl=600)
QUESTION = Question("elicitation/create", b'{"message":"Sure?","requestedSchema":{}}')
ERAS = ("modern", "legacy")


def client_of(endpoint: Endpoint, era: str, session: bytes = b"") -> Modern:
    return Modern(endpoint) if era == "modern" else Legacy(endpoint, session)


def endpoint_of(era: str = "legacy", store: OwnStore | None = None, **more: Any) -> Endpoint:
    journal = TaskJournal(store or OwnStore())
    return Endpoint(records(era, PLAIN, **more), kept=(journal, TERMS))


async def begun(client: Modern) -> str:
    """The name of a task that was just made, whose upstream has the call."""
    exchange = client.call() if client.era == "modern" else client.call(task={"ttl": 60_000})
    name = await task_in(exchange)
    await until(lambda: bool(client.endpoint.upstreams.calls), "the upstream has the call")
    return name


async def written(endpoint: Endpoint) -> None:
    """No task runs there any more, and how they ended is in the journal."""
    await until(lambda: len(endpoint.conversations.keeper) == 0, "it is written")


@pytest.mark.parametrize("upstream", ERAS)
@pytest.mark.parametrize("client", ERAS)
async def test_a_call_becomes_a_task_that_ends_with_its_result(client: str, upstream: str) -> None:
    endpoint = endpoint_of(upstream)
    made = client_of(endpoint, client)
    name = await begun(made)
    assert (await made.state(name))["status"] == "working"
    sent = endpoint.upstreams.last
    assert "task" not in sent.params
    play(sent, RESULT if client == "legacy" == upstream else {**RESULT, "resultType": "complete"})
    state = await made.becomes(name, "completed")
    assert state["taskId"] == name
    if client == "modern":
        assert state["result"]["content"] == RESULT["content"]
        assert (state["ttlMs"], state["resultType"]) == (600_000, "complete")
    else:
        assert state["ttl"] == 60_000
        result = (await made.ask(tasks.RESULT, name))["result"]
        assert result["content"] == RESULT["content"]
        assert result["_meta"] == {tasks.META_RELATED: {"taskId": name}}


async def test_an_answer_that_comes_soon_enough_is_no_task() -> None:
    endpoint = Endpoint(records("legacy", PLAIN), kept=(TaskJournal(OwnStore()), Terms(after=60)))
    exchange = Modern(endpoint).call()
    play(endpoint.upstreams.last, RESULT)
    assert answer_of(exchange)["result"]["content"] == RESULT["content"]


async def test_who_did_not_ask_for_tasks_waits_for_its_answer() -> None:
    endpoint = endpoint_of()
    slow, ready = endpoint.modern("tools/call", CALL), Legacy(endpoint).call()
    able = Modern(endpoint)
    await task_in(able.call())
    assert not slow.ended
    assert not ready.ended


async def test_a_task_is_in_the_journal_before_its_client_hears_of_it() -> None:
    store = TestedStore()
    endpoint = endpoint_of(store=store)
    store.answers.clear()
    exchange = Modern(endpoint).call()
    await until(lambda: "put" in store.asked, "it is written")
    assert not exchange.ended
    store.answers.set()
    await task_in(exchange)


async def test_without_a_journal_a_modern_call_is_held_and_a_legacy_one_refused() -> None:
    store = TestedStore()
    endpoint = endpoint_of(store=store)
    store.up = False
    held = Modern(endpoint).call()
    refused = Legacy(endpoint).call(task={})
    await refused.finished()
    assert "tasks can not be kept" in answer_of(refused)["error"]["message"]
    assert len(endpoint.upstreams.calls) == 1
    play(endpoint.upstreams.last, RESULT)
    assert answer_of(held)["result"]["content"] == RESULT["content"]


@pytest.mark.parametrize("client", ERAS)
async def test_a_task_is_cancelled_at_its_upstream_and_only_once(client: str) -> None:
    endpoint = endpoint_of()
    made = client_of(endpoint, client)
    name = await begun(made)
    first = await made.ask(tasks.CANCEL, name)
    assert endpoint.upstreams.last.ticket.asked.count("cancel") == 1
    again = await made.ask(tasks.CANCEL, name)
    if client == "modern":
        assert first["result"] == again["result"] == {"resultType": "complete"}
    else:
        assert first["result"]["status"] == "cancelled"
        assert again["error"]["code"] == jsonrpc.INVALID_PARAMS
    assert (await made.becomes(name, "cancelled"))["taskId"] == name
    assert endpoint.upstreams.last.ticket.asked.count("cancel") == 1


async def test_a_client_that_left_after_it_got_a_task_does_not_cancel_it() -> None:
    endpoint = endpoint_of()
    modern = Modern(endpoint)
    exchange = modern.call()
    name = await task_in(exchange)
    exchange.leave()
    assert endpoint.upstreams.last.ticket.asked == []
    play(endpoint.upstreams.last, RESULT)
    await modern.becomes(name, "completed")


async def test_what_is_asked_in_a_task_is_answered_by_an_update() -> None:
    endpoint = endpoint_of()
    modern = Modern(endpoint)
    name = await begun(modern)
    replies: list[Any] = []
    endpoint.upstreams.last.sink.ask({"x": QUESTION, "y": QUESTION}, replies.append)
    state = await modern.becomes(name, "input_required")
    first, second = state["inputRequests"]
    assert state["inputRequests"][first] == {
        "method": "elicitation/create",
        "params": {"message": "Sure?", "requestedSchema": {}},
    }
    said = {"action": "accept"}
    ack = await modern.ask(tasks.UPDATE, name, inputResponses={first: said, "nobody's": said})
    assert ack["result"] == {"resultType": "complete"}
    assert list((await modern.state(name))["inputRequests"]) == [second]
    await modern.ask(tasks.UPDATE, name, inputResponses={second: said})
    assert replies == [{"x": Reply(b'{"action":"accept"}'), "y": Reply(b'{"action":"accept"}')}]
    assert (await modern.state(name))["status"] == "working"
    endpoint.upstreams.last.sink.ask({"z": QUESTION}, replies.append)
    (third,) = (await modern.becomes(name, "input_required"))["inputRequests"]
    assert third not in (first, second)  # keys are a task's own for ever


async def test_what_a_client_did_not_declare_its_task_is_not_asked() -> None:
    endpoint = endpoint_of()
    modern = Modern(endpoint)
    name = await begun(modern)
    replies: list[Any] = []
    endpoint.upstreams.last.sink.ask({"x": Question("roots/list", b"{}")}, replies.append)
    assert replies[0]["x"].error is not None
    assert (await modern.state(name))["status"] == "working"


async def test_who_waits_for_the_result_of_a_legacy_task_is_asked_there() -> None:
    endpoint = endpoint_of()
    legacy = Legacy(endpoint)
    name = await begun(legacy)
    replies: list[Any] = []
    endpoint.upstreams.last.sink.ask({"x": QUESTION}, replies.append)
    assert (await legacy.state(name))["status"] == "input_required"
    waiting = legacy.send(tasks.RESULT, {"taskId": name})
    asked = json.loads(waiting.answer.split(b"data: ")[-1])
    assert asked["params"]["_meta"] == {tasks.META_RELATED: {"taskId": name}}
    reply = {"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "accept"}}
    endpoint.send(json.dumps(reply).encode(), headers=[(b"mcp-session-id", legacy.session)])
    assert list(replies[0]) == ["x"]
    play(endpoint.upstreams.last, RESULT)
    last = json.loads(waiting.answer.split(b"data: ")[-1])
    assert last["result"]["content"] == RESULT["content"]


async def test_a_modern_upstream_that_asks_by_its_result_is_called_again_with_the_replies() -> None:
    endpoint = endpoint_of("modern")
    modern = Modern(endpoint)
    name = await begun(modern)
    question = {"method": "elicitation/create", "params": {"message": "Sure?"}}
    wanted = {"resultType": "input_required", "inputRequests": {"k": question}, "requestState": "s"}
    play(endpoint.upstreams.last, wanted)
    (key,) = (await modern.becomes(name, "input_required"))["inputRequests"]
    await modern.ask(tasks.UPDATE, name, inputResponses={key: {"action": "accept"}})
    again = endpoint.upstreams.last
    assert json.loads(again.params["inputResponses"]) == {"k": {"action": "accept"}}
    assert (again.params["requestState"], again.params["name"]) == (b'"s"', b'"t1"')
    play(again, {**RESULT, "resultType": "complete"})
    await modern.becomes(name, "completed")


@pytest.mark.parametrize("client", ERAS)
async def test_a_tool_that_says_that_it_failed_ends_its_task_as_the_era_has_it(client: str) -> None:
    endpoint = endpoint_of()
    made = client_of(endpoint, client)
    name = await begun(made)
    play(endpoint.upstreams.last, {**RESULT, "isError": True})
    await made.becomes(name, "completed" if client == "modern" else "failed")


@pytest.mark.parametrize("client", ERAS)
async def test_an_error_ends_the_task_as_failed_and_is_told(client: str) -> None:
    endpoint = endpoint_of()
    made = client_of(endpoint, client)
    name = await begun(made)
    endpoint.upstreams.last.sink.failed(UpstreamRejected("it broke", outcome_unknown=True))
    state = await made.becomes(name, "failed")
    assert state["statusMessage"] == "it broke"
    told = state if client == "modern" else await made.ask(tasks.RESULT, name)
    assert told["error"]["code"] == jsonrpc.OUTCOME_UNKNOWN


async def test_what_an_upstream_says_of_its_progress_is_the_tasks_message() -> None:
    endpoint = endpoint_of()
    modern = Modern(endpoint)
    name = await begun(modern)
    told = b'{"progressToken":1,"progress":1,"message":"half way"}'
    endpoint.upstreams.last.sink.message(jsonrpc.notification("notifications/progress", told))
    assert (await modern.state(name))["statusMessage"] == "half way"


async def test_a_result_is_kept_up_to_its_limit_and_refused_above() -> None:
    for size, status in ((OUTCOME_LIMIT - 1000, "completed"), (OUTCOME_LIMIT, "failed")):
        endpoint = endpoint_of()
        modern = Modern(endpoint)
        name = await begun(modern)
        play(endpoint.upstreams.last, {"content": [{"type": "text", "text": "x" * size}]})
        await written(endpoint)
        state = await modern.becomes(name, status)
        if status == "completed":
            assert len(state["result"]["content"][0]["text"]) == size
        else:
            assert "at most" in state["error"]["message"]


async def test_a_task_is_unknown_to_the_other_era_and_when_its_time_is_over() -> None:
    endpoint = endpoint_of()
    modern = Modern(endpoint)
    name = await begun(modern)
    other = await Legacy(endpoint).ask(tasks.GET, name)
    assert other["error"]["code"] == jsonrpc.INVALID_PARAMS
    play(endpoint.upstreams.last, RESULT)
    await written(endpoint)
    endpoint.clock.now += TERMS.ttl
    endpoint.put(*records("legacy", PLAIN))
    late = await modern.ask(tasks.GET, name)
    assert late["error"]["code"] in (jsonrpc.INVALID_PARAMS, jsonrpc.UNAUTHENTICATED)


# Several replicas.


def group_of(**more: Any) -> tuple[Group, OwnStore]:
    store = OwnStore()
    return Group(records("legacy", PLAIN, **more), kept=(TaskJournal(store), TERMS)), store


@pytest.mark.parametrize("client", ERAS)
async def test_a_task_is_found_by_any_replica_while_it_runs_and_after(client: str) -> None:
    group, _ = group_of()
    a, b = group.endpoints["a"], group.endpoints["b"]
    there = client_of(a, client)
    here = client_of(b, client, getattr(there, "session", b""))
    name = await begun(there)
    assert (await here.state(name))["status"] == "working"
    assert group.handed == [("b", "a")]
    play(a.upstreams.last, RESULT)
    await written(a)
    del group.endpoints["a"]
    await here.becomes(name, "completed")
    if client == "legacy":
        result = (await here.ask(tasks.RESULT, name))["result"]
        assert result["content"] == RESULT["content"]


async def test_a_question_is_answered_through_another_replica() -> None:
    group, _ = group_of()
    a, b = group.endpoints["a"], group.endpoints["b"]
    name = await begun(Modern(a))
    replies: list[Any] = []
    a.upstreams.last.sink.ask({"x": QUESTION}, replies.append)
    here = Modern(b)
    (key,) = (await here.becomes(name, "input_required"))["inputRequests"]
    await here.ask(tasks.UPDATE, name, inputResponses={key: {"action": "accept"}})
    assert len(replies) == 1


@pytest.mark.parametrize("client", ERAS)
async def test_a_call_with_side_effects_whose_replica_is_gone_has_an_unknown_outcome(
    client: str,
) -> None:
    group, _ = group_of()
    there = client_of(group.endpoints["a"], client)
    name = await begun(there)
    del group.endpoints["a"]
    b = group.endpoints["b"]
    here = client_of(b, client, getattr(there, "session", b""))
    state = await here.becomes(name, "failed")
    told = state if client == "modern" else await here.ask(tasks.RESULT, name)
    assert told["error"]["code"] == jsonrpc.OUTCOME_UNKNOWN
    assert told["error"]["data"] == {"outcome": "unknown"}
    assert b.upstreams.calls == []


@pytest.mark.parametrize("harmless", ["read_only", "idempotent"])
@pytest.mark.parametrize("client", ERAS)
async def test_a_harmless_call_whose_replica_is_gone_is_made_again_by_who_notices(
    client: str, harmless: str
) -> None:
    group, _ = group_of(**{harmless: True})
    there = client_of(group.endpoints["a"], client)
    name = await begun(there)
    first = group.endpoints.pop("a").upstreams.last
    b = group.endpoints["b"]
    here = client_of(b, client, getattr(there, "session", b""))
    assert (await here.state(name))["status"] == "working"
    again = b.upstreams.last
    assert again.request.method == "tools/call"
    assert again.params["arguments"] == first.params["arguments"]
    assert again.params["name"] == b'"t1"'
    play(again, RESULT)
    await here.becomes(name, "completed")
    assert len(b.upstreams.calls) == 1


async def test_of_several_replicas_that_notice_one_makes_the_call_again() -> None:
    store = TestedStore()
    kept = (TaskJournal(store), TERMS)
    group = Group(records("legacy", PLAIN, read_only=True), ("a", "b", "c", "d"), kept=kept)
    name = await begun(Modern(group.endpoints["a"]))
    del group.endpoints["a"]
    store.answers.clear()
    others = [group.endpoints[each] for each in "bcd"]
    exchanges = [Modern(each).send(tasks.GET, {"taskId": name}) for each in others]
    store.answers.set()
    for exchange in exchanges:
        await exchange.finished()
        assert answer_of(exchange)["result"]["status"] == "working"
    assert sum(len(each.upstreams.calls) for each in others) == 1


async def test_a_task_whose_replica_is_gone_can_be_cancelled_and_stays_so() -> None:
    group, _ = group_of(read_only=True)
    name = await begun(Modern(group.endpoints["a"]))
    del group.endpoints["a"]
    here = Modern(group.endpoints["b"])
    assert (await here.ask(tasks.CANCEL, name))["result"] == {"resultType": "complete"}
    assert (await here.state(name))["status"] == "cancelled"
    assert group.endpoints["b"].upstreams.calls == []


async def test_a_replica_whose_task_was_taken_over_lets_go_of_it() -> None:
    group, _ = group_of()
    a = group.endpoints.pop("a")
    name = await begun(Modern(a))
    await Modern(group.endpoints["b"]).becomes(name, "failed")
    play(a.upstreams.last, RESULT)  # it was only out of reach
    await until(lambda: len(a.conversations.keeper) == 0, "it is let go of")
    assert (await Modern(group.endpoints["b"]).state(name))["status"] == "failed"


class _Reading(OwnStore):
    """Shows what is stored."""

    def stored(self) -> list[Entry]:
        return list(self._entries.values())


async def test_arguments_are_not_kept_longer_than_the_task_runs() -> None:
    store = _Reading()
    endpoint = endpoint_of(store=store, read_only=True)
    modern = Modern(endpoint)
    secret = "a-very-secret-argument"
    name = await task_in(modern.call(arguments={"a": secret}))
    (entry,) = store.stored()
    assert entry.value is not None
    assert secret.encode() in entry.value  # the bucket seals it
    play(endpoint.upstreams.last, RESULT)
    await modern.becomes(name, "completed")
    await written(endpoint)
    assert all(secret.encode() not in (each.value or b"") for each in store.stored())
    assert ABLE


@pytest.mark.parametrize(
    ("revision", "said"), [("2025-11-25", "optional"), ("2025-06-18", None), ("2024-11-05", None)]
)
async def test_a_client_that_knows_tasks_is_told_of_which_tools_it_can_ask_them(
    revision: str, said: str | None
) -> None:
    endpoint = endpoint_of("modern")
    hello = endpoint.legacy("initialize", {**HELLO, "protocolVersion": revision})
    headers = [(b"mcp-session-id", hello.sent_headers[b"mcp-session-id"])]
    listed = answer_of(endpoint.legacy("tools/list", headers=headers))["result"]["tools"]
    assert listed[0].get("execution", {}).get("taskSupport") == said
    assert ("tasks" in answer_of(hello)["result"]["capabilities"]) == (said is not None)
    (modern,) = answer_of(endpoint.modern("tools/list"))["result"]["tools"]
    assert "execution" not in modern


async def test_an_upstream_that_asks_for_ever_is_declined() -> None:
    endpoint = endpoint_of()
    made = Modern(endpoint)
    name = await begun(made)
    declined: list[Any] = []
    for number in range(running.MOST_OPEN + 5):
        endpoint.upstreams.last.sink.ask({str(number): QUESTION}, declined.append)
    assert len(declined) == 5
    assert all(reply.error for batch in declined for reply in batch.values())
    assert len((await made.state(name))["inputRequests"]) == running.MOST_OPEN


async def test_one_caller_does_not_take_the_last_tasks_from_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeper, "LIMIT", 4)
    bob = Principal("bob@example.com", admin=True)
    endpoint = Endpoint((*records("legacy", PLAIN), bob), kept=(TaskJournal(OwnStore()), TERMS))
    busy = Legacy(endpoint)
    for _ in range(3):
        await begun(busy)
    refused = busy.call(task={})
    await refused.finished()
    assert "error" in answer_of(refused)
    authorization = f"Bearer {token(bob.id)}"
    hello = jsonrpc.request(1, "initialize", json.dumps(HELLO).encode())
    session = endpoint.send(hello, authorization=authorization).sent_headers[b"mcp-session-id"]
    body = jsonrpc.request(1, "tools/call", json.dumps({**CALL, "task": {}}).encode())
    line = [(b"mcp-session-id", session)]
    exchange = endpoint.send(body, headers=line, authorization=authorization)
    assert await task_in(exchange)


@pytest.mark.parametrize("client", ERAS)
async def test_a_task_whose_tool_is_not_offered_any_more_is_unknown_and_ends(client: str) -> None:
    endpoint = endpoint_of()
    made = client_of(endpoint, client)
    name = await begun(made)
    call = endpoint.upstreams.last
    endpoint.remove("tool", "t1")
    assert (await made.ask(tasks.GET, name))["error"]["code"] == jsonrpc.INVALID_PARAMS
    assert call.ticket.asked == ["cancel"]
    await written(endpoint)
    for method in (tasks.GET, tasks.CANCEL):
        assert (await made.ask(method, name))["error"]["code"] == jsonrpc.INVALID_PARAMS
    if client == "legacy":
        exchange = made.send(tasks.LIST, {})
        await exchange.finished()
        assert answer_of(exchange)["result"] == {"tasks": []}
