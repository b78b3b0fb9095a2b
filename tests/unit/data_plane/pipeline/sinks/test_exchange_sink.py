"""The sink: one upstream answer becomes one HTTP response, whatever comes in between."""

import msgspec
import pytest

from mcpgateway.common import sse
from mcpgateway.common.errors import UpstreamRejected, UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.data_plane.pipeline.sinks.exchange_sink import ExchangeSink
from support.exchange import RecordingExchange
from support.upstreams import RecordedTicket

ANSWER = b'{"jsonrpc":"2.0","id":1,"result":{}}'
PROGRESS = b'{"jsonrpc":"2.0","method":"notifications/progress"}'
STREAM = [(b"content-type", b"Text/Event-Stream; charset=utf-8")]


class Setup:
    def __init__(self, era: Era = "modern") -> None:
        self.exchange = RecordingExchange()
        self.done = 0
        self.sink = ExchangeSink(self.exchange, 1, era, self._on_done)
        self.ticket = RecordedTicket()
        self.sink.bind(self.ticket)

    def _on_done(self) -> None:
        self.done += 1

    def events(self) -> list[bytes]:
        return [event.data for event in sse.Parser().feed(self.exchange.answer)]


def test_an_answer_alone_is_one_json_response() -> None:
    it = Setup()
    it.sink.answer(ANSWER)
    assert it.exchange.status == 200
    assert it.exchange.sent_headers == {b"content-type": b"application/json"}
    assert (it.exchange.answer, it.exchange.ended, it.done) == (ANSWER, True, 1)


@pytest.mark.parametrize(("era", "status"), [("modern", 404), ("legacy", 200)])
def test_the_status_of_an_error_answer_is_for_modern_clients(era: Era, status: int) -> None:
    it = Setup(era)
    it.sink.answer(ANSWER, status=404)
    assert it.exchange.status == status


def test_a_notification_before_the_answer_makes_it_an_event_stream() -> None:
    it = Setup()
    it.sink.message(PROGRESS)
    assert it.exchange.sent_headers[b"content-type"] == b"text/event-stream"
    assert it.events() == [PROGRESS]
    it.sink.answer(ANSWER)
    assert it.events() == [PROGRESS, ANSWER]
    assert it.exchange.ended


def test_a_relayed_response_is_passed_on_untouched() -> None:
    it = Setup()
    it.sink.relay_head(200, STREAM)
    it.sink.relay_chunk(b"data: {}\n")
    it.sink.relay_chunk(b"\n")
    it.sink.relay_end()
    assert it.exchange.sent_headers == dict(STREAM)
    assert it.exchange.written == [b"data: {}\n", b"\n"]
    assert it.done == 1


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UpstreamUnreachable("no way"), 502, -31002),
        (UpstreamTimeout("too slow"), 504, -31003),
        (UpstreamRejected("closed", outcome_unknown=True), 502, -31001),
    ],
)
def test_a_failure_before_any_answer_is_an_error_answer(
    error: UpstreamUnreachable, status: int, code: int
) -> None:
    modern, legacy = Setup(), Setup("legacy")
    for it in (modern, legacy):
        it.sink.failed(error)
        body = msgspec.json.decode(it.exchange.answer)
        assert (body["id"], body["error"]["code"]) == (1, code)
    assert (modern.exchange.status, legacy.exchange.status) == (status, 200)


def test_a_stream_that_breaks_between_events_ends_with_an_error_event() -> None:
    it = Setup()
    it.sink.relay_head(200, STREAM)
    it.sink.relay_chunk(b"data: 1\n\n")
    it.sink.failed(UpstreamTimeout("silence"))
    assert b"silence" in it.events()[1]
    assert it.exchange.ended


def test_a_response_that_breaks_in_the_middle_is_cut_off() -> None:
    for head, chunk in ((STREAM, b"data: 1"), ([(b"content-type", b"application/json")], b"{")):
        it = Setup()
        it.sink.relay_head(200, head)
        it.sink.relay_chunk(chunk)
        it.sink.failed(UpstreamTimeout("silence"))
        assert it.exchange.aborted
        assert not it.exchange.ended


def test_a_slow_reader_pauses_the_upstream_until_it_reads_again() -> None:
    it = Setup()
    it.sink.relay_head(200, STREAM)
    it.exchange.clog()
    it.exchange.unclog()
    assert it.ticket.asked == ["pause", "resume"]


def test_a_reader_that_is_slow_already_pauses_the_upstream_at_the_start() -> None:
    it = Setup()
    it.exchange.clog()
    it.sink.message(PROGRESS)
    assert it.ticket.asked == ["pause"]


def test_a_modern_client_that_leaves_cancels_the_call() -> None:
    it = Setup()
    it.exchange.leave()
    assert (it.ticket.asked, it.done) == (["cancel"], 1)


def test_a_legacy_client_that_leaves_does_not_and_no_longer_holds_the_upstream_back() -> None:
    it = Setup("legacy")
    it.sink.message(PROGRESS)
    it.exchange.clog()
    it.exchange.leave()
    it.sink.message(PROGRESS)
    it.sink.answer(ANSWER)
    assert it.ticket.asked == ["pause", "resume"]
    assert it.events() == [PROGRESS]
    assert it.done == 1


def test_an_answer_that_came_before_the_ticket_leaves_nothing_behind() -> None:
    exchange = RecordingExchange()
    sink = ExchangeSink(exchange, 1, "modern")
    sink.answer(ANSWER)
    ticket = RecordedTicket()
    sink.bind(ticket)
    exchange.leave()
    assert ticket.asked == []


def test_cancelling_by_message_answers_once() -> None:
    it = Setup("legacy")
    it.sink.cancel("cancelled by the client")
    it.sink.cancel("cancelled by the client")
    assert it.ticket.asked == ["cancel"]
    assert it.done == 1
    assert b"cancelled by the client" in it.exchange.answer
