"""The balancer that tests put in front of several replicas."""

import asyncio

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from support.balancer import balancer, closing
from support.mcp_servers import serve


def backend(name: str) -> ASGIApp:
    """Says who it is and what it was sent."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            body = await Request(scope, receive).body()
            await PlainTextResponse(f"{name}:{body.decode()}")(scope, receive, send)

    return app


async def test_requests_of_one_client_go_to_each_backend_in_turn() -> None:
    async with serve(backend("a")) as one, serve(backend("b")) as two:
        addresses = [each.removeprefix("http://") for each in (one, two)]
        async with balancer(addresses) as address, httpx2.AsyncClient() as http:
            answers = [
                (await http.post(f"http://{address}/", content=f"{n}" * 100_000)).text
                for n in range(4)
            ]
    assert [(each[0], each[2], len(each)) for each in answers] == [
        ("a", "0", 100_002),
        ("b", "1", 100_002),
        ("a", "2", 100_002),
        ("b", "3", 100_002),
    ]


async def test_a_backend_learns_that_the_client_left() -> None:
    gone = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            while (await receive())["type"] != "http.disconnect":
                pass
            gone.set()

    async with serve(app) as url, balancer([url.removeprefix("http://")]) as address:
        host, _, port = address.rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await writer.drain()
        writer.close()
        await asyncio.wait_for(gone.wait(), 30)


@pytest.mark.parametrize(
    ("head", "sent"),
    [
        (
            b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nConnection: close\r\nhost: x\r\n\r\n",
        ),
        (
            b"GET / HTTP/1.1\r\nConnection: keep-alive\r\nhost: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nConnection: close\r\nhost: x\r\n\r\n",
        ),
        (
            b"GET / HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
            b"GET / HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        ),
    ],
)
def test_a_backend_is_asked_to_close_unless_the_connection_is_upgraded(
    head: bytes, sent: bytes
) -> None:
    assert closing(head) == sent
