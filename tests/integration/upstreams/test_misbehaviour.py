"""Upstreams that answer late, half, or with something else: each is said precisely."""

from collections.abc import AsyncIterator

import pytest
from starlette.types import Receive, Scope, Send

from mcpgateway.common.errors import UpstreamRejected, UpstreamTimeout
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Client
from support.mcp_servers import Era, Transport, mcp_server, serve
from support.sinks import LEGACY, MODERN, RecordingSink, ask, upstream
from support.wait import until

# The SDK's server leaves streams of sessions that end early to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")

SLOW = {"name": "slow", "arguments": {"seconds": 60}}


@pytest.fixture
async def clients() -> AsyncIterator[UpstreamClients]:
    pool = Pool()
    clients = UpstreamClients(pool)
    yield clients
    await clients.aclose()
    await pool.aclose()


class Says:
    """Answers everything with one response; `cut`: breaks off before the end of it."""

    def __init__(self, content_type: str, body: bytes, *, cut: bool = False) -> None:
        self._headers = [(b"content-type", content_type.encode())]
        self._body = body
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self._headers
        if self._cut:
            headers = [*headers, (b"content-length", b"%d" % (len(self._body) + 1))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": self._cut})


@pytest.mark.parametrize(
    ("era", "transport", "client"),
    [
        ("modern", "http", MODERN),
        ("modern", "http", LEGACY),
        ("legacy", "http", LEGACY),
        ("legacy", "http", MODERN),
        ("legacy", "sse", MODERN),
    ],
)
async def test_a_tool_that_takes_too_long_is_a_timeout_and_the_upstream_stops(
    clients: UpstreamClients, era: Era, transport: Transport, client: Client
) -> None:
    async with mcp_server(era=era, transport=transport) as server:
        record = upstream(
            "modern" if era == "modern" else "legacy",
            server.url,
            transport="SSE" if transport == "sse" else "STREAMABLEHTTP",
            timeout_ms=300,
        )
        sink = RecordingSink()
        clients.send(ask(record, client, params=SLOW), sink)
        await sink.wait()
        assert isinstance(sink.error, UpstreamTimeout)
        assert "0.3 s" in sink.error.message
        await until(lambda: "slow" in server.catalogue.cancelled, "the tool is stopped")


@pytest.mark.parametrize(
    ("app", "says", "unknown"),
    [
        (Says("text/html", b"<html>"), "200 OK with text/html", False),
        (Says("application/json", b'{"jsonrpc":'), "something else than JSON-RPC", True),
        (Says("application/json", b"{}", cut=True), "after 2 of 3 body bytes", True),
        (Says("text/event-stream", b": nothing\n\n"), "without an answer", True),
    ],
    ids=["html", "garbage", "cut", "empty stream"],
)
async def test_an_answer_that_is_none_is_described(
    clients: UpstreamClients, app: Says, says: str, unknown: bool
) -> None:
    async with serve(app) as base:
        sink = RecordingSink()
        clients.send(ask(upstream("modern", base + "/mcp")), sink)
        await sink.wait()
    assert isinstance(sink.error, UpstreamRejected)
    assert says in sink.error.message
    assert sink.error.outcome_unknown is unknown
