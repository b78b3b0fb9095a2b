"""The sink of exchanges in one piece: one answer or one error, however it comes."""

from mcpgateway.common.errors import GatewayError, UpstreamTimeout
from mcpgateway.data_plane.pipeline.sinks.whole_sink import WholeSink
from mcpgateway.data_plane.upstreams.message_reader import MAX_MESSAGE
from support.exchange import RecordingExchange
from support.upstreams import RecordedTicket

JSON = [(b"content-type", b"application/json")]


class Setup:
    def __init__(self) -> None:
        self.exchange = RecordingExchange()
        self.answers: list[bytes] = []
        self.errors: list[GatewayError] = []
        self.done = 0
        self.sink = WholeSink(self.exchange, self.answers.append, self.errors.append, self._on_done)
        self.ticket = RecordedTicket()

    def _on_done(self) -> None:
        self.done += 1

    def bind(self) -> "Setup":
        self.sink.bind(self.ticket)
        return self


def test_an_answer_is_handed_on_and_notifications_are_not() -> None:
    it = Setup().bind()
    it.sink.message(b"{}")
    it.sink.answer(b"answer")
    assert (it.answers, it.errors, it.done) == ([b"answer"], [], 1)


def test_a_relayed_body_is_collected() -> None:
    it = Setup().bind()
    it.sink.relay_head(200, JSON)
    it.sink.relay_chunk(b"an")
    it.sink.relay_chunk(b"swer")
    assert it.answers == []
    it.sink.relay_end()
    assert it.answers == [b"answer"]


def test_a_relayed_body_that_breaks_off_is_an_error_alone() -> None:
    it = Setup().bind()
    it.sink.relay_head(200, JSON)
    it.sink.relay_chunk(b"an")
    it.sink.failed(UpstreamTimeout("silence"))
    assert it.answers == []
    assert [error.message for error in it.errors] == ["silence"]


def test_a_body_over_the_limit_is_cancelled_and_fails_once() -> None:
    it = Setup().bind()
    it.sink.relay_head(200, JSON)
    for _ in range(3):
        it.sink.relay_chunk(bytes(MAX_MESSAGE // 2 + 1))
    it.sink.relay_end()
    assert (it.answers, it.ticket.asked) == ([], ["cancel"])
    assert [str(MAX_MESSAGE) in error.message for error in it.errors] == [True]


def test_a_caller_that_leaves_cancels_the_call() -> None:
    it = Setup().bind()
    it.exchange.leave()
    it.sink.answer(b"late")
    assert (it.ticket.asked, it.answers, it.done) == (["cancel"], [], 1)


def test_an_answer_that_came_before_the_ticket_leaves_nothing_to_cancel() -> None:
    it = Setup()
    it.sink.answer(b"answer")
    it.bind().exchange.leave()
    assert (it.answers, it.ticket.asked) == ([b"answer"], [])


def test_a_cancelled_call_fails_once_and_its_upstream_is_told() -> None:
    it = Setup().bind()
    it.sink.cancel("by the client")
    it.sink.cancel("again")
    it.sink.answer(b"late")
    assert ([error.message for error in it.errors], it.answers) == (["by the client"], [])
    assert (it.ticket.asked, it.done) == (["cancel"], 1)
