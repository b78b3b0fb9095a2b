"""The upstreams of the matrix, one of each kind, each listening on loopback."""

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.types import ASGIApp

from matrix.journal import Journal
from matrix.pinned import BreaksOff, Pinned
from matrix.session_events import SessionEvents, SessionsApart
from matrix.tasks import CoreTasks
from matrix.upstream import MatrixServer
from mcpgateway.common.runtime.tasks import end
from support.mcp_servers import MODERN, OnlyEra, serve, sse_application

STDIO = "stdio"
SSE = "2024-11-05"
TASKS = "2025-11-25"
STREAMABLE = (MODERN, TASKS, "2025-06-18", "2025-03-26")
KINDS = (*STREAMABLE, SSE, STDIO)
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class MatrixUpstream:
    """`name` is what it is registered as. `spoken`: what the gateway said that its requests are
    of, by the header; nothing where a transport has none."""

    kind: str
    url: str
    journal: Journal
    spoken: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return name_of(self.kind)

    @property
    def revision(self) -> str:
        return TASKS if self.kind == STDIO else self.kind

    @property
    def transport(self) -> str:
        return "SSE" if self.kind == SSE else "STREAMABLEHTTP"


def name_of(kind: str) -> str:
    return f"up-{kind}"


def running(kind: str, folder: Path) -> AbstractAsyncContextManager[MatrixUpstream]:
    """`folder` is for its journal."""
    return _stdio(folder) if kind == STDIO else _http(kind, folder)


@asynccontextmanager
async def _http(kind: str, folder: Path) -> AsyncIterator[MatrixUpstream]:
    journal = Journal(folder)
    made = MatrixServer(name_of(kind), journal)
    spoken: set[str] = set()
    app = _application(kind, made, spoken)
    async with made.watching(), serve(app) as base:
        path = "/sse" if kind == SSE else "/mcp"
        yield MatrixUpstream(kind, base + path, journal, spoken)


def _application(kind: str, made: MatrixServer, spoken: set[str]) -> ASGIApp:
    if kind == MODERN:
        made.jobs.serve(made.server)
        return BreaksOff(OnlyEra(made.server.streamable_http_app(), "modern"))
    if kind == SSE:
        return Pinned(sse_application(made.server), kind, spoken)
    made.server.core_tasks = kind == TASKS
    events = SessionEvents()
    served = made.server.streamable_http_app(event_store=events, retry_interval=50)
    legacy = OnlyEra(SessionsApart(served, events), "legacy")
    pinned = BreaksOff(Pinned(legacy, kind, spoken))
    return CoreTasks(pinned, made.jobs) if kind == TASKS else pinned


@asynccontextmanager
async def _stdio(folder: Path) -> AsyncIterator[MatrixUpstream]:
    """A server on standard input and output, served by `translate`."""
    journal = Journal(folder)
    served = shlex.join([sys.executable, "-m", "matrix.upstream", str(folder)])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "mcpgateway.translate", "--stdio", served, "--port", "0"),
        stderr=asyncio.subprocess.PIPE,
        cwd=_ROOT,
    )
    assert process.stderr is not None
    line = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
    assert "serving" in line, line
    reading = asyncio.create_task(process.stderr.read())  # never let the pipe fill up
    try:
        url = line.split(" at ")[1].split()[0].rstrip(",")
        yield MatrixUpstream(STDIO, url.removesuffix("/sse").removesuffix("/mcp") + "/mcp", journal)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)
        await end(reading)
