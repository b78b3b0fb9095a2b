"""The request of a connection test, over real sockets."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request as Asked
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from mcpgateway.common.errors import UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.control_plane.discovery.outbound import open_outbound
from mcpgateway.control_plane.discovery.reach import SHOWN_BYTES, HttpReacher
from mcpgateway.control_plane.registry.discovered.ports import Request
from support.http import free_port
from support.mcp_servers import serve


async def echo(asked: Asked) -> Response:
    body = (await asked.body()).decode()
    return JSONResponse({"method": asked.method, "x": asked.headers.get("x"), "body": body}, 418)


async def endless(asked: Asked) -> Response:
    async def zeros() -> AsyncIterator[bytes]:
        while True:
            yield b"0" * 10_000
            await asyncio.sleep(0)  # or nobody notices that the client has left

    return StreamingResponse(zeros())


async def never(asked: Asked) -> Response:
    await asyncio.Event().wait()
    return Response()


async def away(asked: Asked) -> Response:
    return RedirectResponse("/echo")


APP = Starlette(
    routes=[
        Route("/echo", echo, methods=["PUT"]),
        Route("/endless", endless),
        Route("/never", never),
        Route("/away", away),
    ]
)


async def test_what_is_asked_arrives_and_what_is_answered_comes_back() -> None:
    async with serve(APP) as base, open_outbound(AddressPolicy(loopback=True)) as outbound:
        reacher = HttpReacher(outbound, 30)
        echoed = await reacher.reach(Request("PUT", f"{base}/echo", (("x", "y"),), b"hi"))
        cut = await reacher.reach(Request("GET", f"{base}/endless"))
        stayed = await reacher.reach(Request("GET", f"{base}/away"))

    assert (echoed.status, echoed.media_type) == (418, "application/json")
    assert echoed.body == b'{"method":"PUT","x":"y","body":"hi"}'
    assert len(cut.body) == SHOWN_BYTES
    assert stayed.status == 307


async def test_an_answer_that_does_not_come_is_waited_for_only_so_long() -> None:
    async with serve(APP) as base, open_outbound(AddressPolicy(loopback=True)) as outbound:
        with pytest.raises(UpstreamTimeout, match=r"no answer in 0\.2 s"):
            await HttpReacher(outbound, 0.2).reach(Request("GET", f"{base}/never"))


async def test_addresses_that_upstreams_may_not_have_are_refused() -> None:
    async with open_outbound(AddressPolicy()) as outbound:
        with pytest.raises(UpstreamUnreachable, match="loopback"):
            await HttpReacher(outbound, 5).reach(Request("GET", f"http://127.0.0.1:{free_port()}/"))
