"""Shortcuts: a request that repeats its head may be taken without an exchange, and nobody at the
other end of the connection can tell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from typing_extensions import override

from mcpgateway.common.runtime.http import wire
from mcpgateway.common.runtime.http.exchange import Exchange, Turn
from mcpgateway.common.runtime.http.server import Listener
from support.http import DEADLINE, RawClient, ScriptedApp, raw_client, serving
from support.wait import until

JSON = (b"content-type", wire.JSON)
HEAD = wire.whole_head(200, (JSON,)).head


def post(body: bytes, lines: bytes = b"") -> bytes:
    head = b"POST /a?b HTTP/1.1\r\nHost: a\r\n%bContent-Length: %d\r\n\r\n" % (lines, len(body))
    return head + body


def echo(exchange: Exchange) -> None:
    exchange.respond(200, [JSON], exchange.body)


class Taking:
    """A shortcut that takes all but the bodies `leave` and `fail`."""

    def __init__(self, *, answers: bool = True) -> None:
        self.turns: list[Turn] = []
        self.bodies: list[bytes] = []
        self.gone = 0
        self._answers = answers

    def take(self, body: bytes, turn: Turn) -> "Taking | None":
        if body == b"leave":
            return None
        if body == b"fail":
            raise ValueError("a bug")
        self.bodies.append(body)
        self.turns.append(turn)
        if self._answers:
            turn.answer(HEAD, body)
        return self

    def left(self) -> None:
        self.gone += 1


class App(ScriptedApp):
    """Gives its shortcut to each head."""

    def __init__(self, shortcut: Taking) -> None:
        super().__init__(echo)
        self._shortcut = shortcut

    @override
    def handle(self, exchange: Exchange) -> None:
        exchange.repeat_by(self._shortcut)
        super().handle(exchange)


class Rig:
    def __init__(self, client: RawClient, listener: Listener, app: App, shortcut: Taking) -> None:
        self.client = client
        self.listener = listener
        self.app = app
        self.shortcut = shortcut

    async def ask(self, request: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        self.client.send(request)
        response = await self.client.response()
        return response.status, response.headers, response.body


@asynccontextmanager
async def rig(*, answers: bool = True) -> AsyncIterator[Rig]:
    """Its connection has had one request with the head of `post`."""
    shortcut = Taking(answers=answers)
    app = App(shortcut)
    async with serving(app) as listener, raw_client(listener.port) as client:
        found = Rig(client, listener, app, shortcut)
        await found.ask(post(b"first"))
        yield found


async def taken(found: Rig) -> None:
    await until(lambda: found.shortcut.bodies == [b"one"], "the shortcut takes the request")


async def test_a_repeated_head_goes_to_the_shortcut_and_is_answered_alike() -> None:
    async with rig() as found:
        status, headers, body = await found.ask(post(b"second"))
        async with raw_client(found.listener.port) as other:
            other.send(post(b"second"))
            long_way = await other.response()
        assert (status, body) == (long_way.status, long_way.body) == (200, b"second")
        assert [name for name, _ in headers] == [name for name, _ in long_way.headers]
        assert found.shortcut.bodies == [b"second"]
        assert len(found.app.handled) == 2  # the first on each connection


async def test_another_head_is_no_business_of_the_shortcut() -> None:
    async with rig() as found:
        assert (await found.ask(post(b"x", b"X-A: 1\r\n")))[0] == 200
        assert found.shortcut.bodies == []


async def test_what_the_shortcut_leaves_is_served_as_any_other_request() -> None:
    async with rig() as found:
        for body in (b"leave", b"leave", b"taken", b"leave"):
            assert (await found.ask(post(body)))[2] == body
        assert found.shortcut.bodies == [b"taken"]
        assert [exchange.body for exchange in found.app.handled[1:]] == [b"leave"] * 3


async def test_a_shortcut_that_fails_is_answered_500_and_the_connection_goes_on() -> None:
    async with rig() as found:
        assert (await found.ask(post(b"fail")))[0] == 500
        assert (await found.ask(post(b"more")))[2] == b"more"


async def test_what_comes_behind_a_taken_request_waits_for_its_answer() -> None:
    async with rig(answers=False) as found:
        get = b"GET /behind HTTP/1.1\r\nHost: a\r\n\r\n"
        found.client.send(post(b"one"))
        await taken(found)
        found.client.send(get + post(b"two"))
        await until(lambda: found.listener.counts.received > 2 * len(post(b"one")), "more is read")
        assert len(found.app.handled) == 1
        found.shortcut.turns[0].answer(HEAD, b"1")
        assert (await found.client.response()).body == b"1"
        assert (await found.client.response("GET")).status == 200
        assert (await found.client.response()).body == b"two"  # behind another: the long way


async def test_a_client_that_leaves_a_taken_request_is_told_to_who_took_it() -> None:
    async with rig(answers=False) as found:
        found.client.send(post(b"one"))
        await taken(found)
        await found.client.close()
        await until(lambda: found.shortcut.gone == 1, "the shortcut is told")


async def test_the_exchange_of_a_taken_request_is_gone_when_its_client_is() -> None:
    async with rig(answers=False) as found:
        found.client.send(post(b"one"))
        await taken(found)
        await found.client.close()
        await until(lambda: found.shortcut.gone == 1, "the shortcut is told")
        exchange = found.shortcut.turns[0].exchange()
        told: list[str] = []
        exchange.on_gone(lambda: told.append("gone"))
        exchange.respond(200, [JSON], b"to nobody")
        assert (exchange.gone, exchange.body, told) == (True, b"one", ["gone"])
        assert found.listener.counts.answered[200] == 1


async def test_the_exchange_of_a_taken_request_is_that_of_its_own_head() -> None:
    traced = b"Traceparent: %b\r\n"
    async with rig(answers=False) as found:
        await found.ask(post(b"a", traced % b"1"))
        found.client.send(post(b"one", traced % b"22"))
        await taken(found)
        found.client.send(b"GET /behind HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: found.listener.counts.received > 3 * len(post(b"one")), "more is read")
        exchange = found.shortcut.turns[0].exchange()
        assert (exchange.method, exchange.path, exchange.query) == ("POST", "/a", "b")
        assert (exchange.body, exchange.scheme) == (b"one", "http")
        assert exchange.headers == [
            (b"host", b"a"),
            (b"traceparent", b"22"),
            (b"content-length", b"3"),
        ]
        exchange.start(200, [JSON])
        exchange.write(b"by pieces")
        exchange.end()
        assert (await found.client.response()).body == b"by pieces"
        assert (await found.client.response("GET")).status == 200


async def test_a_taken_request_is_the_last_of_a_connection_that_drains() -> None:
    async with rig(answers=False) as found:
        found.client.send(post(b"one"))
        await taken(found)
        draining = asyncio.create_task(found.listener.drain(DEADLINE))
        await until(lambda: found.listener.draining, "the listener drains")
        found.shortcut.turns[0].answer(HEAD, b"1")
        response = await found.client.response()
        assert (response.body, response.header("connection")) == (b"1", "close")
        assert await draining
