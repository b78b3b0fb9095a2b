"""An answer whose stream broke off, taken up again by GET, message by message."""

from typing import Any

import pytest

from mcpgateway.common import sse
from mcpgateway.common.errors import UpstreamRejected, UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.mcp.revisions import V2025_11_25
from mcpgateway.data_plane.upstreams import resumption
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from support.http_client import FakeHttp, Sent
from support.sinks import LEGACY, MODERN, RecordingSink, ask, upstream
from support.wait import until

BROKEN = UpstreamRejected("the connection was lost", outcome_unknown=True)
RESULT: dict[str, Any] = {"content": []}


def event(id: str = "", retry: int | None = None, data: bytes = b"") -> bytes:
    head = b"" if retry is None else b"retry: %d\n" % retry
    return head + sse.encode(data, None, id or None)


class Rig:
    """A call whose event stream has begun."""

    def __init__(self, client: Any = LEGACY, timeout_ms: int = 5000) -> None:
        self.http = FakeHttp()
        self.clients = UpstreamClients(self.http)
        self.sink = RecordingSink()
        record = upstream("legacy", timeout_ms=timeout_ms)
        self.ticket = self.clients.send(ask(record, client), self.sink)
        session = (b"mcp-session-id", b"up-1")
        self.http.sent[0].result({"protocolVersion": V2025_11_25}, session)
        self.http.sent[1].respond(202, "")
        self.call = self.http.sent[2]
        self.id = self.call.message["id"]
        self.call.start(200, "text/event-stream")
        self.http.sent.clear()

    async def resumed(self, count: int = 1) -> Sent:
        """The GET that takes the stream up, the `count`th."""
        await until(lambda: len(self.http.sent) == count, "the stream is taken up")
        return self.http.sent[-1]

    def answer(self, stream: Sent) -> None:
        stream.events({"jsonrpc": "2.0", "id": self.id, "result": RESULT})


@pytest.mark.parametrize("client", [LEGACY, MODERN])
@pytest.mark.parametrize("breaks", ["closed", "lost"])
async def test_it_goes_on_after_the_last_event_as_if_nothing_was(client: Any, breaks: str) -> None:
    rig = Rig(client)
    rig.call.receiver.chunk(event("e-1", retry=0))
    if breaks == "closed":
        rig.call.end()
    else:
        rig.call.fail(BROKEN)
    get = await rig.resumed()
    assert get.request_line == "GET /mcp HTTP/1.1"
    assert get.headers["last-event-id"] == "e-1"
    assert get.headers["mcp-session-id"] == "up-1"
    assert get.headers["accept"] == "text/event-stream"
    get.start(200, "text/event-stream")
    rig.answer(get)
    assert rig.sink.calls == ["answer"]


async def test_a_server_that_wants_to_be_polled_is_polled_as_often_as_it_says() -> None:
    rig = Rig()
    rig.call.receiver.chunk(event("e-0", retry=0))
    rig.call.end()
    for poll in range(1, 2 * resumption.ATTEMPTS):
        get = await rig.resumed(poll)
        assert get.headers["last-event-id"] == f"e-{poll - 1}"
        get.start(200, "text/event-stream")
        get.receiver.chunk(event(f"e-{poll}", retry=0))
        get.end()
    get = await rig.resumed(2 * resumption.ATTEMPTS)
    get.start(200, "text/event-stream")
    rig.answer(get)
    assert rig.sink.answered["result"] == RESULT


async def test_the_upstreams_pause_is_kept() -> None:
    rig, sooner = Rig(), Rig()
    for each, retry in ((rig, 60_000), (sooner, 20)):
        each.call.receiver.chunk(event("e-1", retry=retry))
        each.call.end()
    await sooner.resumed()
    assert rig.http.sent == []
    rig.ticket.cancel()


async def test_a_stream_without_event_ids_can_not_be_taken_up() -> None:
    rig = Rig()
    rig.call.fail(BROKEN)
    assert isinstance(rig.sink.error, UpstreamRejected)
    assert rig.sink.error.outcome_unknown
    assert rig.http.sent == []


async def test_attempts_that_bring_nothing_are_bounded_and_the_outcome_is_unknown() -> None:
    rig = Rig()
    rig.call.receiver.chunk(event("e-1", retry=0))
    rig.call.fail(BROKEN)
    for attempt in range(1, resumption.ATTEMPTS + 1):
        get = await rig.resumed(attempt)
        get.fail(UpstreamUnreachable("connection refused"))
    assert isinstance(rig.sink.error, UpstreamRejected)
    assert rig.sink.error.outcome_unknown
    assert "5 attempts to resume it failed" in rig.sink.error.message
    assert "connection refused" in rig.sink.error.message


async def test_an_upstream_that_does_not_take_it_up_is_an_unknown_outcome() -> None:
    rig = Rig()
    rig.call.receiver.chunk(event("e-1", retry=0))
    rig.call.end()
    (await rig.resumed()).respond(405, "text/plain")
    assert isinstance(rig.sink.error, UpstreamRejected)
    assert rig.sink.error.outcome_unknown
    assert "405 Method Not Allowed" in rig.sink.error.message


async def test_a_resumed_stream_may_not_be_silent_for_ever() -> None:
    rig = Rig(timeout_ms=50)
    rig.call.receiver.chunk(event("e-1", retry=0))
    rig.call.end()
    (await rig.resumed()).start(200, "text/event-stream")
    await rig.sink.wait()
    assert isinstance(rig.sink.error, UpstreamTimeout)


@pytest.mark.parametrize("when", ["waiting", "reading"])
async def test_a_cancelled_call_is_not_taken_up(when: str) -> None:
    rig, later = Rig(), Rig()
    for each, retry in ((rig, 0 if when == "reading" else 20), (later, 20)):
        each.call.receiver.chunk(event("e-1", retry=retry))
        each.call.end()
    if when == "reading":
        get = await rig.resumed()
        rig.ticket.cancel()
        assert get.cancelled
    else:
        rig.ticket.cancel()
        await later.resumed()
    told = [sent.message["method"] for sent in rig.http.sent if sent.body]
    assert told == ["notifications/cancelled"]
    assert rig.sink.calls == []


async def test_a_slow_reader_slows_the_resumed_stream_too() -> None:
    rig = Rig()
    rig.call.receiver.chunk(event("e-1", retry=0))
    rig.call.end()
    rig.ticket.pause()
    get = await rig.resumed()
    assert get.paused
    rig.ticket.resume()
    assert not get.paused
