"""What a legacy upstream asks in the midst of a call, message by message."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from mcpgateway.common.errors import UpstreamTimeout
from mcpgateway.common.mcp.questions import covered
from mcpgateway.common.mcp.revisions import V2025_11_25
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.inquiries import MAX_OPEN
from mcpgateway.data_plane.upstreams.inquiry import Inquiry
from mcpgateway.data_plane.upstreams.request import Answered, Question, Reply, Ticket
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionLimits
from support.http_client import FakeHttp, Sent
from support.sinks import LEGACY, MODERN, RecordingSink, ask, upstream
from support.wait import until

DECLARED = b'{"elicitation":{"form":{}}}'
CLIENTS = {
    "legacy": msgspec.structs.replace(LEGACY, revision=V2025_11_25, capabilities=DECLARED),
    "modern": msgspec.structs.replace(MODERN, capabilities=DECLARED),
}
FORM = {"message": "?", "requestedSchema": {"type": "object"}}
ACCEPT = Reply(b'{"action":"accept","content":{"n":1.10}}')


class Person(RecordingSink):
    """Keeps questions open until the test replies; refuses what was not declared."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, Answered]] = []

    @override
    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        for key, question in questions.items():
            if covered(DECLARED, "legacy", question.method, question.params):
                self.questions.append({key: question})
                self.open.append((key, answered))
            else:
                answered({key: Reply(error=b'{"code":-1,"message":"no"}')})

    def reach(self) -> list[bool]:
        """Whoever was asked first can be told when nobody wants the reply any more: then the list
        has something in it."""
        withdrawn: list[bool] = []
        answered = self.open[0][1]
        assert isinstance(answered, Inquiry)
        answered.on_withdrawn(lambda: withdrawn.append(True))
        return withdrawn

    def reply(self, reply: Reply = ACCEPT) -> None:
        key, answered = self.open.pop(0)
        answered({key: reply})


class Nobody:
    """A client that no upstream says anything to outside of its calls."""

    def asked(self, *_: object) -> None:
        raise AssertionError("asked outside of a call")

    told = told_of_task = asked


class Rig:
    """A call whose answer is an event stream that has begun. `http.sent` has what came after."""

    def __init__(
        self, client: str = "legacy", seconds: float = 300.0, *, heard: bool = False
    ) -> None:
        self.http = FakeHttp()
        self.person = Person()
        limits = SessionLimits(reply_seconds=seconds)
        self.clients = UpstreamClients(self.http, limits)
        if heard:
            self.clients.hear(Nobody())
        self.client = CLIENTS[client]
        self.ticket: Ticket = self.clients.send(
            ask(upstream("legacy", timeout_ms=50), self.client), self.person
        )
        opening = self.http.sent[0]
        assert opening.message["params"]["capabilities"] == json.loads(DECLARED)
        opening.result({"protocolVersion": V2025_11_25}, (b"mcp-session-id", b"up-1"))
        self.http.sent[-1].respond(202, "")
        self.standing = self.http.sent[-1]
        assert self.standing.request_line == "GET /mcp HTTP/1.1"
        self.standing.start(200, "text/event-stream")
        self.call = self.http.sent[-1]
        assert self.call.message["method"] == "tools/call"
        self.call.start(200, "text/event-stream")
        self.http.sent.clear()

    def asks(self, id: Any = "q", method: str = "elicitation/create", params: Any = FORM) -> None:
        self.ask_on(self.call, id, method, params)

    def answers(self) -> None:
        id = self.call.message["id"]
        self.call.events({"jsonrpc": "2.0", "id": id, "result": {"content": []}})

    def ask_on(self, stream: Sent, id: Any, method: str, params: Any) -> None:
        stream.events({"jsonrpc": "2.0", "id": id, "method": method, "params": params})

    @property
    def told(self) -> list[Any]:
        """What the upstream was sent since."""
        return [sent.message for sent in self.http.sent]


