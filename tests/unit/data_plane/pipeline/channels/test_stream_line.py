"""Lines to clients that stay connected: what a slow one does, and one that is gone."""

import pytest

from mcpgateway.common import sse
from mcpgateway.data_plane.pipeline.channels import stream_line
from mcpgateway.data_plane.pipeline.channels.stream_line import SocketLine, SseLine
from support.exchange import RecordingExchange, RecordingSocket
from support.websockets import Ear


def opened() -> tuple[RecordingExchange, SseLine]:
    exchange = RecordingExchange("GET", "/sse")
    return exchange, SseLine(exchange, "/message?session_id=1")


def events(exchange: RecordingExchange) -> list[bytes]:
    return [event.data for event in sse.Parser().feed(exchange.answer)]


def test_each_message_is_an_event_behind_the_one_that_says_where_to_post() -> None:
    exchange, line = opened()
    line.tell(b"{}")
    line.answer(b"[]")
    assert events(exchange) == [b"/message?session_id=1", b"{}", b"[]"]


def test_who_writes_is_told_of_a_slow_reader_until_it_does_not_care_any_more() -> None:
    exchange, line = opened()
    told: list[bool] = []
    others: list[bool] = []
    end = line.on_writable(told.append)
    line.on_writable(others.append)
    exchange.clog()
    end()
    exchange.unclog()
    assert (told, others) == ([False], [False, True])


def test_a_silent_stream_beats_but_not_for_who_does_not_read() -> None:
    exchange, line = opened()
    exchange.clog()
    line.beat()
    assert b"keep-alive" not in exchange.answer
    exchange.unclog()
    line.beat()
    assert exchange.answer.endswith(b": keep-alive\n\n")


def test_a_reader_that_is_too_slow_for_too_much_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_line, "UNSENT", 100)
    exchange, line = opened()
    for _ in range(10):
        line.answer(b"x" * 60)  # as much as it likes for one that reads
    exchange.clog()
    line.answer(b"x" * 60)
    exchange.unclog()  # it has caught up
    exchange.clog()
    line.answer(b"x" * 60)
    assert not exchange.aborted
    line.answer(b"x" * 60)
    assert exchange.aborted


@pytest.mark.parametrize("leave", ["close", "lost"])
def test_nothing_is_written_for_a_client_that_is_gone(leave: str) -> None:
    exchange, line = opened()
    getattr(line, leave)()
    before = exchange.answer
    line.tell(b"{}")
    line.beat()
    line.close()
    assert exchange.answer == before
    assert not line.writable


def test_a_socket_line_carries_messages_as_they_are_while_it_is_open() -> None:
    line = SocketLine()
    line.tell(b"too early")
    socket = RecordingSocket(Ear())
    line.open(socket)
    told: list[bool] = []
    line.on_writable(told.append)
    line.tell(b"{}")
    line.answer(b"[]")
    socket.told(False)  # type: ignore[misc]
    line.lost()
    line.tell(b"too late")
    assert (socket.sent, told, line.writable) == ([b"{}", b"[]"], [False], False)
