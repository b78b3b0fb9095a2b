"""Tasks of upstreams for clients that have none of that kind: carried to their end by the gateway,
which asks, tells and cancels in the words of each side."""

import json
from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.questions import Question
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.task_journal import TaskJournal
from mcpgateway.data_plane.pipeline.tasks.keeper import Terms
from support.buckets import TestedStore
from support.endpoint import Endpoint, answer_of
from support.many_replicas import Group
from support.tasks import (
    CALL,
    CORE,
    EXTENSION,
    RESULT,
    WITH,
    Legacy,
    Modern,
    events,
    play,
    records,
    task_in,
)
from support.upstreams import RecordedCall
from support.wait import until

TERMS = Terms(after=0.01, ttl=600)
LATER = Terms(after=60, ttl=600)
NONE = Terms(after=0)
DONE = {**RESULT, "resultType": "complete"}
SHY: dict[str, Any] = {META_CLIENT_CAPABILITIES: {}}


def modern_upstream(terms: Terms = TERMS) -> Endpoint:
    return Endpoint(records("modern", WITH), kept=(TaskJournal(OwnStore()), terms))


def legacy_upstream(support: str, terms: Terms = LATER) -> Endpoint:
    journal = TaskJournal(OwnStore())
    return Endpoint(records("legacy", CORE, support=support), kept=(journal, terms))


def state(status: str, **more: Any) -> dict[str, Any]:
    """Of an upstream's task of 2026-07-28."""
    task = {"taskId": "up-1", "status": status, "pollIntervalMs": 1}
    return {"resultType": "complete", **task, **more}


async def asked(endpoint: Endpoint, method: str, at_least: int = 1) -> RecordedCall:
    """The last request of a method, once there were so many."""

    def calls() -> list[RecordedCall]:
        return [each for each in endpoint.upstreams.calls if each.request.method == method]

    await until(lambda: len(calls()) >= at_least, f"{method} is asked")
    return calls()[-1]


# A legacy client at a modern upstream.


async def test_a_legacy_call_waits_for_the_modern_task_that_it_became() -> None:
    endpoint = modern_upstream()
    exchange = Legacy(endpoint).call(_meta={"progressToken": "p"})
    sent = endpoint.upstreams.last
    declared = json.loads(sent.params["_meta"])[META_CLIENT_CAPABILITIES]
    assert declared == {**EXTENSION, "elicitation": {"form": {}}}
    play(sent, {**state("working"), "resultType": "task"})
    poll = await asked(endpoint, tasks.GET)
    assert (poll.request.client.era, poll.params["taskId"]) == ("modern", b'"up-1"')
    play(poll, state("working", statusMessage="half way"))
    play(await asked(endpoint, tasks.GET, 2), state("completed", result=DONE))
    progress, last = events(exchange)
    assert progress["params"] == {"progressToken": "p", "progress": 1, "message": "half way"}
    assert last["result"] == RESULT


async def test_a_legacy_client_is_asked_what_a_modern_task_asks_and_each_only_once() -> None:
    endpoint = modern_upstream()
    legacy = Legacy(endpoint)
    exchange = legacy.call()
    play(endpoint.upstreams.last, {**state("working"), "resultType": "task"})
    question = {"method": "elicitation/create", "params": {"message": "Sure?"}}
    for number in (1, 2):
        poll = await asked(endpoint, tasks.GET, number)
        play(poll, state("input_required", inputRequests={"k": question}))
    (event,) = events(exchange)
    reply = {"jsonrpc": "2.0", "id": event["id"], "result": {"action": "accept"}}
    endpoint.send(json.dumps(reply).encode(), headers=[(b"mcp-session-id", legacy.session)])
    update = await asked(endpoint, tasks.UPDATE)
    assert json.loads(update.params["inputResponses"]) == {"k": {"action": "accept"}}


async def test_a_legacy_call_that_is_cancelled_cancels_the_modern_task() -> None:
    endpoint = modern_upstream()
    legacy = Legacy(endpoint)
    legacy.call()
    play(endpoint.upstreams.last, {**state("working"), "resultType": "task"})
    await asked(endpoint, tasks.GET)
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    endpoint.send(json.dumps(cancelled).encode(), headers=[(b"mcp-session-id", legacy.session)])
    assert (await asked(endpoint, tasks.CANCEL)).params["taskId"] == b'"up-1"'


async def test_a_legacy_client_gets_a_task_of_its_own_for_a_modern_one() -> None:
    endpoint = modern_upstream()
    legacy = Legacy(endpoint)
    name = await task_in(legacy.call(task={}))
    play(await asked(endpoint, tasks.CALL), {**state("working"), "resultType": "task"})
    assert (await legacy.state(name))["status"] == "working"
    play(await asked(endpoint, tasks.GET), state("completed", result=DONE))
    await legacy.becomes(name, "completed")
    assert (await legacy.ask(tasks.RESULT, name))["result"]["content"] == RESULT["content"]


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (state("failed", error={"code": -32603, "message": "it broke"}), -32603),
        (state("cancelled"), jsonrpc.UPSTREAM_FAILED),
        (state("completed"), jsonrpc.UPSTREAM_FAILED),
        ({"resultType": "complete"}, jsonrpc.UPSTREAM_FAILED),
    ],
)
async def test_a_modern_task_that_ends_without_a_result_fails_the_call(
    ending: Any, code: int
) -> None:
    endpoint = modern_upstream()
    exchange = Legacy(endpoint).call()
    play(endpoint.upstreams.last, {**state("working"), "resultType": "task"})
    play(await asked(endpoint, tasks.GET), ending)
    assert answer_of(exchange)["error"]["code"] == code


