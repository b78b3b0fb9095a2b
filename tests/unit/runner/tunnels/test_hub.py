"""Who gets the seat of a gateway, keeps it, and loses it."""

import itertools

import pytest

from mcpgateway.common.runtime.http.websocket import GOING_AWAY, NORMAL, POLICY
from mcpgateway.common.tunnel import greeting
from mcpgateway.common.tunnel.greeting import BUSY, Hello, Welcome
from mcpgateway.runner.tunnels import hub as hubs
from mcpgateway.runner.tunnels.hub import Hub, Listener
from support.exchange import RecordingExchange, RecordingSocket
from support.tunnel_ends import request
from support.wait import until

RUN, OTHER = "a" * 32, "b" * 32


def made(grace: float = 60.0) -> Hub:
    numbers = itertools.count(1)
    return Hub(lambda size: next(numbers).to_bytes(size, "big"), grace)


def connect(hub: Hub, hello: Hello, upstream: str = "u1") -> tuple[RecordingSocket, Listener]:
    listener = hub.listen(upstream)
    socket = RecordingSocket(listener)
    listener.opened(socket)
    listener.message(greeting.write(hello))
    return socket, listener


def welcome(socket: RecordingSocket) -> Welcome:
    return greeting.read_welcome(socket.sent[0])


def ask(hub: Hub, upstream: str = "u1") -> tuple[RecordingExchange, list[str]]:
    exchange, why = RecordingExchange(), list[str]()
    hub.ask(upstream, exchange, request(exchange), why.append)
    return exchange, why


async def test_without_a_tunnel_nothing_is_asked() -> None:
    _, why = ask(made())
    assert why == ["nobody serves this gateway: its tunnel is not open"]


async def test_who_greets_gets_the_seat_and_is_asked() -> None:
    hub = made()
    socket, _ = connect(hub, Hello(RUN))
    assert hub.connected == 1
    _, why = ask(hub)
    assert len(socket.sent) == 2  # the welcome, and the question
    assert not why
    hub.close()


async def test_a_lost_connection_is_resumed_with_what_was_not_received() -> None:
    hub = made()
    first, listener = connect(hub, Hello(RUN))
    ask(hub)
    listener.closed()
    assert hub.connected == 0

    again, _ = connect(hub, Hello(RUN, welcome(first).link, 0))
    assert welcome(again).link == welcome(first).link
    assert again.sent[1] == first.sent[1]
    hub.close()


async def test_a_connection_that_comes_back_ends_the_one_before() -> None:
    hub = made()
    first, _ = connect(hub, Hello(RUN))
    connect(hub, Hello(RUN, welcome(first).link, 0))
    assert first.code == NORMAL
    assert hub.connected == 1
    hub.close()


async def test_another_run_waits_while_the_first_is_connected() -> None:
    hub = made()
    first, listener = connect(hub, Hello(RUN))
    second, _ = connect(hub, Hello(OTHER))
    assert (first.code, second.code) == (0, BUSY)

    listener.closed()
    third, _ = connect(hub, Hello(OTHER))
    assert third.code == 0
    assert welcome(third).link != welcome(first).link
    hub.close()


@pytest.mark.parametrize("hello", [Hello(RUN), Hello(RUN, "c" * 32, 5)])
async def test_a_run_that_knows_no_link_or_another_begins_anew(hello: Hello) -> None:
    hub = made()
    first, listener = connect(hub, Hello(RUN))
    exchange, why = ask(hub)
    listener.closed()
    again, _ = connect(hub, hello)

    assert welcome(again).link != welcome(first).link
    assert why == ["the tunnel of this gateway is gone"]
    assert not exchange.started
    hub.close()


async def test_a_run_that_claims_what_was_never_sent_begins_anew() -> None:
    hub = made()
    first, listener = connect(hub, Hello(RUN))
    listener.closed()
    again, _ = connect(hub, Hello(RUN, welcome(first).link, 99))
    assert welcome(again).link != welcome(first).link
    hub.close()


async def test_a_seat_ends_when_nobody_comes_back() -> None:
    hub = made(grace=0.02)
    _, listener = connect(hub, Hello(RUN))
    _, why = ask(hub)
    listener.closed()
    await until(lambda: bool(why), "what waited is given up")
    assert ask(hub)[1]


async def test_who_says_good_bye_is_not_waited_for() -> None:
    hub = made()
    socket, listener = connect(hub, Hello(RUN))
    _, why = ask(hub)
    socket.said = (NORMAL, "the tunnel is closed")
    listener.closed()
    assert why == ["the tunnel of this gateway is gone"]


@pytest.mark.parametrize("message", [b"", b"{}", b'{"type":"hello","run":"x"}'])
async def test_who_does_not_greet_gets_nothing(message: bytes) -> None:
    hub = made()
    listener = hub.listen("u1")
    socket = RecordingSocket(listener)
    listener.opened(socket)
    listener.message(message)
    assert socket.code == POLICY
    assert hub.connected == 0


async def test_a_frame_that_is_none_ends_the_connection_and_not_the_seat() -> None:
    hub = made()
    socket, listener = connect(hub, Hello(RUN))
    listener.message(b"no frame")
    assert socket.code == POLICY

    again, _ = connect(hub, Hello(RUN, welcome(socket).link, 0))
    assert welcome(again).link == welcome(socket).link
    hub.close()


async def test_more_tunnels_than_fit_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "MOST", 1)
    hub = made()
    connect(hub, Hello(RUN))
    socket, _ = connect(hub, Hello(OTHER), "u2")
    assert socket.code == BUSY
    hub.close()


async def test_a_runner_that_stops_sends_everybody_away() -> None:
    hub = made()
    socket, _ = connect(hub, Hello(RUN))
    _, why = ask(hub)
    hub.close()
    assert socket.code == GOING_AWAY
    assert why
