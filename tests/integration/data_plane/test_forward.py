"""What is not the data plane's own goes to the control plane or the admin service, and back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from support.data_plane import EDGE_SECRET, DataPlane, data_plane
from support.door import Door, leaving_is_heard
from support.http import free_port
from support.mcp_servers import serve


class Service:
    """A stand-in for a service: says what it got, streams what it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.more = asyncio.Event()
        self.left = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/admin/ui/events", self._events),
                Route("/logs", self._events),
                Route("/upload", self._upload, methods=["POST"]),
                Route("/{path:path}", self._echo, methods=["GET", "HEAD", "PUT", "POST"]),
            ]
        )

    async def _echo(self, request: Request) -> Response:
        body = {
            "service": self.name,
            "path": request.url.path,
            "query": request.url.query,
            "headers": [[name, value] for name, value in request.headers.items()],
            "body": (await request.body()).decode(),
        }
        return JSONResponse(body, 207, {"x-answer": "yes", "connection": "x-hop", "x-hop": "1"})

    async def _events(self, _: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            try:
                yield b"data: 1\n\n"
                await self.more.wait()
                yield b"data: 2\n\n"
            finally:
                self.left.set()

        return StreamingResponse(events(), media_type="text/event-stream")

    async def _upload(self, request: Request) -> Response:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
        return JSONResponse({"bytes": size})


@asynccontextmanager
async def edge(**environ: str) -> AsyncIterator[tuple[DataPlane, Service, httpx2.AsyncClient]]:
    """A data plane before a control plane and an admin service; the latter two are one app."""
    control, admin = Service("control-plane"), Service("admin")
    async with (
        serve(control.app) as control_url,
        serve(admin.app) as admin_url,
        data_plane(
            MCPGATEWAY_CONTROL_PLANE_URL=control_url, MCPGATEWAY_ADMIN_URL=admin_url, **environ
        ) as plane,
        plane.http() as http,
    ):
        yield plane, control, http


def header(answer: httpx2.Response, name: str) -> list[str]:
    return [value for key, value in answer.json()["headers"] if key == name]


async def test_a_request_reaches_its_owner_with_everything_that_it_carries() -> None:
    async with edge() as (_, _, http):
        answer = await http.put("/gateways/a%20b?x=1&y=%20", content=b"{}", headers={"x-mine": "1"})
        got = answer.json()
        assert (answer.status_code, got["service"]) == (207, "control-plane")
        assert (got["path"], got["query"], got["body"]) == ("/gateways/a b", "x=1&y=%20", "{}")
        assert header(answer, "x-mine") == ["1"]
        assert header(answer, "authorization")
        assert answer.headers["x-answer"] == "yes"
        assert "x-hop" not in answer.headers
        assert (await http.get("/admin")).json()["service"] == "admin"


async def test_the_owner_learns_the_true_peer_and_that_we_are_the_edge() -> None:
    async with edge() as (plane, _, http):
        lies = {
            "x-forwarded-for": "1.2.3.4",
            "x-forwarded-proto": "https",
            "x-mcpgateway-edge": "guess",
            "forwarded": "for=1.2.3.4",
            "connection": "keep-alive, x-one-hop",
            "x-one-hop": "1",
        }
        answer = await http.get("/version", headers=lies)
        assert header(answer, "x-forwarded-for") == ["127.0.0.1"]
        assert header(answer, "x-forwarded-proto") == [Door.chosen().scheme]
        assert header(answer, "x-forwarded-host") == [f"127.0.0.1:{plane.door.port}"]
        assert header(answer, "x-mcpgateway-edge") == [EDGE_SECRET]
        assert header(answer, "forwarded") == []
        if Door.chosen() is not Door.H2:  # which has no Connection to name it in
            assert header(answer, "x-one-hop") == []


async def test_a_trusted_proxy_is_believed_and_added_to_the_chain() -> None:
    async with edge(MCPGATEWAY_TRUSTED_PROXIES="127.0.0.0/8") as (_, _, http):
        told = {"x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "https"}
        answer = await http.get("/version", headers=told)
        assert ", ".join(header(answer, "x-forwarded-for")) == "1.2.3.4, 127.0.0.1"
        assert header(answer, "x-forwarded-proto") == ["https"]


@leaving_is_heard()
async def test_events_pass_one_by_one_and_a_reader_that_leaves_ends_the_stream() -> None:
    async with edge() as (_, control, http):
        async with http.stream("GET", "/logs") as answer:
            chunks = answer.aiter_bytes()
            assert await anext(chunks) == b"data: 1\n\n"
            control.more.set()
            assert await anext(chunks) == b"data: 2\n\n"
        control.more.clear()
        control.left.clear()
        async with http.stream("GET", "/logs") as answer:
            assert await anext(answer.aiter_bytes()) == b"data: 1\n\n"
        await asyncio.wait_for(control.left.wait(), 30)


async def test_a_stream_without_an_end_does_not_hold_a_drain_up() -> None:
    async with edge() as (plane, control, http):
        async with http.stream("GET", "/logs") as answer:
            chunks = answer.aiter_bytes()
            assert await anext(chunks) == b"data: 1\n\n"
            plane.forwarder.end_streams()
            assert await plane.door.drain(30)
            assert [chunk async for chunk in chunks] == []
        await asyncio.wait_for(control.left.wait(), 30)


async def test_a_large_upload_is_streamed_and_over_the_limit_refused() -> None:
    async def body(size: int) -> AsyncIterator[bytes]:
        for _ in range(size):
            yield b"x" * 1024 * 1024

    async with edge() as (_, _, http):
        answer = await http.post("/upload", content=body(10))
        assert answer.json() == {"bytes": 10 * 1024 * 1024}
        assert (await http.post("/upload", content=body(65))).status_code == 413


async def test_head_has_no_body_and_the_connection_goes_on() -> None:
    async with edge() as (_, _, http):
        answer = await http.head("/version")
        assert (answer.status_code, answer.content) == (207, b"")
        assert (await http.get("/version")).status_code == 207


async def test_a_service_that_is_down_is_503_at_once_and_says_so() -> None:
    down = f"http://127.0.0.1:{free_port()}"
    async with data_plane(MCPGATEWAY_CONTROL_PLANE_URL=down) as plane, plane.http() as http:
        answer = await asyncio.wait_for(http.post("/gateways", content=b"{}"), 30)
        assert answer.status_code == 503
        assert answer.headers["retry-after"].isdigit()
        assert answer.headers["content-type"] == "application/problem+json"
        assert "control-plane" in json.loads(answer.content)["detail"]
        assert (await http.get("/health")).status_code == 200


@pytest.mark.parametrize("path", ["/a2a/agent/invoke", "/servers/5/.well-known/nothing"])
async def test_what_is_ours_but_not_there_is_404_and_never_forwarded(path: str) -> None:
    async with edge() as (_, _, http):
        answer = await http.post(path)
        assert answer.status_code == 404
        assert "/servers/<id>/mcp" in answer.json()["detail"]
