"""A legacy upstream over Streamable HTTP: sessions opened, kept, lost; ids; cancellation."""

import asyncio
from typing import Any

import msgspec
import pytest

from mcpgateway.common.errors import UpstreamRejected, UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.mcp.revisions import V2024_11_05, V2025_06_18, V2025_11_25
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Client
from mcpgateway.data_plane.upstreams.sessions.upstream_session import MAX_WAITERS
from support.http_client import FakeHttp, Sent
from support.sinks import LEGACY, MODERN, STATELESS, RecordingSink, ask, upstream

UPSTREAM = upstream("legacy")
RESULT = {"content": [{"type": "text", "text": "hi"}]}


class Rig:
    def __init__(self) -> None:
        self.http = FakeHttp()
        self.announced: list[str] = []
        self.clients = UpstreamClients(self.http, announced=self.announced.append)

    @property
    def last(self) -> Sent:
        return self.http.sent[-1]

    def send(self, client: Client = LEGACY, **more: Any) -> RecordingSink:
        sink = RecordingSink()
        self.clients.send(ask(UPSTREAM, client, **more), sink)
        return sink

    def open(self, session: str = "up-1", revision: str = V2025_06_18) -> None:
        """Plays the upstream's part of the handshake that is under way."""
        initialize = self.last
        assert initialize.message["method"] == "initialize"
        header = (b"mcp-session-id", session.encode())
        initialize.result({"protocolVersion": revision}, *([header] if session else []))
        assert self.last.message == {
            "jsonrpc": "2.0",
            "method": "notifications/initialized",
            "params": {},
        }
        self.last.respond(202, "")


@pytest.fixture
async def rig() -> Rig:
    return Rig()


def methods(rig: Rig) -> list[str]:
    return [sent.message["method"] if sent.body else "DELETE" for sent in rig.http.sent]


async def test_the_first_call_opens_a_session_and_the_next_goes_out_at_once(rig: Rig) -> None:
    first = rig.send()
    assert rig.last.message["params"] == {
        "protocolVersion": V2025_06_18,
        "capabilities": {},
        "clientInfo": {"name": "mcpgateway", "version": "0"},
    }
    rig.open()
    call = rig.last
    assert call.headers["mcp-session-id"] == "up-1"
    assert call.headers["mcp-protocol-version"] == V2025_06_18
    call.result(RESULT)
    assert first.answered["result"] == RESULT
    rig.send(id=8)
    assert rig.last.message["id"] == 8
    assert methods(rig) == ["initialize", "notifications/initialized", "tools/call", "tools/call"]


async def test_a_legacy_clients_answer_comes_back_untouched_in_its_own_session(rig: Rig) -> None:
    sink = rig.send()
    rig.open()
    body = b'{"jsonrpc": "2.0", "id": 7, "result": {"n": 1.10}}'
    rig.last.respond(200, "application/json", body)
    assert sink.raw == body


async def test_calls_that_come_during_the_handshake_wait_for_it(rig: Rig) -> None:
    for id in range(3):
        rig.send(id=id)
    assert methods(rig) == ["initialize"]
    rig.open()
    assert [sent.message["id"] for sent in rig.http.sent[2:]] == [0, 1, 2]


async def test_the_call_that_finds_too_many_waiting_is_refused(rig: Rig) -> None:
    for id in range(MAX_WAITERS):
        rig.send(id=id)
    sink = rig.send(id="one more")
    assert sink.error is not None
    assert "1024 calls wait" in sink.error.message


async def test_an_upstream_of_2025_03_26_or_older_is_not_sent_the_version_header(rig: Rig) -> None:
    rig.send()
    rig.open(revision=V2024_11_05)
    assert "mcp-protocol-version" not in rig.last.headers


