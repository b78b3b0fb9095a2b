"""Real MCP servers for tests: the official SDK's server with a small fixed catalogue, on loopback.

In a test: `async with mcp_server(era="legacy") as upstream: upstream.url`. As a process, with
`tests` as working directory: `python -m support.mcp_servers --era both --transport http --port
9000`; it prints its URL on one line when it listens. `serve` runs any other ASGI application.

Tools: echo(text), add(a, b), slow(seconds), fail(), progress(steps), header(name), touch(uri), and
those of `support.mcp_asking`. Prompt: greet(name). Resources: memo://motto, memo://logo (binary);
template memo://notes/{id}.
"""

import argparse
import asyncio
import contextlib
import gc
import socket
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import uvicorn
from mcp.server.lowlevel.server import Server
from mcp.server.sse import SseServerTransport
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from support.mcp_catalogue import Catalogue
from support.mcp_events import MemoryEvents

Era = Literal["modern", "legacy", "both"]
Transport = Literal["http", "sse"]
Parser = Literal["auto", "h11"]

MODERN = "2026-07-28"
_GRACE = 0.1  # seconds for answers under way when a server stops


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A listening server. `url` is its MCP endpoint; `stop` ends it before its time."""

    url: str
    catalogue: Catalogue
    stop: Callable[[], Awaitable[None]]

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])


@asynccontextmanager
async def mcp_server(
    *,
    era: Era = "both",
    transport: Transport = "http",
    port: int = 0,
    bearer: str = "",
    page_size: int = 0,
    json_response: bool = False,
    standing: bool = True,
    resumable: bool = False,
) -> AsyncIterator[RunningServer]:
    """`bearer`: every request needs this token. `page_size` 0: lists come in one page.
    `transport` "sse" is HTTP+SSE of 2024-11-05, which exists in the legacy era only.
    `standing` false: no stream is offered (GET). `resumable`: streams have event ids, and clients
    that lost one come back after 50 ms."""
    catalogue = Catalogue(page_size)
    app = _application(catalogue.server, transport, json_response, resumable)
    if transport == "http":
        app = OnlyEra(app, era)
    if not standing:
        app = OnlyAnswers(app)
    if bearer:
        app = NeedsBearer(app, bearer)
    async with AsyncExitStack() as stack:
        stack.callback(_forget_streams)
        base = await stack.enter_async_context(serve(app, port))
        path = "/mcp" if transport == "http" else "/sse"
        yield RunningServer(base + path, catalogue, stack.aclose)


@asynccontextmanager
async def serve(app: ASGIApp, port: int = 0, parser: Parser = "auto") -> AsyncIterator[str]:
    """Runs an ASGI application on loopback; yields `http://127.0.0.1:<port>`. `parser` "h11" strips
    blanks around header values as RFC 9110 says, the faster one only those in front."""
    # With the protocol spelt out asyncio turns Nagle's algorithm off for accepted connections.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    config = uvicorn.Config(
        app,
        http=parser,
        log_level="critical",
        access_log=False,
        ws="none",
        timeout_keep_alive=60,  # nobody's call meets a connection that is closed for idleness
    )
    server = _Uvicorn(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.wait_for(server.listening.wait(), 30)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.stopping.set()
        await task
        listener.close()


def _forget_streams() -> None:
    """The SDK leaves streams of sessions unclosed that outlive its server: no test's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class _Uvicorn(uvicorn.Server):
    """Says when it listens, leaves the signal handlers alone, and stops when it is told to, not at
    its next tick."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self.stopping = asyncio.Event()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @override
    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.stopping.wait()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if tasks := set(self.server_state.tasks):
            _, late = await asyncio.wait(tasks, timeout=_GRACE)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks, timeout=_GRACE)
        await self.lifespan.shutdown()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _application(
    server: Server[Any], transport: Transport, json_response: bool, resumable: bool
) -> ASGIApp:
    if transport == "http":
        events = MemoryEvents() if resumable else None
        return server.streamable_http_app(
            json_response=json_response, event_store=events, retry_interval=50
        )
    return sse_application(server)


def sse_application(server: Server[Any]) -> Starlette:
    """HTTP+SSE of 2024-11-05: GET /sse, POST to the address that it names."""
    streams = SseServerTransport("/messages/")
    return Starlette(
        routes=[
            Route("/sse", endpoint=_SseEndpoint(server, streams), methods=["GET"]),
            Mount("/messages/", app=streams.handle_post_message),
        ]
    )


class _SseEndpoint:
    """GET of HTTP+SSE: serves one session until its client leaves."""

    def __init__(self, server: Server[Any], streams: SseServerTransport) -> None:
        self._server = server
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._streams.connect_sse(scope, receive, send) as (read, write):
            options = self._server.create_initialization_options()
            await self._server.run(read, write, options)


class OnlyEra:
    """Lets one era through and answers the other as real single-era servers do."""

    def __init__(self, app: ASGIApp, era: Era) -> None:
        self._app = app
        self._era = era

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._refusal(scope) or self._app
        await handler(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        if scope["type"] != "http" or self._era == "both":
            return None
        modern = _header(scope, b"mcp-protocol-version") == MODERN
        if self._era == "legacy" and modern:
            return _error(-32000, "Bad Request: Server not initialized")
        if self._era == "modern" and not modern:
            if scope["method"] != "POST":
                return Response(status_code=405, headers={"Allow": "POST"})
            return _error(-32020, f"MCP-Protocol-Version is missing; supported: {MODERN}")
        return None


class OnlyAnswers:
    """Offers no stream but those of answers: GET is 405."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            refusal = Response(status_code=405, headers={"Allow": "POST, DELETE"})
            return await refusal(scope, receive, send)
        return await self._app(scope, receive, send)


class NeedsBearer:
    """401 without the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _header(scope, b"authorization") != f"Bearer {self._token}":
            refusal = Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
            return await refusal(scope, receive, send)
        return await self._app(scope, receive, send)


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode() for key, value in scope["headers"] if key == name), None)


def _error(code: int, message: str) -> Response:
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
    return JSONResponse(body, status_code=400)


def _arguments() -> dict[str, Any]:
    parser = argparse.ArgumentParser(description="An MCP server for tests.")
    parser.add_argument("--era", choices=["modern", "legacy", "both"], default="both")
    parser.add_argument("--transport", choices=["http", "sse"], default="http")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--bearer", default="")
    parser.add_argument("--page-size", type=int, default=0)
    parser.add_argument("--json-response", action="store_true")
    parser.add_argument("--resumable", action="store_true")
    return vars(parser.parse_args())


async def _main() -> None:
    async with mcp_server(**_arguments()) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
