"""`python -m mcpgateway.wrapper` as an MCP client starts it, against real and scripted servers."""

import asyncio
import json
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from support.mcp_servers import Era, mcp_server, serve

_EMPTY = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}


def _wrapper(url: str, *flags: str, module: str = "wrapper", flag: str = "--url") -> Client:
    args = ["-m", f"mcpgateway.{module}", flag, url, *flags]
    mode = "legacy" if flag == "--connect-sse" else "auto"
    return Client(StdioServerParameters(command=sys.executable, args=args), mode=mode)


@pytest.mark.parametrize(
    ("era", "spoken"),
    [("both", "2026-07-28"), ("modern", "2026-07-28"), ("legacy", "2025-11-25")],
)
async def test_an_sdk_client_speaks_through_it_whatever_the_era(era: Era, spoken: str) -> None:
    async with mcp_server(era=era, bearer="secret") as upstream, asyncio.timeout(60):
        base = upstream.url.removesuffix("/mcp")
        async with _wrapper(base, "--auth", "secret") as client:
            assert client.protocol_version == spoken
            assert "add" in {tool.name for tool in (await client.list_tools()).tools}
            sums = await asyncio.gather(
                *(client.call_tool("add", {"a": n, "b": 1}) for n in range(30))
            )
            texts = [result.content[0].text for result in sums]  # type: ignore[union-attr]  # text it is
            assert texts == [str(n + 1) for n in range(30)]


async def test_progress_reaches_the_client_before_the_result() -> None:
    seen: list[float] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async with mcp_server(era="both") as upstream, _wrapper(upstream.url) as client:
        await client.call_tool("progress", {"steps": 3}, progress_callback=heard)
        assert len(seen) == 3


async def test_translate_connects_to_an_sse_server_the_same_way() -> None:
    async with mcp_server(era="legacy", transport="sse") as upstream, asyncio.timeout(60):
        url = upstream.url
        async with _wrapper(url, module="translate", flag="--connect-sse") as client:
            result = await client.call_tool("add", {"a": 2, "b": 3})
            assert result.content[0].text == "5"  # type: ignore[union-attr]  # text it is