async def test_an_upstream_without_sessions_works_without(rig: Rig) -> None:
    sink = rig.send()
    rig.open(session="")
    assert "mcp-session-id" not in rig.last.headers
    rig.last.respond(404, "text/plain", b"gone")
    assert isinstance(sink.error, UpstreamRejected)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"error": {"code": -32600, "message": "Session not found"}}),
        (400, {"error": {"code": -32000, "message": "Bad Request: No valid session ID provided"}}),
    ],
)
async def test_a_lost_session_is_opened_again_once_and_the_call_sent_again(
    rig: Rig, status: int, body: Any
) -> None:
    sink = rig.send()
    rig.open("old")
    rig.last.json(body, status)
    rig.open("new")
    assert rig.last.headers["mcp-session-id"] == "new"
    rig.last.json(body, status)
    assert sink.error is not None
    assert f"answered {status}" in sink.error.message


async def test_many_calls_that_find_the_session_lost_open_one_new_session(rig: Rig) -> None:
    sinks = [rig.send(id=id) for id in range(3)]
    rig.open("old")
    for sent in rig.http.sent[2:5]:
        sent.respond(404, "text/plain")
    assert methods(rig).count("initialize") == 2
    rig.open("new")
    for sent in rig.http.sent[-3:]:
        assert sent.headers["mcp-session-id"] == "new"
        sent.result(RESULT)
    assert [sink.answered["id"] for sink in sinks] == [0, 1, 2]


async def test_clients_that_share_a_session_never_share_an_id_or_a_progress_token(
    rig: Rig,
) -> None:
    params = {"name": "echo", "_meta": {"progressToken": "same"}}
    one = rig.send(STATELESS, params=params, id=7)
    rig.open()
    first = rig.last
    other = rig.send(STATELESS, params=params, id=7)
    second = rig.last
    assert first.message["id"] != second.message["id"]
    tokens = [sent.message["params"]["_meta"]["progressToken"] for sent in (first, second)]
    assert tokens[0] != tokens[1]
    for sent in (first, second):
        sent.start(200, "text/event-stream")
    for token in tokens:  # the first one's stream tells of both
        progress = {"progressToken": token, "progress": 1}
        note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": progress}
        first.events(note)
    first.events({"jsonrpc": "2.0", "id": first.message["id"], "result": RESULT})
    second.events({"jsonrpc": "2.0", "id": second.message["id"], "result": RESULT})
    assert [message["params"]["progressToken"] for message in one.messages] == ["same"]
    assert other.messages == []
    assert one.answered["id"] == other.answered["id"] == 7


async def test_a_modern_clients_call_loses_the_envelope_and_its_answer_gets_a_type(
    rig: Rig,
) -> None:
    meta = {"io.modelcontextprotocol/logLevel": "info", "traceparent": "00-1"}
    sink = rig.send(MODERN, method="resources/read", params={"uri": "memo://x", "_meta": meta})
    assert rig.last.message["params"]["protocolVersion"] == V2025_11_25
    rig.open()
    assert rig.last.message["params"] == {"uri": "memo://x", "_meta": {"traceparent": "00-1"}}
    rig.last.result({"contents": []})
    assert sink.answered == {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {
            "resultType": "complete",
            "contents": [],
            "ttlMs": 0,
            "cacheScope": "private",
        },
    }


async def test_a_modern_client_gets_modern_codes_and_statuses(rig: Rig) -> None:
    sink = rig.send(MODERN)
    rig.open()
    error = {"code": -32002, "message": "no such resource", "data": {"uri": "x"}}
    rig.last.json({"jsonrpc": "2.0", "id": rig.last.message["id"], "error": error})
    assert sink.status == 400
    assert sink.answered["error"] == {**error, "code": -32602}


PAGES = {
    "elicitations": [{"mode": "url", "url": "https://x", "message": "Go", "elicitationId": "e"}]
}


@pytest.mark.parametrize(
    ("capabilities", "code"),
    [(b"{}", -32021), (b'{"elicitation":{"form":{}}}', -32021), (b'{"elicitation":{"url":{}}}', 0)],
)
async def test_a_client_that_did_not_declare_pages_hears_that_the_upstream_wants_one(
    rig: Rig, capabilities: bytes, code: int
) -> None:
    sink = rig.send(msgspec.structs.replace(MODERN, capabilities=capabilities))
    rig.open()
    if rig.last.request_line.startswith("GET"):
        rig.last.respond(405, "")
    error = {"code": -32042, "message": "Go there first", "data": PAGES}
    rig.last.json({"jsonrpc": "2.0", "id": rig.last.message["id"], "error": error})
    if not code:
        assert sink.answered["result"]["resultType"] == "input_required"
        return
    assert sink.status == 400
    assert sink.answered["error"]["code"] == code
    assert "Go there first" in sink.answered["error"]["message"]
    assert sink.answered["error"]["data"] == {"requiredCapabilities": {"elicitation": {"url": {}}}}


