"""What an upstream says in a client's own session outside of its calls: who hears, and replies."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from mcpgateway.common.mcp.revisions import V2025_11_25
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.inquiries import MAX_OPEN
from mcpgateway.data_plane.upstreams.request import Answered, Client, Question, Reply
from mcpgateway.data_plane.upstreams.sessions import handshake
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionLimits
from mcpgateway.data_plane.upstreams.watching import Tempo
from support.http_client import FakeHttp, Sent
from support.sinks import LEGACY, MODERN, ask, upstream
from support.wait import until
from support.watchers import RecordingWatcher

UPSTREAM = upstream("legacy")
OWN = msgspec.structs.replace(LEGACY, revision=V2025_11_25, capabilities=b'{"roots":{}}')
ROOTS = {"jsonrpc": "2.0", "id": "q1", "method": "roots/list"}
SAMPLING = {"jsonrpc": "2.0", "id": "q2", "method": "sampling/createMessage", "params": {}}


def note(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": f"notifications/{method}", "params": params}


class Hearing:
    """Keeps questions open until the test answers."""

    def __init__(self) -> None:
        self.questions: list[tuple[str, Question, str, Answered]] = []
        self.told_to: list[tuple[str, Any]] = []

    def asked(self, session: str, questions: Mapping[str, Question], answered: Answered) -> None:
        for key, question in questions.items():
            self.questions.append((session, question, key, answered))

    def told(self, session: str, message: bytes) -> None:
        self.told_to.append((session, msgspec.json.decode(message)))

    def told_of_task(self, session: str, upstream: str, message: bytes) -> None:
        self.told_to.append((f"{session} {upstream}", msgspec.json.decode(message)))

    def reply(self, reply: Reply) -> None:
        _, _, key, answered = self.questions.pop(0)
        answered({key: reply})


class Rig:
    """A session whose stream that belongs to no call is open."""

    def __init__(self, client: Client = OWN, patience: float = 60.0, *, heard: bool = True) -> None:
        self.http = FakeHttp()
        limits = SessionLimits(reply_seconds=patience)
        self.clients = UpstreamClients(self.http, limits)
        self.hearing = Hearing()
        if heard:
            self.clients.hear(self.hearing)
        request = ask(UPSTREAM, client, "", {})
        self.watch = self.clients.watch(request, RecordingWatcher(), Tempo())
        self.watch.want(frozenset({"x:a"}))
        self.http.sent[-1].result(
            {"protocolVersion": V2025_11_25, "capabilities": {"logging": {}}},
            (b"mcp-session-id", b"s"),
        )
        self.http.sent[-1].respond(202, "")
        self.stream: Sent = self.http.sent[-1]
        self.stream.start(200, "text/event-stream")
        self.http.sent[-1].result({})
        self.http.sent.clear()

    @property
    def replies(self) -> list[Any]:
        return [sent.message for sent in self.http.sent]


async def test_a_question_reaches_the_client_of_the_session_and_the_reply_the_upstream() -> None:
    rig = Rig()
    rig.stream.events(ROOTS)
    session, question, _, _ = rig.hearing.questions[0]
    assert (session, question.method) == ("s1", "roots/list")
    rig.hearing.reply(Reply(b'{"roots":[]}'))
    assert rig.replies == [{"jsonrpc": "2.0", "id": "q1", "result": {"roots": []}}]


async def test_a_question_outside_of_calls_can_be_taken_back() -> None:
    rig = Rig()
    rig.stream.events(ROOTS)
    rig.stream.events(note("cancelled", requestId="q1"))
    rig.hearing.reply(Reply(b'{"roots":[]}'))
    assert rig.replies == []
    assert rig.hearing.told_to == []


async def test_what_the_client_did_not_declare_is_an_error_whatever_it_replied() -> None:
    rig = Rig()
    rig.stream.events(SAMPLING)
    rig.hearing.reply(Reply(b'{"role":"user"}'))
    assert [reply["error"]["code"] for reply in rig.replies] == [-32601]


@pytest.mark.parametrize(("client", "heard"), [(OWN, False), (MODERN, True)])
async def test_who_can_not_be_reached_does_not_offer_it(client: Client, heard: bool) -> None:
    rig = Rig(client, heard=heard)
    rig.stream.events(ROOTS, note("message", level="error", data="x"))
    assert [reply["error"]["code"] for reply in rig.replies] == [-32601]
    assert (rig.hearing.questions, rig.hearing.told_to) == ([], [])


async def test_ping_is_answered_without_the_client() -> None:
    rig = Rig()
    rig.stream.events({"jsonrpc": "2.0", "id": 9, "method": "ping"})
    assert rig.replies == [{"jsonrpc": "2.0", "id": 9, "result": {}}]


async def test_log_messages_and_finished_elicitations_are_told_and_no_more() -> None:
    rig = Rig()
    rig.stream.events(
        note("message", level="info", data="hello"),
        note("message", level="no such level", data="x"),
        note("elicitation/complete", elicitationId="e"),
        note("progress", progressToken=7, progress=1),
        note("of/some/kind"),
    )
    assert [(to, message["method"]) for to, message in rig.hearing.told_to] == [
        ("s1", "notifications/message"),
        ("s1", "notifications/elicitation/complete"),
    ]


async def test_a_client_that_does_not_reply_in_time_holds_the_upstream_up_no_longer() -> None:
    rig = Rig(patience=0.01)
    rig.stream.events(ROOTS)
    await until(lambda: len(rig.replies) == 1, "the upstream is told")
    assert "did not reply to roots/list within" in rig.replies[0]["error"]["message"]
    rig.hearing.reply(Reply(b'{"roots":[]}'))
    assert len(rig.replies) == 1


async def test_so_many_questions_may_be_open_and_one_more_is_refused() -> None:
    rig = Rig()
    rig.stream.events(*({**ROOTS, "id": f"q{n}"} for n in range(MAX_OPEN + 1)))
    assert len(rig.hearing.questions) == MAX_OPEN
    assert [reply["id"] for reply in rig.replies] == [f"q{MAX_OPEN}"]
    rig.hearing.reply(Reply(b'{"roots":[]}'))
    rig.stream.events({**ROOTS, "id": "again"})
    assert len(rig.hearing.questions) == MAX_OPEN


async def test_only_the_upstreams_of_a_sessions_client_are_told_that_its_roots_changed() -> None:
    rig = Rig()
    rig.clients.roots_changed("another session")
    assert rig.replies == []
    rig.clients.roots_changed("s1")
    assert rig.replies == [note("roots/list_changed")]


@pytest.mark.parametrize("session", ["s1", ""])
async def test_that_roots_change_is_declared_for_a_session_of_the_clients_own_alone(
    session: str,
) -> None:
    able = b'{"roots":{"listChanged":true}}'
    client = msgspec.structs.replace(OWN, capabilities=able, session=session)
    declared = msgspec.json.decode(handshake.declared(ask(UPSTREAM, client, "", {})))
    assert declared == {"roots": {"listChanged": True} if session else {}}


async def test_the_status_of_a_task_is_told_with_the_upstream_that_keeps_it() -> None:
    rig = Rig()
    status = note("tasks/status", taskId="t1", status="completed")
    rig.stream.events(status)
    await until(lambda: bool(rig.hearing.told_to), "it is told")
    assert rig.hearing.told_to == [(f"{OWN.session} {UPSTREAM.id}", status)]
