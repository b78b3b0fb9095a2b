"""The rounds of a legacy client's call at a modern upstream, message by message."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from mcpgateway.common.errors import UpstreamTimeout
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Answered, Question, Reply, Ticket
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionLimits
from support.http_client import FakeHttp
from support.sinks import ECHO, LEGACY, RecordingSink, ask, upstream
from support.wait import until

META = "io.modelcontextprotocol/"
FORM = {"method": "elicitation/create", "params": {"message": "?", "requestedSchema": {}}}
ROOTS = {"method": "roots/list"}
DONE = {"resultType": "complete", "content": []}
CLIENT = msgspec.structs.replace(LEGACY, capabilities=b'{"elicitation":{},"roots":{}}')
ACCEPT = Reply(b'{"action":"accept"}')


class Rig:
    """One call under way."""

    def __init__(self, **limits: float) -> None:
        self.http = FakeHttp()
        self.clients = UpstreamClients(self.http, SessionLimits(**limits))  # type: ignore[arg-type]  # seconds they are
        self.sink = RecordingSink()
        self.ticket: Ticket | None = None

    def send(self, client: Any = CLIENT, **meta: Any) -> None:
        request = ask(upstream(), client, params={**ECHO, "_meta": {"v": 1, **meta}})
        self.ticket = self.clients.send(request, self.sink)

    def wants(self, requests: Any, **more: Any) -> None:
        self.http.sent[-1].result(
            {"resultType": "input_required", "inputRequests": requests, **more}
        )

    @property
    def last(self) -> Any:
        return self.http.sent[-1].message


async def test_each_round_repeats_the_call_with_the_replies_under_a_new_id() -> None:
    rig = Rig()
    rig.sink.replies = {"a": ACCEPT, "b": Reply(b'{"roots":[]}')}
    rig.send()
    first = rig.last
    rig.wants({"a": FORM, "b": ROOTS}, requestState="opaque")
    second = rig.last
    assert second["id"] not in (first["id"], None)
    assert second["params"] == {
        **first["params"],
        "inputResponses": {"a": {"action": "accept"}, "b": {"roots": []}},
        "requestState": "opaque",
    }
    assert rig.http.sent[0].head == rig.http.sent[1].head
    rig.wants({"a": FORM})
    assert rig.last["params"] == {
        **first["params"],
        "inputResponses": {"a": {"action": "accept"}},
    }
    rig.http.sent[-1].result(DONE)
    assert rig.sink.answered == {"jsonrpc": "2.0", "id": 7, "result": {"content": []}}


async def test_a_call_says_exactly_what_its_client_can_be_asked() -> None:
    rig = Rig()
    rig.send(msgspec.structs.replace(CLIENT, log_level="warning"))
    meta = rig.last["params"]["_meta"]
    assert meta[META + "clientCapabilities"] == {"elicitation": {"form": {}}, "roots": {}}
    assert meta[META + "logLevel"] == "warning"


async def test_progress_of_a_later_round_reaches_the_client() -> None:
    rig = Rig()
    rig.sink.replies = {"a": ACCEPT}
    rig.send(progressToken="p")
    rig.wants({"a": FORM})
    sent = rig.http.sent[-1]
    sent.start(200, "text/event-stream")
    progress = {"progressToken": "p", "progress": 1}
    sent.events({"jsonrpc": "2.0", "method": "notifications/progress", "params": progress})
    assert rig.sink.messages[0]["params"] == progress


async def test_an_elicitation_that_fails_is_cancelled_for_the_upstream() -> None:
    rig = Rig()
    rig.send()
    rig.wants({"a": FORM})
    assert rig.last["params"]["inputResponses"] == {"a": {"action": "cancel"}}


async def test_any_other_question_that_fails_ends_the_call_with_the_clients_error() -> None:
    rig = Rig()
    rig.sink.replies = {"b": Reply(error=b'{"code":-1,"message":"no roots"}')}
    rig.send()
    rig.wants({"b": ROOTS})
    assert rig.sink.answered["error"] == {"code": -1, "message": "no roots"}
    assert len(rig.http.sent) == 1


async def test_what_the_client_did_not_declare_is_refused_without_asking_it() -> None:
    rig = Rig()
    rig.sink.replies = {"a": ACCEPT}
    rig.send(LEGACY)
    rig.wants({"a": FORM})
    assert rig.sink.questions == []
    assert rig.last["params"]["inputResponses"] == {"a": {"action": "cancel"}}
    rig.wants({"b": {"method": "sampling/createMessage", "params": {}}})
    assert rig.sink.answered["error"]["code"] == -32601


async def test_a_round_that_brings_only_a_state_is_followed_after_a_pause() -> None:
    rig = Rig()
    rig.send()
    rig.http.sent[-1].result({"resultType": "input_required", "requestState": "s"})
    assert len(rig.http.sent) == 1
    await until(lambda: len(rig.http.sent) == 2, "the next round")
    assert rig.last["params"]["requestState"] == "s"
    assert "inputResponses" not in rig.last["params"]


async def test_an_upstream_that_never_stops_asking_is_given_up_after_ten_rounds() -> None:
    rig = Rig()
    rig.sink.replies = {"a": ACCEPT}
    rig.send()
    while rig.sink.error is None:
        rig.wants({"a": FORM})
    assert len(rig.http.sent) == 10
    assert "10 rounds" in rig.sink.error.message


@pytest.mark.parametrize(
    ("requests", "why"),
    [
        ({"a": {"method": "tools/call"}}, "no question to a client"),
        ([], "malformed"),
        ({}, "state"),
    ],
)
async def test_a_malformed_wish_for_input_is_a_clear_error(requests: Any, why: str) -> None:
    rig = Rig()
    rig.send()
    rig.wants(requests)
    assert rig.sink.error is not None
    assert why in rig.sink.error.message


class Thinking(RecordingSink):
    """Replies when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.reply: Callable[[], None]

    @override
    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self.questions.append(dict(questions))
        self.reply = lambda: answered(dict.fromkeys(questions, ACCEPT))


async def test_a_reply_that_comes_after_the_end_is_dropped() -> None:
    rig = Rig(reply_seconds=0.01)
    rig.sink = sink = Thinking()
    rig.send()
    rig.wants({"a": FORM})
    await sink.wait()
    assert isinstance(sink.error, UpstreamTimeout)
    sink.reply()
    assert len(rig.http.sent) == 1


async def test_a_cancelled_call_has_no_more_rounds() -> None:
    rig = Rig()
    rig.sink = sink = Thinking()
    rig.send()
    rig.wants({"a": FORM})
    assert rig.ticket is not None
    rig.ticket.cancel()
    sink.reply()
    assert len(rig.http.sent) == 1
    assert sink.calls == []