async def test_a_modern_client_hears_log_messages_only_as_it_asked(rig: Rig) -> None:
    asked = {"name": "x", "_meta": {"io.modelcontextprotocol/logLevel": "warning"}}
    told, untold = rig.send(MODERN, params=asked), rig.send(MODERN)
    rig.open()
    for sent in rig.http.sent[-2:]:
        sent.start(200, "text/event-stream")
        for level in ("info", "error"):
            params = {"level": level, "data": 1}
            sent.events({"jsonrpc": "2.0", "method": "notifications/message", "params": params})
    assert [message["params"]["level"] for message in told.messages] == ["error"]
    assert untold.messages == []


async def test_cancelling_tells_the_upstream_under_the_id_that_it_knows(rig: Rig) -> None:
    ticket = rig.clients.send(ask(UPSTREAM, STATELESS, id="mine"), RecordingSink())
    rig.open()
    call = rig.last
    ticket.cancel()
    ticket.cancel()
    assert rig.last.message["method"] == "notifications/cancelled"
    assert rig.last.message["params"]["requestId"] == call.message["id"]
    assert rig.last.headers["mcp-session-id"] == "up-1"
    assert call.cancelled
    assert methods(rig).count("notifications/cancelled") == 1


async def test_a_call_cancelled_before_its_session_is_there_never_goes_out(rig: Rig) -> None:
    ticket = rig.clients.send(ask(UPSTREAM), RecordingSink())
    ticket.cancel()
    rig.open()
    assert methods(rig) == ["initialize", "notifications/initialized"]


async def test_what_an_upstream_asks_of_the_client_is_answered_in_its_place(rig: Rig) -> None:
    sink = rig.send()
    rig.open()
    call = rig.last
    call.start(200, "text/event-stream")
    call.events({"jsonrpc": "2.0", "id": 0, "method": "sampling/createMessage", "params": {}})
    assert rig.last.message["error"]["code"] == -32601
    call.events({"jsonrpc": "2.0", "id": "p", "method": "ping"})
    assert rig.last.message == {"jsonrpc": "2.0", "id": "p", "result": {}}
    call.events({"jsonrpc": "2.0", "id": 7, "result": RESULT})
    assert sink.calls == ["ask", "answer"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"result": {"protocolVersion": "1999-01-01"}}, "protocol version '1999-01-01'"),
        ({"result": {}}, "unusable result"),
        ({"error": {"code": 1, "message": "full"}}, "full (code 1)"),
    ],
)
async def test_a_handshake_that_fails_fails_the_call_and_says_why(
    rig: Rig, answer: Any, says: str
) -> None:
    sink = rig.send()
    rig.last.json({"jsonrpc": "2.0", "id": rig.last.message["id"], **answer})
    assert sink.error is not None
    assert "upstream 'time' answered initialize" in sink.error.message
    assert says in sink.error.message
    assert not rig.clients.sessions_open


async def test_after_a_failed_handshake_the_next_call_tries_again(rig: Rig) -> None:
    sink = rig.send()
    rig.last.fail(UpstreamUnreachable("connection refused"))
    assert isinstance(sink.error, UpstreamUnreachable)
    rig.send()
    rig.open()
    assert rig.last.message["method"] == "tools/call"


async def test_a_stream_that_breaks_off_leaves_the_outcome_unknown(rig: Rig) -> None:
    sink = rig.send()
    rig.open()
    rig.last.start(200, "text/event-stream")
    rig.last.end()
    assert isinstance(sink.error, UpstreamRejected)
    assert sink.error.outcome_unknown


