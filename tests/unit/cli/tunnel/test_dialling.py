"""Dialling out: how long to wait, when to give up, what survives a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.tunnel.dialling import LONGEST, SHORTEST, Dialling, pause
from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.runtime.http.upgrade import Answered
from mcpgateway.common.runtime.http.websocket import NORMAL, WebSocket, WebSocketListener
from mcpgateway.common.runtime.http.websocket_client import NoWebSocket
from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.tunnel import greeting
from mcpgateway.common.tunnel.greeting import Welcome
from support.exchange import RecordingSocket
from support.http import ScriptedApp
from support.wait import until

RUN, LINK = "a" * 32, "b" * 32


class Gateway:
    """Opens recorded sockets, or raises what the test says."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sockets: list[RecordingSocket] = []

    async def open(self, listener: WebSocketListener) -> WebSocket:
        if self.errors:
            raise self.errors.pop(0)
        self.sockets.append(RecordingSocket(listener))
        return self.sockets[-1]

    def welcome(self, link: str = LINK, received: int = 0) -> RecordingSocket:
        socket = self.sockets[-1]
        socket.listener.message(greeting.write(Welcome(link, received)))
        return socket


@asynccontextmanager
async def dialling(gateway: Gateway) -> AsyncIterator["asyncio.Task[None]"]:
    keeper = Dialling(gateway.open, ScriptedApp(), RUN, lambda: 0.0)
    task = asyncio.create_task(keeper.keep())
    try:
        yield task
    finally:
        await end(task)


def refusal(status: int) -> NoWebSocket:
    return NoWebSocket("no", Answered(status, [], b"not you"))


@given(st.integers(0, 1000), st.floats(0, 0.999))
def test_pauses_grow_up_to_a_bound_and_differ(failures: int, random: float) -> None:
    assert SHORTEST / 2 <= pause(failures, random) <= LONGEST
    assert pause(failures, random) <= pause(failures + 1, random)
    assert pause(failures, 0.9) > pause(failures, 0.1)


async def test_it_says_which_run_and_which_link_it_is() -> None:
    gateway = Gateway()
    async with dialling(gateway):
        await until(lambda: bool(gateway.sockets), "it dials")
        first = gateway.welcome()
        assert greeting.read_hello(first.sent[0]) == greeting.Hello(RUN)
        first.listener.closed()
        await until(lambda: len(gateway.sockets) == 2, "it dials again")
        again = greeting.read_hello(gateway.sockets[1].sent[0])
        assert (again.run, again.link) == (RUN, LINK)
    assert gateway.sockets[1].code == NORMAL  # it says good-bye


@pytest.mark.parametrize("status", [401, 403, 404, 501])
async def test_who_is_not_let_in_at_first_gives_up_and_says_why(status: int) -> None:
    async with dialling(Gateway(refusal(status))) as task:
        with pytest.raises(CommandError, match=f"{status}: not you"):
            await asyncio.wait_for(task, 10)


async def test_what_may_pass_is_tried_again() -> None:
    gateway = Gateway(UpstreamUnreachable("nobody there"), refusal(503))
    async with dialling(gateway):
        await until(lambda: bool(gateway.sockets), "it dials until it is let in")


async def test_who_was_in_before_is_patient_when_refused() -> None:
    gateway = Gateway()
    async with dialling(gateway) as task:
        await until(lambda: bool(gateway.sockets), "it dials")
        socket = gateway.welcome()
        gateway.errors.append(refusal(401))
        socket.listener.closed()
        await until(lambda: len(gateway.sockets) == 2, "it dials again")
        assert not task.done()


async def test_a_gateway_that_does_not_keep_to_the_protocol_is_left_and_dialled_again() -> None:
    gateway = Gateway()
    async with dialling(gateway):
        await until(lambda: bool(gateway.sockets), "it dials")
        gateway.sockets[0].listener.message(b"no greeting")
        assert gateway.sockets[0].code != 0
        await until(lambda: len(gateway.sockets) == 2, "it dials again")


async def test_a_gateway_that_claims_what_was_never_sent_gets_another_link() -> None:
    gateway = Gateway()
    async with dialling(gateway):
        await until(lambda: bool(gateway.sockets), "it dials")
        gateway.welcome().listener.closed()
        await until(lambda: len(gateway.sockets) == 2, "it dials again")
        gateway.welcome(received=99)
        await until(lambda: len(gateway.sockets) == 3, "it dials once more")
        assert greeting.read_hello(gateway.sockets[2].sent[0]).link == ""
