"""Clients that listen to their tasks hear what becomes of them, wherever the tasks run."""

from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.listening import LISTEN
from mcpgateway.common.mcp.questions import Question
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.task_journal import TaskJournal
from mcpgateway.data_plane.pipeline.listening import modern_ear
from mcpgateway.data_plane.pipeline.tasks.keeper import Terms
from support.buckets import TestedStore
from support.endpoint import Endpoint, answer_of, token
from support.exchange import RecordingExchange
from support.many_replicas import Group
from support.registries import BOB, USER_ROLE
from support.tasks import ABLE, PLAIN, RESULT, Legacy, Modern, events, play, records, task_in
from support.wait import until

TERMS = Terms(after=0.01, ttl=600)
TAG = "io.modelcontextprotocol/subscriptionId"
QUESTION = Question("elicitation/create", b'{"message":"Sure?","requestedSchema":{}}')
LARGE = {"content": [{"type": "text", "text": "x" * 400_000}]}


def two(**more: Any) -> tuple[Group, Endpoint, Endpoint]:
    kept = (TaskJournal(OwnStore()), TERMS)
    group = Group((USER_ROLE, BOB, *records("legacy", PLAIN, **more)), kept=kept)
    return group, group.endpoints["a"], group.endpoints["b"]


async def begun(endpoint: Endpoint) -> str:
    return await task_in(Modern(endpoint).call())


async def listen(endpoint: Endpoint, *names: str, server: str = "") -> RecordingExchange:
    params = {"notifications": {"taskIds": list(names)}}
    exchange = endpoint.modern(LISTEN, params, server, id=7, meta=ABLE)
    await until(lambda: bool(events(exchange)), "it is acknowledged")
    return exchange


def honoured(exchange: RecordingExchange) -> Any:
    ack = events(exchange)[0]
    assert ack["method"] == "notifications/subscriptions/acknowledged"
    return ack["params"]["notifications"].get("taskIds", [])


def told(exchange: RecordingExchange) -> list[Any]:
    """What was told of tasks."""
    found = [each for each in events(exchange)[1:] if each.get("method") == tasks.CHANGED]
    assert all(each["params"].pop("_meta") == {TAG: 7} for each in found)
    return [each["params"] for each in found]


async def hears(exchange: RecordingExchange, status: str) -> Any:
    def reached() -> bool:
        return any(each["status"] == status for each in told(exchange))

    await until(reached, f"it is told that the task is {status}")
    return told(exchange)[-1]


@pytest.mark.parametrize("result", [RESULT, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("replica", ["a", "b"])
async def test_the_end_of_a_task_is_told_whole_at_every_replica(replica: str, result: Any) -> None:
    group, owner, _ = two()
    name = await begun(owner)
    exchange = await listen(group.endpoints[replica], name)
    assert honoured(exchange) == [name]
    play(owner.upstreams.last, result)
    said = await hears(exchange, "completed")
    assert said == {k: v for k, v in (await Modern(owner).state(name)).items() if k != "resultType"}
    assert said["result"]["content"] == result["content"]


async def test_what_a_task_asks_is_told_and_that_it_goes_on() -> None:
    _, owner, other = two()
    name = await begun(owner)
    exchange = await listen(other, name)
    owner.upstreams.last.sink.ask({"k": QUESTION}, lambda _: None)
    said = await hears(exchange, "input_required")
    (key,) = said["inputRequests"]
    reply = {"inputResponses": {key: {"action": "decline"}}}
    await Modern(owner).ask(tasks.UPDATE, name, **reply)
    assert await hears(exchange, "working")


async def test_one_that_is_over_already_is_told_at_once_and_once() -> None:
    _, owner, other = two()
    name = await begun(owner)
    play(owner.upstreams.last, RESULT)
    await until(lambda: len(owner.conversations.keeper) == 0, "it is written")
    exchange = await listen(other, name)
    assert (await hears(exchange, "completed"))["taskId"] == name
    assert len(told(exchange)) == 1


async def test_only_tasks_of_this_caller_here_are_honoured() -> None:
    _, owner, _ = two()
    name = await begun(owner)
    legacy = await task_in(Legacy(owner).call(task={}))
    exchange = await listen(owner, name, legacy, "made up")
    assert honoured(exchange) == [name]
    params = {"notifications": {"taskIds": [name]}}
    bob = owner.modern(LISTEN, params, meta=ABLE, authorization=f"Bearer {token(BOB.id)}")
    assert honoured(bob) == []


async def test_without_the_extension_nobody_listens_to_tasks() -> None:
    _, owner, _ = two()
    params = {"notifications": {"taskIds": ["x"]}}
    refused = owner.modern(LISTEN, params)
    error = answer_of(refused)["error"]
    assert error["code"] == jsonrpc.MISSING_CLIENT_CAPABILITY
    assert error["data"] == tasks.REQUIRED


async def test_who_leaves_is_told_no_more() -> None:
    _, owner, _ = two()
    name = await begun(owner)
    exchange = await listen(owner, name)
    exchange.leave()
    play(owner.upstreams.last, RESULT)
    await until(lambda: len(owner.conversations.keeper) == 0, "it is written")
    assert told(exchange) == []


async def test_a_task_whose_replica_is_gone_is_told_of_when_somebody_asks_for_it() -> None:
    group, _, other = two()
    name = await begun(group.endpoints["a"])
    exchange = await listen(other, name)
    del group.endpoints["a"]
    await Modern(other).state(name)
    assert (await hears(exchange, "failed"))["error"]["data"] == {"outcome": "unknown"}


async def test_with_nats_away_it_is_honoured_all_the_same() -> None:
    store = TestedStore()
    group = Group(records("legacy", PLAIN), kept=(TaskJournal(store), TERMS))
    name = await begun(group.endpoints["a"])
    store.up = False
    exchange = await listen(group.endpoints["b"], name)
    assert honoured(exchange) == [name]


async def test_a_slow_reader_is_told_the_last_of_each_task() -> None:
    _, owner, _ = two()
    name = await begun(owner)
    exchange = await listen(owner, name)
    exchange.clog()
    owner.upstreams.last.sink.ask({"k": QUESTION}, lambda _: None)
    play(owner.upstreams.last, RESULT)
    await until(lambda: len(owner.conversations.keeper) == 0, "it is written")
    exchange.unclog()
    assert [each["status"] for each in told(exchange)] == ["completed"]


async def test_the_stream_of_one_that_does_not_read_much_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(modern_ear, "HELD", 10)
    _, owner, _ = two()
    name = await begun(owner)
    exchange = await listen(owner, name)
    exchange.clog()
    play(owner.upstreams.last, RESULT)
    await until(lambda: exchange.ended, "the stream is ended")
    assert events(exchange)[-1]["result"]["resultType"] == "complete"