async def test_a_poll_that_fails_is_made_again() -> None:
    endpoint = modern_upstream()
    exchange = Legacy(endpoint).call()
    play(endpoint.upstreams.last, {**state("working"), "resultType": "task"})
    (await asked(endpoint, tasks.GET)).sink.failed(UpstreamUnreachable("away"))
    play(await asked(endpoint, tasks.GET, 2), state("completed", result=DONE))
    assert answer_of(exchange)["result"] == RESULT


async def test_a_modern_task_outlives_the_replica_that_followed_it() -> None:
    kept = (TaskJournal(OwnStore()), TERMS)
    group = Group(records("modern", WITH), kept=kept)
    a, b = group.endpoints["a"], group.endpoints["b"]
    legacy = Legacy(a)
    name = await task_in(legacy.call(task={}))
    play(await asked(a, tasks.CALL), {**state("working"), "resultType": "task"})
    await asked(a, tasks.GET)
    del group.endpoints["a"]
    here = Legacy(b, legacy.session)
    assert (await here.state(name))["status"] == "working"
    play(await asked(b, tasks.GET), state("completed", result=DONE))
    await here.becomes(name, "completed")
    assert [each.request.method for each in b.upstreams.calls] == [tasks.GET]


# A modern client at a legacy upstream.


async def test_a_modern_client_gets_a_task_as_soon_as_the_legacy_upstream_made_one() -> None:
    endpoint = legacy_upstream("optional")
    modern = Modern(endpoint)
    exchange = modern.call()
    sent = endpoint.upstreams.last
    assert (sent.request.client.era, sent.params["task"]) == ("legacy", b'{"ttl":600000}')
    play(sent, {"task": {"taskId": "up-1", "status": "working"}})
    name = await task_in(exchange)
    result = await asked(endpoint, tasks.RESULT)
    assert result.request.patient
    assert result.request.client.session == sent.request.client.session
    result.sink.ask({"1": Question("elicitation/create", b'{"message":"?"}')}, lambda _: None)
    assert len((await modern.becomes(name, "input_required"))["inputRequests"]) == 1
    related = {"_meta": {tasks.META_RELATED: {"taskId": "up-1"}}}
    play(result, {**RESULT, **related, "isError": True})
    found = await modern.becomes(name, "completed")
    assert found["result"] == {**DONE, "isError": True}
    assert endpoint.upstreams.ended == [sent.request.client.session]


@pytest.mark.parametrize("terms", [LATER, NONE])
async def test_a_modern_client_without_tasks_waits_for_what_a_legacy_tool_needs_one_for(
    terms: Terms,
) -> None:
    endpoint = legacy_upstream("required", terms)
    exchange = Modern(endpoint, SHY).call()
    play(endpoint.upstreams.last, {"task": {"taskId": "up-1", "status": "working"}})
    play(await asked(endpoint, tasks.RESULT), RESULT)
    assert answer_of(exchange)["result"] == DONE


async def test_a_modern_client_without_tasks_calls_other_tools_as_ever() -> None:
    endpoint = legacy_upstream("optional")
    endpoint.modern("tools/call", CALL)
    assert endpoint.upstreams.last.request.client.era == "modern"
    assert "task" not in endpoint.upstreams.last.params


async def test_a_legacy_task_is_cancelled_with_its_modern_one() -> None:
    endpoint = legacy_upstream("required")
    modern = Modern(endpoint)
    exchange = modern.call()
    play(endpoint.upstreams.last, {"task": {"taskId": "up-1", "status": "working"}})
    name = await task_in(exchange)
    await modern.ask(tasks.CANCEL, name)
    assert (await asked(endpoint, tasks.CANCEL)).params["taskId"] == b'"up-1"'
    error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "it is over"}}
    endpoint.upstreams.last.sink.answer(json.dumps(error).encode())
    assert (await modern.ask(tasks.CANCEL, name))["result"] == {"resultType": "complete"}


async def test_a_request_for_the_result_that_breaks_off_is_made_again() -> None:
    endpoint = legacy_upstream("required")
    exchange = Modern(endpoint, SHY).call()
    play(endpoint.upstreams.last, {"task": {"taskId": "up-1", "status": "working"}})
    (await asked(endpoint, tasks.RESULT)).sink.failed(UpstreamUnreachable("away"))
    play(await asked(endpoint, tasks.RESULT, 2), RESULT)
    assert answer_of(exchange)["result"] == DONE


async def test_a_legacy_upstream_that_answers_at_once_all_the_same_is_heard() -> None:
    endpoint = legacy_upstream("optional")
    exchange = Modern(endpoint).call()
    play(endpoint.upstreams.last, RESULT)
    assert answer_of(exchange)["result"] == DONE


async def test_a_legacy_task_outlives_the_replica_that_followed_it() -> None:
    store = TestedStore()
    kept = (TaskJournal(store), LATER)
    group = Group(records("legacy", CORE, support="required"), kept=kept)
    a, b = group.endpoints["a"], group.endpoints["b"]
    exchange = Modern(a).call()
    play(a.upstreams.last, {"task": {"taskId": "up-1", "status": "working"}})
    name = await task_in(exchange)
    session = (await asked(a, tasks.RESULT)).request.client.session

    await until(lambda: store.asked.count("put") == 2, "the journal knows of the upstream's task")
    del group.endpoints["a"]
    here = Modern(b)
    assert (await here.state(name))["status"] == "working"
    result = await asked(b, tasks.RESULT)
    assert (result.params["taskId"], result.request.client.session) == (b'"up-1"', session)
    play(result, RESULT)
    await here.becomes(name, "completed")
