"""An upstream of 2024-11-05: one stream for all answers, POSTs to the endpoint that it names."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import sse
from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.mcp.revisions import V2024_11_05
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Key
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Client
from support.http_client import FakeHttp, Sent
from support.sinks import LEGACY, MODERN, STATELESS, RecordingSink, ask, upstream

UPSTREAM = upstream("legacy", "http://up:9000/sse", transport="SSE")
RESULT: dict[str, Any] = {"content": []}


class Rig:
    def __init__(self) -> None:
        self.http = FakeHttp()
        self.announced: list[str] = []
        self.clients = UpstreamClients(self.http, announced=self.announced.append)

    @property
    def last(self) -> Sent:
        return self.http.sent[-1]

    @property
    def stream(self) -> Sent:
        return next(sent for sent in reversed(self.http.sent) if not sent.body)

    def send(self, client: Client = LEGACY, **more: Any) -> RecordingSink:
        sink = RecordingSink()
        self.clients.send(ask(UPSTREAM, client, **more), sink)
        return sink

    def endpoint(self, reference: str) -> None:
        self.stream.start(200, "text/event-stream")
        self.stream.receiver.chunk(sse.encode(reference.encode(), "endpoint"))

    def open(self) -> None:
        self.endpoint("/messages?s=1")
        initialize = self.last
        initialize.respond(202, "")
        self.answer(initialize, {"protocolVersion": V2024_11_05})
        assert self.last.message["method"] == "notifications/initialized"
        self.last.respond(202, "text/plain", b"Accepted")

    def answer(self, sent: Sent, result: Any) -> None:
        self.stream.events({"jsonrpc": "2.0", "id": sent.message["id"], "result": result})


@pytest.fixture
async def rig() -> Rig:
    return Rig()


async def test_a_call_is_posted_to_the_endpoint_and_answered_on_the_stream(rig: Rig) -> None:
    sink = rig.send()
    assert rig.last.request_line == "GET /sse HTTP/1.1"
    assert rig.last.headers["accept"] == "text/event-stream"
    rig.open()
    call = rig.last
    assert call.request_line == "POST /messages?s=1 HTTP/1.1"
    rig.answer(call, RESULT)
    call.respond(202, "")
    assert sink.answered == {"jsonrpc": "2.0", "id": 7, "result": RESULT}


@pytest.mark.parametrize(
    ("reference", "says"),
    [("http://evil/messages", "another origin"), ("http://[", "no URL"), ("/a b", "percent")],
)
async def test_an_endpoint_that_must_not_be_followed_fails_the_session(
    rig: Rig, reference: str, says: str
) -> None:
    sink = rig.send()
    rig.endpoint(reference)
    assert sink.error is not None
    assert says in sink.error.message
    assert rig.stream.cancelled
    assert len(rig.http.sent) == 1


async def test_answers_and_progress_find_their_call_in_any_order(rig: Rig) -> None:
    params = {"name": "echo", "_meta": {"progressToken": "same"}}
    one, two = rig.send(STATELESS, params=params), rig.send(STATELESS, params=params)
    rig.open()
    first, second = rig.http.sent[-2:]
    token = second.message["params"]["_meta"]["progressToken"]
    progress = {"progressToken": token, "progress": 1}
    rig.stream.events({"jsonrpc": "2.0", "method": "notifications/progress", "params": progress})
    rig.answer(second, {"n": 2})
    rig.answer(first, {"n": 1})
    assert (one.messages, one.answered["result"]) == ([], {"n": 1})
    assert two.messages[0]["params"] == {"progressToken": "same", "progress": 1}
    assert two.answered["result"] == {"n": 2}


async def test_a_message_of_no_call_is_told_to_the_only_one_under_way_or_to_nobody(
    rig: Rig,
) -> None:
    note = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info"}}
    one, two = rig.send(), rig.send(id=8)
    rig.open()
    rig.stream.events(note)
    assert one.messages == two.messages == []
    rig.answer(rig.http.sent[-1], RESULT)
    rig.stream.events(note)
    assert [message["method"] for message in one.messages] == ["notifications/message"]


async def test_an_answer_to_nobody_is_dropped(rig: Rig) -> None:
    sink = rig.send()
    rig.open()
    rig.stream.events({"jsonrpc": "2.0", "id": 4711, "result": {}})
    assert sink.calls == []


async def test_progress_of_a_token_too_long_for_a_number_is_dropped(rig: Rig) -> None:
    sink = rig.send()
    rig.open()
    post = rig.http.sent[-1]
    note = b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s}}'
    rig.stream.receiver.chunk(b"data: " + note % (b"9" * 5000) + b"\n\n")
    rig.answer(post, RESULT)
    assert (sink.messages, sink.answered["result"]) == ([], RESULT)


async def test_what_the_upstream_asks_is_answered_at_the_endpoint(rig: Rig) -> None:
    rig.send()
    rig.open()
    rig.stream.events({"jsonrpc": "2.0", "id": 5, "method": "roots/list"})
    assert rig.last.request_line.startswith("POST /messages")
    assert rig.last.message["error"]["code"] == -32601


async def test_the_end_of_the_stream_ends_all_calls_with_an_unknown_outcome(rig: Rig) -> None:
    sinks = [rig.send(id=id) for id in range(2)]
    rig.open()
    rig.stream.end()
    for sink in sinks:
        assert isinstance(sink.error, UpstreamRejected)
        assert sink.error.outcome_unknown
        assert "ended its event stream" in sink.error.message
    assert rig.clients.sessions_open == 0


async def test_garbage_on_the_stream_ends_the_session(rig: Rig) -> None:
    sink = rig.send()
    rig.open()
    rig.stream.receiver.chunk(b"data: {\n\n")
    assert sink.error is not None
    assert "something else than JSON-RPC" in sink.error.message
    assert rig.clients.sessions_open == 0


async def test_a_session_that_the_endpoint_does_not_know_is_opened_again_once(rig: Rig) -> None:
    sink = rig.send(MODERN)
    rig.open()
    first = rig.stream
    rig.last.respond(404, "text/plain", b"no session")
    assert first.cancelled
    rig.open()
    rig.answer(rig.last, RESULT)
    assert sink.answered["result"] == {"resultType": "complete", **RESULT}


async def test_a_refused_post_fails_its_call_alone(rig: Rig) -> None:
    one, two = rig.send(), rig.send(id=8)
    rig.open()
    rig.http.sent[-2].respond(413, "text/plain", b"too big")
    assert one.error is not None
    assert "413" in one.error.message
    rig.answer(rig.http.sent[-1], RESULT)
    assert two.answered["id"] == 8


async def test_cancelling_tells_the_upstream_and_leaves_the_stream_open(rig: Rig) -> None:
    ticket = rig.clients.send(ask(UPSTREAM), RecordingSink())
    rig.open()
    call = rig.last
    ticket.cancel()
    assert rig.last.message["params"]["requestId"] == call.message["id"]
    assert not rig.stream.cancelled
    rig.answer(call, RESULT)


async def test_notifications_for_a_slow_reader_are_dropped_and_its_answer_is_not(
    rig: Rig,
) -> None:
    sink = RecordingSink()
    ticket = rig.clients.send(ask(UPSTREAM, LEGACY), sink)
    rig.open()
    call = rig.last
    for number, slow in enumerate([False, True, False]):
        (ticket.pause if slow else ticket.resume)()
        params = {"level": "info", "data": number}
        rig.stream.events({"jsonrpc": "2.0", "method": "notifications/message", "params": params})
    ticket.pause()
    rig.answer(call, RESULT)
    assert [message["params"]["data"] for message in sink.messages] == [0, 2]
    assert sink.answered["result"] == RESULT


async def test_the_end_of_the_clients_session_closes_the_stream(rig: Rig) -> None:
    rig.send()
    rig.open()
    rig.answer(rig.last, RESULT)
    rig.clients.end_session(LEGACY.session)
    assert rig.stream.cancelled


async def test_an_upstream_that_never_names_its_endpoint_is_given_up(rig: Rig) -> None:
    sink = RecordingSink()
    quick = upstream("legacy", "http://up:9000/sse", transport="SSE", timeout_ms=10)
    rig.clients.send(ask(quick, LEGACY), sink)
    rig.stream.start(200, "text/event-stream")
    await sink.wait()
    assert sink.error is not None
    assert "did not open a session within 0.01 s" in sink.error.message


async def test_a_list_that_changes_between_calls_is_announced(rig: Rig) -> None:
    sink = rig.send()
    rig.open()
    rig.answer(rig.last, RESULT)
    rig.stream.events({"jsonrpc": "2.0", "method": "notifications/prompts/list_changed"})
    assert (rig.announced, sink.messages) == (["u1"], [])


@pytest.mark.parametrize("url", ["", "http://other:9000/sse"])
async def test_the_stream_of_an_upstream_that_is_gone_or_moved_is_closed_after_its_calls(
    rig: Rig, url: str
) -> None:
    sink = rig.send()
    rig.open()
    call = rig.last
    moved = [msgspec.structs.replace(UPSTREAM, url=url)] if url else []
    rig.clients.changed(build("a-registry", 2, moved), frozenset({Key("upstream", "u1")}))
    assert rig.http.closed_origins == [Origin("http", "up", 9000)]
    before = rig.stream.cancelled
    rig.answer(call, RESULT)
    assert sink.answered["result"] == RESULT
    assert (before, rig.stream.cancelled) == (False, True)
    assert rig.clients.sessions_open == 0


async def test_other_changes_leave_streams_open(rig: Rig) -> None:
    rig.send()
    rig.open()
    rig.answer(rig.last, RESULT)
    same = build("a-registry", 2, [msgspec.structs.replace(UPSTREAM, timeout_ms=5)])
    rig.clients.changed(same, frozenset({Key("upstream", "u1"), Key("tool", "u1")}))
    rig.clients.changed(same, None)
    assert (rig.http.closed_origins, rig.clients.sessions_open) == ([], 1)
