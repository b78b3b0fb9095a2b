"""How responses are framed, seen from the other end of the socket."""

import asyncio
import weakref

import pytest

from mcpgateway.common.runtime.http.exchange import Exchange
from support.http import DEADLINE, ScriptedApp, talking

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def stream(exchange: Exchange) -> None:
    exchange.start(200, [(b"content-type", b"text/event-stream")])
    exchange.write(b"one")
    exchange.write(b"")  # is no chunk: an empty one would end the body
    exchange.write(b"two")
    exchange.end()


async def test_a_whole_response_has_its_length_and_a_date() -> None:
    app = ScriptedApp(answer=lambda exchange: exchange.respond(201, [(b"x", b"y")], b"hello"))
    async with talking(app) as client:
        client.send(GET)
        response = await client.response()
    assert (response.status, response.body) == (201, b"hello")
    assert response.header("x") == "y"
    assert response.header("content-length") == "5"
    assert (response.header("date") or "").endswith("GMT")
    assert response.header("connection") is None


async def test_a_response_in_pieces_is_the_same_as_one_of_them_joined() -> None:
    pieces = [b"he", b"l" * 300_000, b"", b"o"]
    app = ScriptedApp(answer=lambda exchange: exchange.respond_pieces(200, [], pieces))
    async with talking(app) as client:
        for method in ("POST", "HEAD", "POST"):
            client.send(GET.replace(b"GET", method.encode()))
            response = await client.response(method)
            assert response.header("content-length") == "300003"
            assert response.body == (b"" if method == "HEAD" else b"".join(pieces))


async def test_a_date_that_the_application_gives_stands_alone() -> None:
    app = ScriptedApp(answer=lambda exchange: exchange.respond(200, [(b"date", b"then")]))
    async with talking(app) as client:
        client.send(GET)
        response = await client.response()
    assert [value for name, value in response.headers if name == "date"] == ["then"]


async def test_a_streamed_response_is_chunked_and_the_connection_goes_on() -> None:
    async with talking(ScriptedApp(answer=stream)) as client:
        for _ in range(2):
            client.send(GET)
            head = await client.head()
            assert head.header("transfer-encoding") == "chunked"
            assert [chunk async for chunk in client.chunks()] == [b"one", b"two"]


async def test_a_streamed_response_of_known_length_is_sent_raw() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.start(200, [(b"content-length", b"6")])
        exchange.write(b"one")
        exchange.write(b"two")
        exchange.end()

    async with talking(ScriptedApp(answer=answer)) as client:
        client.send(GET * 2)
        for _ in range(2):
            response = await client.response()
            assert response.header("transfer-encoding") is None
            assert response.body == b"onetwo"


async def test_http_1_0_gets_a_stream_that_ends_with_the_connection() -> None:
    async with talking(ScriptedApp(answer=stream)) as client:
        client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        head = await client.head()
        assert head.header("transfer-encoding") is None
        assert head.header("connection") == "close"
        assert await client.rest() == b"onetwo"


async def test_http_1_0_keeps_the_connection_only_when_asked_to() -> None:
    async with talking(ScriptedApp()) as client:
        client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert (await client.response()).header("connection") == "keep-alive"
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert (await client.response()).header("connection") == "close"
        assert await client.rest() == b""


async def test_head_tells_the_length_of_a_body_that_it_does_not_send() -> None:
    app = ScriptedApp(answer=lambda exchange: exchange.respond(200, [], b"hello"))
    async with talking(app) as client:
        client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
        assert (await client.response("HEAD")).header("content-length") == "5"
        assert (await client.response()).body == b"hello"


async def test_a_streamed_answer_to_head_has_no_body_either() -> None:
    async with talking(ScriptedApp(answer=stream)) as client:
        client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
        assert (await client.response("HEAD")).header("transfer-encoding") is None
        assert (await client.response()).body == b"onetwo"


@pytest.mark.parametrize("status", [204, 304])
async def test_statuses_without_a_body_have_none(status: int) -> None:
    app = ScriptedApp(answer=lambda exchange: exchange.respond(status, [], b"ignored"))
    async with talking(app) as client:
        client.send(GET * 2)
        for _ in range(2):
            assert (await client.response()).status == status


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: x", b"a\nb", b"a\rb", b"a\0b"])
async def test_a_header_that_would_break_the_framing_is_a_failure_of_the_application(
    value: bytes,
) -> None:
    app = ScriptedApp(answer=lambda exchange: exchange.respond(200, [(b"x", value)]))
    async with talking(app) as client:
        client.send(GET)
        response = await client.response()
    assert (response.status, response.header("set-cookie")) == (500, None)


async def test_a_second_answer_is_a_failure_and_changes_nothing() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.respond(200, [], b"first")
        with pytest.raises(RuntimeError, match="answered"):
            exchange.respond(200, [], b"second")
        with pytest.raises(RuntimeError, match="not ended"):
            exchange.write(b"more")

    async with talking(ScriptedApp(answer=answer)) as client:
        client.send(GET * 2)
        assert [(await client.response()).body for _ in range(2)] == [b"first", b"first"]


@pytest.mark.parametrize("body", [b"x", b"xxx"])
async def test_a_body_that_differs_from_its_declared_length_ends_the_connection(
    body: bytes,
) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.start(200, [(b"content-length", b"2")])
        exchange.write(body)
        exchange.end()

    async with talking(ScriptedApp(answer=answer)) as client:
        client.send(GET)
        with pytest.raises((EOFError, ConnectionError)):
            await client.response()


async def test_an_aborted_response_is_cut_off_and_not_completed() -> None:
    app = ScriptedApp(answer=None)
    async with talking(app) as client:
        client.send(GET)
        exchange = await app.next()
        exchange.start(200, [])
        exchange.write(b"one")
        await client.head()
        assert await client.exactly(8) == b"3\r\none\r\n"
        exchange.abort()
        with pytest.raises((EOFError, ConnectionError)):
            await client.exactly(1)


async def test_a_response_that_begins_after_the_peer_left_goes_nowhere_without_a_word() -> None:
    app = ScriptedApp(answer=None)
    async with talking(app) as client:
        client.send(GET)
        exchange = await app.next()
        gone = asyncio.Event()
        exchange.on_gone(gone.set)
        client.writer.close()
        await asyncio.wait_for(gone.wait(), DEADLINE)
    exchange.start(200, [])
    exchange.write(b"one")
    exchange.end()
    exchange.respond(200, [], b"two")
    assert not exchange.started


async def test_an_answered_exchange_lets_go_of_who_listened_to_it() -> None:
    class Listener:
        def __init__(self, exchange: Exchange) -> None:
            self.exchange = exchange
            exchange.on_gone(self.told)
            exchange.on_writable(lambda _: self.told())

        def told(self) -> None: ...

    listeners: list[weakref.ref[Listener]] = []

    def answer(exchange: Exchange) -> None:
        listeners.append(weakref.ref(Listener(exchange)))
        exchange.respond(200, [])

    async with talking(ScriptedApp(answer=answer)) as client:
        client.send(GET)
        await client.response()
    assert listeners[0]() is None  # without the garbage collector