@pytest.fixture(params=["legacy", "modern"])
async def rig(request: pytest.FixtureRequest) -> Rig:
    return Rig(request.param)


@pytest.mark.parametrize("id", [7, "7", 0, ""])
async def test_a_reply_goes_back_under_the_upstreams_own_id_and_type(rig: Rig, id: Any) -> None:
    rig.asks(id)
    (batch,) = rig.person.questions
    assert [json.loads(question.params) for question in batch.values()] == [FORM]
    rig.person.reply()
    (sent,) = rig.http.sent
    assert sent.message["id"] == id
    assert type(sent.message["id"]) is type(id)
    assert b'"n":1.10' in sent.body
    assert sent.headers["mcp-session-id"] == "up-1"


async def test_an_error_of_the_client_goes_back_as_it_is(rig: Rig) -> None:
    rig.asks()
    rig.person.reply(Reply(error=b'{"code":-1,"message":"no"}'))
    assert rig.told == [{"jsonrpc": "2.0", "id": "q", "error": {"code": -1, "message": "no"}}]


async def test_what_comes_on_the_sessions_own_stream_is_asked_too(rig: Rig) -> None:
    rig.ask_on(rig.standing, 1, "elicitation/create", FORM)
    rig.person.reply()
    assert rig.told[0]["id"] == 1


@pytest.mark.parametrize("stream", ["call", "standing"])
async def test_a_question_that_the_upstream_takes_back_is_withdrawn_and_its_reply_dropped(
    rig: Rig, stream: str
) -> None:
    rig.asks("q")
    withdrawn = rig.person.reach()
    for other in ("r", None, 7.5):
        getattr(rig, stream).events(taken_back(other))
    assert withdrawn == []
    getattr(rig, stream).events(taken_back("q"))
    assert withdrawn == [True]
    rig.person.reply()
    assert rig.told == []
    rig.asks("q")  # the id is free again
    rig.person.reply()
    assert [each["id"] for each in rig.told] == ["q"]


def taken_back(id: object) -> dict[str, Any]:
    params = {"requestId": id, "reason": "never mind"}
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}


async def test_a_ping_is_answered_here(rig: Rig) -> None:
    rig.asks("p", "ping", {})
    rig.ask_on(rig.standing, "s", "ping", {})
    assert rig.person.questions == []
    assert [(each["id"], each["result"]) for each in rig.told] == [("p", {}), ("s", {})]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("sampling/createMessage", {}, -32601),
        ("elicitation/create", {"mode": "url", "url": "https://x"}, -32602),
        ("tasks/get", {}, -32601),
    ],
)
async def test_what_was_not_declared_is_refused_without_asking(
    rig: Rig, method: str, params: Any, code: int
) -> None:
    rig.asks("q", method, params)
    assert rig.person.questions == []
    assert [each["error"]["code"] for each in rig.told] == [code]


async def test_a_question_that_comes_twice_is_asked_once(rig: Rig) -> None:
    rig.asks()
    rig.asks()
    assert len(rig.person.questions) == 1


async def test_the_question_above_the_limit_is_refused(rig: Rig) -> None:
    for number in range(MAX_OPEN + 1):
        rig.asks(number)
    assert len(rig.person.questions) == MAX_OPEN
    assert [each["id"] for each in rig.told] == [MAX_OPEN]


async def test_silence_is_the_clients_while_it_is_asked_and_the_upstreams_again_after(
    rig: Rig,
) -> None:
    rig.asks()
    with pytest.raises(TimeoutError):
        await rig.person.wait(0.15)
    rig.person.reply()
    await rig.person.wait()
    assert isinstance(rig.person.error, UpstreamTimeout)
    assert "sent no message for 0.05 s" in rig.person.error.message


