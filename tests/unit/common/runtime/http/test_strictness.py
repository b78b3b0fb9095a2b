"""Every message of the table of bad HTTP (`support.bad_http`), sent over a real socket with a
second request behind it: answered once, closed, and the second is never seen.
"""

import asyncio

import pytest

from support.bad_http import (
    ACCEPTED,
    BODIES,
    CHUNKED,
    FIVE,
    GET,
    HEADS,
    LIMITS,
    POST,
    SECOND,
)
from support.http import RawClient, ScriptedApp, talking


async def refused(client: RawClient, status: int) -> None:
    """One answer, which says that the connection closes, and then it does."""
    response = await client.response()
    assert response.status == status, response.body
    assert response.header("connection") == "close"
    assert await client.rest() == b""


@pytest.mark.parametrize(("status", "bad"), HEADS.values(), ids=HEADS.keys())
async def test_a_bad_head_is_answered_once_and_never_reaches_the_application(
    status: int, bad: bytes
) -> None:
    app = ScriptedApp()
    async with talking(app, LIMITS) as client:
        client.send(bad + SECOND)
        await refused(client, status)
    assert app.heads == []


@pytest.mark.parametrize(("status", "bad"), BODIES.values(), ids=BODIES.keys())
async def test_a_bad_body_is_answered_once_and_never_reaches_the_application(
    status: int, bad: bytes
) -> None:
    app = ScriptedApp(limit=1_000)
    async with talking(app, LIMITS) as client:
        client.send(bad + SECOND)
        await refused(client, status)
    assert (len(app.heads), app.handled) == (1, [])


@pytest.mark.parametrize("bad", [HEADS[name][1] for name in ("two lengths", "a folded coding")])
async def test_a_bad_head_behind_one_that_is_recognised_is_refused_alike(bad: bytes) -> None:
    good = POST + b"Content-Length: 5" + FIVE
    app = ScriptedApp()
    async with talking(app, LIMITS) as client:
        for _ in range(3):
            client.send(good)
            assert (await client.response()).status == 200
        client.send(bad + SECOND)
        await refused(client, 400)
    assert len(app.heads) == 3


@pytest.mark.parametrize("good", ACCEPTED.values(), ids=ACCEPTED.keys())
async def test_what_only_looks_strange_is_served_and_so_is_what_follows(good: bytes) -> None:
    app = ScriptedApp()
    async with talking(app, LIMITS) as client:
        client.send(good + SECOND)
        assert (await client.response()).status == 200
        assert (await client.response()).header("x-path") == "/second"


@pytest.mark.parametrize(
    "last",
    [
        GET + b"Connection: close\r\n\r\n",
        GET + b"Connection: keep-alive, close\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
    ],
)
async def test_nothing_is_read_behind_a_request_that_closes_the_connection(last: bytes) -> None:
    app = ScriptedApp()
    async with talking(app, LIMITS) as client:
        client.send(last + SECOND)
        await refused(client, 200)
    assert len(app.heads) == 1


@pytest.mark.parametrize(
    ("start", "drip"),
    [
        (b"GET", b""),
        (GET, b""),
        (GET, b"X: y\r\n"),
        (POST + b"Content-Length: 90\r\n\r\n", b""),
        (POST + b"Content-Length: 90\r\n\r\n", b"x"),
        (CHUNKED, b"1\r\nx\r\n"),
    ],
    ids=[
        "a request line that stops",
        "a head that stops",
        "a head that drips",
        "a body that stops",
        "a body that drips",
        "chunks that drip",
    ],
)
async def test_what_comes_too_slowly_is_answered_408(start: bytes, drip: bytes) -> None:
    app = ScriptedApp()
    async with talking(app, LIMITS) as client:
        client.send(start)
        answer = asyncio.ensure_future(refused(client, 408))
        drips = 0
        while not answer.done():
            client.send(drip if drips < 50 else b"")
            drips += 1
            await asyncio.wait([answer], timeout=0.02)
        await answer
    assert drips < 50
    assert app.handled == []


async def test_a_connection_without_a_request_is_closed_in_silence() -> None:
    async with talking(ScriptedApp(), LIMITS) as client:
        client.send(b"\r\n" * 10)
        assert await client.rest() == b""


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"GET / HT", 400), (POST + b"Content-Length: 9\r\n\r\nab", 400), (CHUNKED + b"2\r\na", 400)],
    ids=["within the head", "within the body", "within a chunk"],
)
async def test_a_peer_that_closes_its_side_within_a_request_is_told_so(
    sent: bytes, status: int
) -> None:
    app = ScriptedApp()
    async with talking(app) as client:
        client.send(sent)
        client.writer.write_eof()
        await refused(client, status)
    assert app.handled == []


async def test_a_peer_that_closes_its_side_while_it_is_served_has_left() -> None:
    app = ScriptedApp(answer=None)
    async with talking(app) as client:
        client.send(GET + b"\r\n")
        exchange = await app.next()
        gone: list[bool] = []
        exchange.on_gone(lambda: gone.append(True))
        client.writer.write_eof()
        assert await client.rest() == b""
        assert gone == [True]


async def test_requests_in_one_read_are_answered_in_order_each_with_its_own_body() -> None:
    bodies = [b"x" * size for size in range(50)]
    requests = [POST + b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies]
    async with talking(ScriptedApp()) as client:
        client.send(b"".join(requests))
        answered = [(await client.response()).body for _ in bodies]
    assert answered == bodies