async def test_closing_ends_every_session_at_its_upstream(rig: Rig) -> None:
    rig.send()
    rig.open()
    rig.last.result(RESULT)

    async def upstream() -> None:
        assert rig.last.request_line == "DELETE /mcp HTTP/1.1"
        assert rig.last.headers["mcp-session-id"] == "up-1"
        rig.last.respond(200, "")

    await asyncio.gather(rig.clients.aclose(), upstream())


async def test_the_end_of_a_clients_session_ends_its_sessions_with_upstreams(rig: Rig) -> None:
    rig.send(LEGACY)
    rig.open()
    rig.last.result(RESULT)
    rig.clients.end_session("another")
    assert rig.clients.sessions_open == 1
    rig.clients.end_session(LEGACY.session)
    assert rig.last.request_line.startswith("DELETE")
    assert rig.clients.sessions_open == 0


async def test_an_anonymous_caller_that_nobody_can_tell_apart_gets_a_session_per_call(
    rig: Rig,
) -> None:
    nobody = msgspec.structs.replace(MODERN, principal="")
    rig.send(nobody)
    rig.open("first")
    rig.last.result(RESULT)
    assert rig.last.request_line.startswith("DELETE")
    rig.send(nobody)
    rig.open("second")
    assert rig.last.headers["mcp-session-id"] == "second"


async def test_a_text_that_the_upstream_cut_within_a_character_does_not_fail_the_call(
    rig: Rig,
) -> None:
    sink = rig.send(STATELESS)
    rig.open()
    body = b'{"jsonrpc":"2.0","id":%d,"result":{"text":"cut \\ud83d"}}'
    rig.last.respond(200, "application/json", body % rig.last.message["id"])
    assert sink.answered["result"] == {"text": "cut \N{REPLACEMENT CHARACTER}"}


async def test_a_handshake_that_only_shows_signs_of_life_is_given_up() -> None:
    http, sink = FakeHttp(), RecordingSink()
    UpstreamClients(http).send(ask(upstream("legacy", timeout_ms=10), LEGACY), sink)
    http.sent[0].start(200, "text/event-stream")
    http.sent[0].receiver.chunk(b": ping\n\n")
    await sink.wait()
    assert isinstance(sink.error, UpstreamTimeout)
    assert http.sent[0].cancelled


async def test_credentials_that_changed_are_used_for_all_that_follows(rig: Rig) -> None:
    rig.send(headers=((b"authorization", b"old"),))
    rig.open()
    rig.last.result(RESULT)
    rig.send(headers=((b"authorization", b"new"),))
    rig.last.result(RESULT)
    rig.clients.end_session(LEGACY.session)
    assert rig.last.request_line.startswith("DELETE")
    assert rig.last.headers["authorization"] == "new"


async def test_a_list_that_changed_in_a_call_is_announced_and_not_told_to_the_client(
    rig: Rig,
) -> None:
    sink = rig.send()
    rig.open()
    rig.last.start(200, "text/event-stream")
    for kind in ("tools", "resources"):
        rig.last.events({"jsonrpc": "2.0", "method": f"notifications/{kind}/list_changed"})
    rig.last.events({"jsonrpc": "2.0", "id": 7, "result": RESULT})
    assert (rig.announced, sink.messages) == (["u1", "u1"], [])
    assert sink.answered["result"] == RESULT


@pytest.mark.parametrize(
    ("status", "code"), [(404, -32601), (400, -32020), (400, -32021), (400, -32022)]
)
async def test_an_upstream_that_speaks_as_a_modern_one_is_looked_at_again(
    rig: Rig, status: int, code: int
) -> None:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": "no"}}
    sink = rig.send()
    rig.last.json(error, status)
    assert isinstance(sink.error, UpstreamRejected)
    assert "speaks another revision" in sink.error.message
    assert rig.announced == [UPSTREAM.id]


async def test_an_upstream_that_turns_modern_within_a_session_is_looked_at_again(rig: Rig) -> None:
    sink = rig.send()
    rig.open()
    error = {"code": -32020, "message": "MCP-Protocol-Version is missing"}
    rig.last.json({"jsonrpc": "2.0", "id": 7, "error": error}, 400)
    assert isinstance(sink.error, UpstreamRejected)
    assert "speaks another revision" in sink.error.message
    assert rig.announced == [UPSTREAM.id]
