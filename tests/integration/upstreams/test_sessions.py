"""Sessions with real legacy upstreams: who shares one, and what happens when it is lost."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from mcpgateway.common.errors import UpstreamError
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Key, Upstream
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Client
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionLimits
from support.http import free_port
from support.mcp_servers import Transport, mcp_server
from support.sinks import LEGACY, MODERN, STATELESS, RecordingSink, ask, upstream
from support.wait import until

# The SDK's server leaves streams of sessions that end early to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")

Lines = tuple[tuple[bytes, bytes], ...]


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool()
    yield pool
    await pool.aclose()


@pytest.fixture
async def clients(pool: Pool) -> AsyncIterator[UpstreamClients]:
    clients = UpstreamClients(pool)
    yield clients
    await clients.aclose()


async def call(
    clients: UpstreamClients,
    record: Upstream,
    client: Client,
    headers: Lines = (),
    tool: str = "header",
    **arguments: str,
) -> RecordingSink:
    params = {"name": tool, "arguments": arguments}
    sink = RecordingSink()
    clients.send(ask(record, client, params=params, headers=headers), sink)
    return await sink.wait()


async def session_of(
    clients: UpstreamClients, record: Upstream, client: Client, headers: Lines = ()
) -> str:
    """The session id under which the upstream gets this client's call."""
    sink = await call(clients, record, client, headers, name="mcp-session-id")
    return str(sink.answered["result"]["content"][0]["text"])


async def test_sessions_are_shared_by_one_principals_stateless_calls_alone(
    clients: UpstreamClients,
) -> None:
    bob = msgspec.structs.replace(STATELESS, principal="bob@example.com")
    window = msgspec.structs.replace(LEGACY, session="s2")
    stranger = msgspec.structs.replace(MODERN, principal="")
    other_token = ((b"authorization", b"Bearer other"),)
    async with mcp_server(era="legacy") as server:
        record = upstream("legacy", server.url)
        first = await session_of(clients, record, STATELESS)
        assert first
        assert await session_of(clients, record, STATELESS) == first
        others = [
            await session_of(clients, record, bob),
            await session_of(clients, record, MODERN),
            await session_of(clients, record, STATELESS, other_token),
            await session_of(clients, record, LEGACY),
            await session_of(clients, record, window),
            await session_of(clients, record, stranger),
            await session_of(clients, record, stranger),
        ]
        assert len({first, *others}) == 8
        assert await session_of(clients, record, LEGACY) == others[3]


async def test_credentials_reach_the_upstream_in_the_handshake_and_in_each_call(
    clients: UpstreamClients,
) -> None:
    token = ((b"authorization", b"Bearer sesame"),)
    async with mcp_server(era="legacy", bearer="sesame") as server:
        record = upstream("legacy", server.url)
        refused = await call(clients, record, LEGACY, name="x")
        assert refused.error is not None
        assert "answered 401 Unauthorized" in refused.error.message
        sink = await call(clients, record, LEGACY, token, name="authorization")
        assert sink.answered["result"]["content"][0]["text"] == "Bearer sesame"


@pytest.mark.parametrize("transport", ["http", "sse"])
@pytest.mark.parametrize("client", [LEGACY, MODERN], ids=["legacy", "modern"])
async def test_an_upstream_that_restarted_gets_a_new_session_and_no_call_is_lost(
    clients: UpstreamClients, client: Client, transport: Transport
) -> None:
    port = free_port()
    async with mcp_server(era="legacy", transport=transport, port=port) as server:
        kind = "SSE" if transport == "sse" else "STREAMABLEHTTP"
        record = upstream("legacy", server.url, transport=kind)
        assert (await call(clients, record, client, tool="echo", text="1")).error is None
    async with mcp_server(era="legacy", transport=transport, port=port):
        if transport == "sse":
            await until(lambda: clients.sessions_open == 0, "the end of the stream is seen")
        sink = await call(clients, record, client, tool="echo", text="2")
        assert sink.answered["result"]["content"][0]["text"] == "2"


async def test_a_session_that_nobody_uses_is_ended_at_its_upstream(pool: Pool) -> None:
    clients = UpstreamClients(pool, SessionLimits(idle_seconds=0.05, client_idle_seconds=0.05))
    async with mcp_server(era="legacy") as server:
        record = upstream("legacy", server.url)
        first = await session_of(clients, record, LEGACY)
        await until(lambda: clients.sessions_open == 0, "the session is closed")
        assert await session_of(clients, record, LEGACY) != first
        response = await pool.request(
            "POST",
            server.url,
            [(b"mcp-session-id", first.encode()), (b"content-type", b"application/json")],
            b'{"jsonrpc":"2.0","id":1,"method":"ping"}',
        )
        async with response:
            assert response.status == 404
    await clients.aclose()


async def test_nobody_listening_is_said_to_be_so(clients: UpstreamClients) -> None:
    record = upstream("legacy", f"http://127.0.0.1:{free_port()}/mcp")
    sink = await call(clients, record, LEGACY, name="x")
    assert isinstance(sink.error, UpstreamError)
    assert sink.error.message.startswith("upstream 'time'")
    assert clients.sessions_open == 0


@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_nothing_is_kept_open_with_an_upstream_that_was_deleted(
    clients: UpstreamClients, transport: Transport
) -> None:
    async with mcp_server(era="legacy", transport=transport) as server:
        kind = "SSE" if transport == "sse" else "STREAMABLEHTTP"
        record = upstream("legacy", server.url, transport=kind)
        assert (await call(clients, record, LEGACY, tool="echo", text="1")).error is None
        assert clients.sessions_open == 1
        clients.changed(build("a-registry", 2, ()), frozenset({Key("upstream", record.id)}))
        assert clients.sessions_open == 0