class _Typed:
    """A wrapper process whose lines the test types and reads."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    def type(self, method: str, id: Any = None, **params: Any) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if id is not None:
            message["id"] = id
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    async def read(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(await asyncio.wait_for(self.process.stdout.readline(), 30))

    async def open(self) -> None:
        self.type("initialize", "i", **_EMPTY)
        assert (await self.read())["id"] == "i"
        self.type("notifications/initialized")


@asynccontextmanager
async def _typed(
    url: str, *flags: str, module: str = "wrapper", flag: str = "--url"
) -> AsyncIterator[_Typed]:
    pipe = asyncio.subprocess.PIPE
    args = ("-m", f"mcpgateway.{module}", flag, url, *flags)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *args, stdin=pipe, stdout=pipe, limit=32 * 1024 * 1024
    )
    try:
        yield _Typed(process)
        assert process.stdin is not None
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 30) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def _endpoint(
    answer: Callable[[Request], Awaitable[Response]], path: str = "/mcp"
) -> AsyncIterator[str]:
    routes = [Route(path, answer, methods=["GET", "POST", "DELETE"])]
    if path != "/mcp":
        routes.append(Route("/message", answer, methods=["POST"]))
    async with serve(Starlette(routes=routes)) as base:
        yield base + path


class _Sessions:
    """A legacy endpoint that forgets its session when told, and streams on GET."""

    def __init__(self) -> None:
        self.known = ""
        self.opened = 0
        self.deleted: list[str] = []
        self.versions: list[str | None] = []

    async def answer(self, request: Request) -> Response:
        session = request.headers.get("mcp-session-id", "")
        if request.method == "DELETE":
            self.deleted.append(session)
            return Response(status_code=204)
        if request.method == "GET":
            return Response(status_code=405)
        message = await request.json()
        if message["method"] == "initialize":
            self.opened += 1
            self.known = f"s{self.opened}"
            result = {"protocolVersion": "2025-11-25"}
            body = {"jsonrpc": "2.0", "id": message["id"], "result": result}
            return JSONResponse(body, headers={"mcp-session-id": self.known})
        if session != self.known:
            return JSONResponse({"error": "gone"}, 404)
        self.versions.append(request.headers.get("mcp-protocol-version"))
        if "id" not in message:
            return Response(status_code=202)
        return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": {"s": session}})


async def test_a_lost_session_is_opened_again_and_the_client_never_hears_of_it() -> None:
    sessions = _Sessions()
    async with _endpoint(sessions.answer) as url, _typed(url) as client:
        await client.open()
        client.type("echo", 1)
        assert (await client.read())["result"] == {"s": "s1"}
        sessions.known = "forgotten"
        client.type("echo", 2)
        assert await client.read() == {"jsonrpc": "2.0", "id": 2, "result": {"s": "s2"}}
    assert sessions.deleted == ["s2"]
    assert set(sessions.versions) == {"2025-11-25"}


async def test_an_answer_that_broke_off_is_resumed_from_its_last_event() -> None:
    asked: list[str | None] = []

    async def answer(request: Request) -> Response:
        if request.method == "GET":
            asked.append(request.headers.get("last-event-id"))
            data = b'id: 2\ndata: {"jsonrpc":"2.0","id":1,"result":{"late":true}}\n\n'
        else:
            data = b"retry: 10\nid: 1\ndata:\n\n"
        return StreamingResponse(iter([data]), media_type="text/event-stream")

    async with _endpoint(answer) as url, _typed(url) as client:
        client.type("echo", 1)
        assert (await client.read())["result"] == {"late": True}
    assert asked == ["1"]


async def test_what_the_server_sends_outside_of_requests_arrives() -> None:
    sessions = _Sessions()

    async def answer(request: Request) -> Response:
        if request.method != "GET":
            return await sessions.answer(request)

        async def stream() -> AsyncIterator[bytes]:
            yield b'data: {"jsonrpc":"2.0","method":"notifications/x"}\n\n'
            await asyncio.Event().wait()

        return StreamingResponse(stream(), media_type="text/event-stream")

    async with _endpoint(answer) as url, _typed(url) as client:
        await client.open()
        assert (await client.read())["method"] == "notifications/x"


@pytest.mark.parametrize(
    ("response", "code", "says"),
    [
        (Response("no", 401), -31004, "answered 401: no"),
        (Response("<html>", 502), -31002, "answered 502"),
        (Response("hello"), -31002, "no JSON-RPC message"),
        (
            JSONResponse(
                {"jsonrpc": "2.0", "id": None, "error": {"code": -32022, "message": "m"}}, 400
            ),
            -32022,
            "m",
        ),
    ],
)
async def test_an_answer_that_is_none_becomes_an_error(
    response: Response, code: int, says: str
) -> None:
    async def answer(request: Request) -> Response:
        return response

    async with _endpoint(answer) as url, _typed(url, "--log-level", "off") as client:
        client.type("echo", 1)
        error = (await client.read())["error"]
        assert says in error["message"]
        assert error["code"] in (code, -31001)


async def test_a_slow_server_is_given_up_after_the_timeout() -> None:
    async def answer(request: Request) -> Response:
        await request.body()
        await request.receive()  # the client goes away
        return Response()

    flags = ("--timeout", "0.2", "--log-level", "off")
    async with _endpoint(answer) as url, _typed(url, *flags) as client:
        client.type("echo", 1)
        assert (await client.read())["error"]["code"] == -31003


async def test_an_sse_server_can_not_send_the_token_elsewhere() -> None:
    async def answer(request: Request) -> Response:
        data = b"event: endpoint\ndata: http://127.0.0.1:1/steal\n\n"
        return StreamingResponse(iter([data]), media_type="text/event-stream")

    async with (
        _endpoint(answer, "/sse") as url,
        _typed(url, "--oauth2Bearer", "t", module="translate", flag="--connect-sse") as client,
    ):
        client.type("initialize", 1, **_EMPTY)
        assert "elsewhere" in (await client.read())["error"]["message"]


async def test_it_starts_with_well_under_a_third_of_a_second_of_work() -> None:
    """Of the processor, not by the clock: others may use this machine."""

    def used() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    async def measure() -> float:
        before = used()
        async with _typed("http://127.0.0.1:9", "--log-level", "off") as client:
            client.type("ping", 1)
            await client.read()
        return used() - before

    best = min([await measure() for _ in range(5)])
    assert best < 0.3