async def test_an_upstream_that_asks_before_it_begins_its_answer_is_waited_for() -> None:
    rig = Rig()
    person = Person()
    rig.clients.send(ask(upstream("legacy", timeout_ms=50), rig.client, id=8), person)
    rig.ask_on(rig.standing, "q", "elicitation/create", FORM)
    with pytest.raises(TimeoutError):
        await person.wait(0.15)
    person.reply()
    await person.wait()
    assert person.error is not None
    assert "did not answer within 0.05 s" in person.error.message


@pytest.mark.parametrize("client", ["legacy", "modern"])
async def test_a_question_that_is_left_open_ends_the_call_at_the_upstream(client: str) -> None:
    rig = Rig(client, seconds=0.01)
    rig.asks()
    await rig.person.wait()
    assert isinstance(rig.person.error, UpstreamTimeout)
    assert "did not reply to elicitation/create within 0.01 s" in rig.person.error.message
    cancelled, closed = rig.told
    assert cancelled["method"] == "notifications/cancelled"
    assert (closed["id"], closed["error"]["code"]) == ("q", -32603)
    assert rig.call.cancelled
    rig.person.reply()
    assert len(rig.http.sent) == 2


async def test_a_cancelled_call_leaves_no_question_open(rig: Rig) -> None:
    rig.asks()
    rig.ticket.cancel()
    assert [each.get("method", each.get("id")) for each in rig.told] == [
        "notifications/cancelled",
        "q",
    ]
    rig.person.reply()
    await asyncio.sleep(0)
    assert len(rig.http.sent) == 2
    assert rig.person.calls == []


@pytest.mark.parametrize("end", ["answered", "cancelled"])
async def test_in_a_clients_own_session_a_question_outlasts_the_call_on_whose_stream_it_came(
    end: str,
) -> None:
    rig = Rig(heard=True)
    rig.asks()
    withdrawn = rig.person.reach()
    if end == "answered":
        rig.answers()
    else:
        rig.ticket.cancel()
        assert rig.told.pop(0)["method"] == "notifications/cancelled"
        rig.http.sent.clear()
    assert (rig.told, withdrawn) == ([], [])
    rig.person.reply()
    assert [each["id"] for each in rig.told] == ["q"]
    assert "result" in rig.told[0]


async def test_a_question_that_outlasts_its_call_can_be_taken_back() -> None:
    rig = Rig(heard=True)
    rig.asks()
    withdrawn = rig.person.reach()
    rig.answers()
    rig.standing.events(taken_back("q"))
    assert withdrawn == [True]
    rig.person.reply()
    assert rig.told == []


async def test_a_question_that_outlasts_its_call_is_waited_for_no_longer_than_another() -> None:
    rig = Rig(seconds=0.05, heard=True)
    rig.asks()
    withdrawn = rig.person.reach()
    rig.answers()
    await until(lambda: bool(rig.told), "the upstream is told")
    assert [(each["id"], each["error"]["code"]) for each in rig.told] == [("q", -32603)]
    assert withdrawn == [True]


async def test_so_many_calls_may_leave_questions_open_and_those_of_one_more_end_with_it() -> None:
    rig = Rig(heard=True)
    for number in range(MAX_OPEN + 1):
        person = Person()
        rig.clients.send(ask(upstream("legacy"), rig.client, id=f"c{number}"), person)
        call = rig.http.sent[-1]
        call.start(200, "text/event-stream")
        rig.ask_on(call, f"q{number}", "elicitation/create", FORM)
        person.reach()
        rig.http.sent.clear()
        call.events({"jsonrpc": "2.0", "id": f"c{number}", "result": {"content": []}})
        assert len(rig.told) == (number == MAX_OPEN)


async def test_outside_a_call_nothing_is_asked(rig: Rig) -> None:
    rig.answers()
    assert rig.person.over.is_set()
    rig.ask_on(rig.standing, "q", "elicitation/create", FORM)
    assert [each["error"]["code"] for each in rig.told] == [-32601]
