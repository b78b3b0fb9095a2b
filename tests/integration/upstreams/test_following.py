"""Following resources at real upstreams: each change is told, and what may have been missed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Client
from mcpgateway.data_plane.upstreams.watching import Pace, Tempo
from support.http import free_port
from support.mcp_servers import mcp_server
from support.sinks import LEGACY, MODERN, RecordingSink, ask, upstream
from support.wait import until
from support.watchers import RecordingWatcher

# The SDK's server leaves streams of sessions that end early to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")

MOTTO, LOGO, NOTE = "memo://motto", "memo://logo", "memo://notes/7"
QUICK = Tempo(Pace(first=0.02, most=0.1), lambda: 0.0)

UPSTREAMS = [
    pytest.param({"era": "modern"}, id="modern"),
    pytest.param({"era": "legacy"}, id="legacy"),
    pytest.param({"era": "legacy", "transport": "sse"}, id="sse"),
]


@pytest.fixture
async def clients() -> AsyncIterator[UpstreamClients]:
    pool = Pool()
    clients = UpstreamClients(pool)
    yield clients
    await clients.aclose()
    await pool.aclose()


def record(options: dict[str, Any], url: str) -> Upstream:
    kind = "SSE" if options.get("transport") == "sse" else "STREAMABLEHTTP"
    return upstream(options["era"], url, transport=kind)


class Following:
    """One watch, and what it hears."""

    def __init__(
        self, clients: UpstreamClients, at: Upstream, client: Client = MODERN, *uris: str
    ) -> None:
        self.heard = RecordingWatcher()
        request = ask(at, client, "resources/subscribe", {})
        self.watch = clients.watch(request, self.heard, QUICK)
        self.watch.want(frozenset(uris or (MOTTO,)))

    async def stands(self, times: int = 1) -> None:
        await until(lambda: len(self.heard.stood) >= times, f"it stands for the {times}. time")

    async def hears(self, *uris: str) -> None:
        await until(lambda: self.heard.updates == list(uris), f"{uris} are told")


@pytest.mark.parametrize("client", [LEGACY, MODERN], ids=["own", "shared"])
@pytest.mark.parametrize("options", UPSTREAMS)
async def test_changes_of_what_is_followed_are_told_and_no_others(
    clients: UpstreamClients, options: dict[str, Any], client: Client
) -> None:
    async with mcp_server(**options) as server:
        following = Following(clients, record(options, server.url), client, MOTTO, NOTE)
        await following.stands()
        assert following.heard.stood == [({MOTTO, NOTE}, {MOTTO, NOTE}, False)]
        await server.catalogue.touch(LOGO)
        await server.catalogue.touch(MOTTO)
        await server.catalogue.touch(NOTE)
        await following.hears(MOTTO, NOTE)
        following.watch.close()


@pytest.mark.parametrize("options", UPSTREAMS)
async def test_more_and_less_can_be_wanted_while_it_stands(
    clients: UpstreamClients, options: dict[str, Any]
) -> None:
    async with mcp_server(**options) as server:
        following = Following(clients, record(options, server.url))
        await following.stands()
        following.watch.want(frozenset({LOGO, NOTE}))
        await following.stands(2)
        assert following.heard.stood[-1] == ({LOGO, NOTE}, {LOGO, NOTE}, False)
        await server.catalogue.touch(LOGO)
        await following.hears(LOGO)
        following.watch.close()


@pytest.mark.parametrize("options", UPSTREAMS)
async def test_an_upstream_that_restarts_is_followed_again_and_the_gap_is_told(
    clients: UpstreamClients, options: dict[str, Any]
) -> None:
    port = free_port()
    async with mcp_server(**options, port=port) as server:
        following = Following(clients, record(options, server.url))
        await following.stands()
    async with mcp_server(**options, port=port) as server:
        await following.stands(2)
        assert following.heard.stood[-1] == ({MOTTO}, {MOTTO}, True)
        await server.catalogue.touch(MOTTO)
        await following.hears(MOTTO)
        following.watch.close()


async def test_a_change_within_a_call_of_the_same_session_is_told(clients: UpstreamClients) -> None:
    async with mcp_server(era="legacy") as server:
        at = upstream("legacy", server.url)
        following = Following(clients, at)
        await following.stands()
        params = {"name": "touch", "arguments": {"uri": MOTTO}}
        sink = RecordingSink()
        clients.send(ask(at, MODERN, params=params), sink)
        assert (await sink.wait()).error is None
        await following.hears(MOTTO)
        following.watch.close()


async def test_who_leaves_unsubscribes_in_a_session_that_others_use(
    clients: UpstreamClients,
) -> None:
    async with mcp_server(era="legacy") as server:
        following = Following(clients, upstream("legacy", server.url))
        await following.stands()
        assert server.catalogue.subscribed[MOTTO] == 1
        following.watch.close()
        await until(lambda: server.catalogue.subscribed[MOTTO] == 0, "it is unsubscribed")


async def test_without_a_stream_nothing_is_followed(clients: UpstreamClients) -> None:
    async with mcp_server(era="legacy", standing=False) as server:
        following = Following(clients, upstream("legacy", server.url))
        await until(lambda: following.heard.refusals == [True], "it is refused for good")
        assert following.heard.stood == []
        assert not server.catalogue.subscribed


async def test_an_upstream_of_the_other_era_refuses_for_good(clients: UpstreamClients) -> None:
    async with mcp_server(era="legacy") as server:
        following = Following(clients, upstream("modern", server.url))
        await until(lambda: following.heard.refusals == [True], "it is refused for good")
