"""The request side of the ASGI door: plans, bodies, limits of size and time, scopes."""

import asyncio
from typing import Any

import pytest

from mcpgateway.common.errors import TooLarge
from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange, ServerLimits
from mcpgateway.common.runtime.http.request_body import HIGH_WATER
from mcpgateway.data_plane.doors.asgi import AsgiApplication
from support.asgi import BareHome, http_scope, peer
from support.http import ScriptedApp
from support.wait import until


async def test_a_whole_body_is_there_when_the_application_is_asked() -> None:
    app = ScriptedApp()
    async with peer(app, http_scope("/mcp?a=b")) as client:
        client.send(b"he", more=True)
        client.send(b"llo", more=True)
        client.send()
        status, headers, body = await client.response()
    assert (status, headers[b"x-path"], body) == (200, b"/mcp", b"hello")
    assert client.home.counts.answered == {200: 1}


async def test_the_head_may_be_answered_before_the_body_comes() -> None:
    def refuse(exchange: Exchange) -> BodyPlan | None:
        exchange.respond(401, (), b"who are you?")
        return None

    async with peer(ScriptedApp(plan=refuse)) as client:
        assert (await client.response())[0] == 401
        await client.over()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_declared_length_over_the_limit_is_refused_before_it_is_read(stream: bool) -> None:
    app = ScriptedApp(limit=10, stream=stream)
    async with peer(app, http_scope("/", (b"content-length", b"11"))) as client:
        assert (await client.response())[0] == 413
    assert (app.handled, client.home.counts.refused[413]) == ([], 1)


async def test_a_whole_body_over_the_limit_is_refused_as_soon_as_it_is() -> None:
    app = ScriptedApp(limit=10)
    async with peer(app) as client:
        client.send(b"x" * 11, more=True)
        assert (await client.response())[0] == 413
    assert app.handled == []


async def test_a_streamed_body_reaches_the_application_as_it_comes() -> None:
    app = ScriptedApp(answer=None, stream=True)
    async with peer(app) as client:
        chunks = (await app.next()).chunks()
        for piece in (b"one", b"two"):
            client.send(piece, more=True)
            assert await anext(chunks) == piece
        client.send()
        with pytest.raises(StopAsyncIteration):
            await anext(chunks)


async def test_a_streamed_body_over_the_limit_is_an_error_to_its_reader() -> None:
    app = ScriptedApp(answer=None, stream=True, limit=10)
    async with peer(app) as client:
        chunks = (await app.next()).chunks()
        client.send(b"x" * 11, more=True)
        with pytest.raises(TooLarge):
            await anext(chunks)


async def test_a_streamed_body_that_nobody_reads_is_not_taken_from_the_server() -> None:
    app = ScriptedApp(answer=None, stream=True)
    async with peer(app) as client:
        exchange = await app.next()
        for _ in range(3):
            client.send(b"x" * (HIGH_WATER + 1), more=True)
        await until(lambda: client.untaken == 2, "the first piece is taken")
        chunks = exchange.chunks()
        await anext(chunks)
        await until(lambda: client.untaken == 1, "there is room for the next one")


async def test_a_body_that_does_not_come_is_answered_408_and_the_application_hears_of_it() -> None:
    app = ScriptedApp(answer=None, stream=True)
    gone = asyncio.Event()
    async with peer(app, limits=ServerLimits(body_seconds=0.05)) as client:
        exchange = await app.next()
        exchange.on_gone(gone.set)
        assert (await client.response())[0] == 408
        with pytest.raises(ConnectionError):
            await anext(exchange.chunks())
        await client.over()
    assert (gone.is_set(), client.home.counts.refused[408]) == (True, 1)


async def test_a_body_that_comes_in_drops_has_a_limit_in_all() -> None:
    limits = ServerLimits(body_seconds=10, body_total_seconds=0.2)
    async with peer(ScriptedApp(), limits=limits) as client:

        async def drip() -> None:
            while True:
                client.send(b"x", more=True)
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        assert (await client.response())[0] == 408
        dripping.cancel()


async def test_a_peer_that_leaves_within_its_body_is_gone() -> None:
    app = ScriptedApp(answer=None, stream=True)
    async with peer(app) as client:
        exchange = await app.next()
        client.send(b"x", more=True)
        client.leave()
        await client.over()
        chunks = exchange.chunks()
        assert await anext(chunks) == b"x"
        with pytest.raises(ConnectionError):
            await anext(chunks)
    assert client.messages.empty()


async def test_a_bad_head_is_answered_without_asking_the_application() -> None:
    app = ScriptedApp()
    async with peer(app, http_scope(headers=[])) as client:
        status, _, body = await client.response()
        await client.over()
    assert (status, body) == (400, b"a request needs one Host or :authority\n")
    assert (app.heads, client.home.counts.refused[400]) == ([], 1)


async def test_a_server_that_ends_the_task_makes_the_peer_gone() -> None:
    app = ScriptedApp(answer=None)
    gone = asyncio.Event()
    async with peer(app) as client:
        client.send()
        (await app.next()).on_gone(gone.set)
    assert gone.is_set()


async def websocket(extensions: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "extensions": extensions}
    await AsgiApplication(BareHome(ScriptedApp()))(scope, receive, send)
    return sent


async def test_a_websocket_is_answered_404_where_the_server_can_say_so() -> None:
    assert (await websocket({"websocket.http.response": {}}))[0]["status"] == 404
    assert (await websocket({}))[0]["type"] == "websocket.close"


async def test_other_scopes_are_not_served() -> None:
    app = AsgiApplication(BareHome(ScriptedApp()))
    with pytest.raises(ValueError, match="lifespan"):
        await app({"type": "lifespan"}, None, None)  # type: ignore[arg-type]  # never called
