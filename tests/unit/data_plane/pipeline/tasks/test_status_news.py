"""A session's client is told what upstreams say of its own tasks outside of calls, of no others."""

from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import tasks
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.task_journal import TaskJournal
from mcpgateway.data_plane.pipeline.tasks.keeper import Terms
from mcpgateway.data_plane.pipeline.tasks.status_news import StatusNews
from support.buckets import TestedStore
from support.endpoint import Endpoint, answer_of
from support.exchange import RecordingExchange
from support.tasks import CORE, HELLO, Legacy, events, play, records, task_in
from support.wait import until


class Rig:
    """A session with a standing stream, and a task `up-1` of its client's at the upstream `u1`."""

    def __init__(self, revision: str = "2025-11-25", store: OwnStore | None = None) -> None:
        kept = (TaskJournal(store or OwnStore()), Terms(after=0))
        self.endpoint = Endpoint(records("legacy", CORE), kept=kept)
        hello = self.endpoint.legacy("initialize", {**HELLO, "protocolVersion": revision})
        id = hello.sent_headers[b"mcp-session-id"]
        self.client = Legacy(self.endpoint, id)
        self.stream: RecordingExchange = self.endpoint.send(
            b"", "", [(b"mcp-session-id", id)], method="GET"
        )
        conversations = self.endpoint.conversations
        self.news = StatusNews(conversations.listening, conversations.keeper)

    async def made(self) -> str:
        call = self.client.call(task={})
        play(self.endpoint.upstreams.last, {"task": {"taskId": "up-1", "status": "working"}})
        name = await task_in(call)
        await self.idle()
        return name

    @property
    def session(self) -> str:
        return self.endpoint.upstreams.last.request.client.session

    def say(self, id: str, upstream: str = "u1", session: str = "") -> None:
        params = jsonrpc.encode({"taskId": id, "status": "completed"})
        message = jsonrpc.notification(tasks.STATUS, params)
        self.news.told_of_task(session or self.session, upstream, message)

    async def idle(self) -> None:
        await until(lambda: self.endpoint.conversations.keeper.idle, "nothing is being read")

    @property
    def heard(self) -> list[Any]:
        return [event["params"] for event in events(self.stream)]


async def test_the_status_of_an_own_task_is_told_under_the_clients_name_for_it() -> None:
    rig = Rig()
    name = await rig.made()
    rig.say("up-1")
    await rig.idle()
    assert rig.heard == [{"taskId": name, "status": "completed"}]


async def test_no_name_is_made_for_what_is_not_the_clients_own() -> None:
    rig = Rig()
    await rig.made()
    rig.say("up-2")
    rig.say("up-1", upstream="u2")
    rig.say("up-1", session="nobody")
    await rig.idle()
    assert rig.heard == []


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-03-26"])
async def test_clients_that_know_no_tasks_hear_of_none(revision: str) -> None:
    rig = Rig(revision)
    rig.client.call()
    rig.say("up-1")
    await rig.idle()
    assert rig.heard == []


async def test_with_nats_away_nothing_is_told_because_nobody_knows_whose_it_is() -> None:
    store = TestedStore()
    rig = Rig(store=store)
    await rig.made()
    store.up = False
    rig.say("up-1")
    await rig.idle()
    assert rig.heard == []


async def test_questions_and_other_news_go_to_the_stream() -> None:
    rig = Rig()
    call = rig.client.call()
    rig.news.told(rig.session, jsonrpc.notification("notifications/message", b'{"data":1}'))
    assert rig.heard == [{"data": 1}]
    taken: list[Any] = []
    rig.news.asked("nobody", {}, taken.append)
    assert taken == [{}]
    play(rig.endpoint.upstreams.last, {"content": []})
    assert answer_of(call)["result"] == {"content": []}
