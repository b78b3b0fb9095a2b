"""Exchanges through a tunnel: whole, whatever breaks in between."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.tunnel.end import EXCHANGES
from mcpgateway.common.tunnel.link import Estranged
from support.exchange import RecordingExchange
from support.tunnel_ends import Joint


class Answers:
    """Keeps exchanges for the test to answer."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def __call__(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)


def echo(exchange: Exchange) -> None:
    exchange.respond(200, [(b"x-path", exchange.path.encode())], exchange.body)


def never() -> None:
    raise AssertionError("it was taken")


async def test_an_exchange_is_answered_by_the_other_end() -> None:
    joint = Joint(echo)
    exchange = RecordingExchange(body=b"hello")
    joint.ask(exchange, never)
    await joint.run()

    assert (exchange.status, exchange.answer) == (200, b"hello")
    assert exchange.sent_headers[b"x-path"] == b"/mcp"
    assert joint.asker.under_way == joint.answerer.under_way == 0


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 700_000), min_size=1, max_size=4),
    st.lists(st.integers(0, 6), max_size=12),
)
def test_bodies_arrive_whole_whenever_the_connection_breaks(
    sizes: list[int], breaks: list[int]
) -> None:
    async def play() -> None:
        joint = Joint(echo)
        bodies = [bytes([65 + n]) * size for n, size in enumerate(sizes)]
        exchanges = [RecordingExchange(body=body) for body in bodies]
        for exchange in exchanges:
            joint.ask(exchange, never)
        for delivered in breaks:
            joint.deliver(delivered)
            joint.cut()
            joint.connect()
        await joint.run()
        assert [exchange.answer for exchange in exchanges] == bodies
        assert joint.asker.link.waiting == joint.answerer.link.waiting == 0

    asyncio.run(play())


async def test_what_is_asked_without_a_connection_waits_for_one() -> None:
    joint = Joint(echo)
    joint.cut()
    exchange = RecordingExchange(body=b"later")
    joint.ask(exchange, never)
    await joint.run()
    assert not exchange.started

    joint.connect()
    await joint.run()
    assert exchange.answer == b"later"


async def test_a_caller_who_leaves_is_told_to_the_other_end() -> None:
    answers = Answers()
    joint = Joint(answers)
    exchange = RecordingExchange()
    joint.ask(exchange, never)
    await joint.run()
    exchange.leave()
    await joint.run()

    assert answers.exchanges[0].gone
    assert joint.answerer.under_way == 0


async def test_the_end_of_the_link_breaks_off_what_is_under_way() -> None:
    answers, gone = Answers(), []
    joint = Joint(answers)
    taken, waiting = RecordingExchange(), RecordingExchange()
    joint.ask(taken, never)
    await joint.run()
    joint.cut()
    joint.ask(waiting, lambda: gone.append(waiting))
    joint.asker.end()
    joint.answerer.end()

    assert taken.aborted
    assert gone == [waiting]
    assert answers.exchanges[0].gone
    assert joint.asker.under_way == joint.answerer.under_way == 0


async def test_more_exchanges_than_fit_are_refused_by_who_would_answer() -> None:
    answers, gone = Answers(), []
    joint = Joint(answers)
    for n in range(EXCHANGES + 1):
        joint.ask(RecordingExchange(), lambda n=n: gone.append(n))  # type: ignore[misc]
    assert joint.asker.full
    await joint.run()

    assert gone == [EXCHANGES]
    assert len(answers.exchanges) == EXCHANGES
    joint.asker.end()


async def test_a_socket_that_takes_nothing_is_not_written_to() -> None:
    joint = Joint(echo)
    wire = joint.wires[0]
    wire.writable = False
    exchange = RecordingExchange(body=b"x")
    joint.ask(exchange, never)
    assert not wire.out

    wire.writable = True
    assert wire.told is not None
    wire.told(True)
    await joint.run()
    assert exchange.answer == b"x"


async def test_who_speaks_otherwise_is_not_the_other_end() -> None:
    joint = Joint(echo)
    joint.asker.link.send(b"\xc1 no msgpack")
    message = joint.asker.link.next_out()
    assert message is not None

    with pytest.raises(Estranged, match="speaks otherwise"):
        joint.answerer.take(message)


@pytest.mark.parametrize("start", [True, False])
async def test_no_answer_reaches_beyond_its_own_exchange(start: bool) -> None:
    """The connection on which it is sent on has others' answers next."""

    def lie(exchange: Exchange) -> None:
        lines = [(b"content-length", b"1000")]
        if start:
            exchange.start(100, lines)
            exchange.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        else:
            exchange.respond(200, [(b"content-length", b"2")], b"{}HTTP/1.1 200 OK\r\n\r\n")

    joint = Joint(lie)
    exchange = RecordingExchange()
    joint.ask(exchange, never)
    await joint.run()
    if start:
        assert exchange.aborted
        assert not exchange.written
    else:
        assert b"content-length" not in exchange.sent_headers
