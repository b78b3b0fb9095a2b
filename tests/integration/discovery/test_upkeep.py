"""Upkeep against real MCP servers: changes come by stream, interval or hint; faults stay apart."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.control_plane.discovery.client import Connector
from mcpgateway.control_plane.discovery.standing import Pace
from mcpgateway.control_plane.discovery.upkeep import Upkeep
from mcpgateway.control_plane.registry.discovered.ports import Target, Watched, Watchlist
from support.http import free_port
from support.mcp_servers import RunningServer, mcp_server, serve
from support.raw_mcp import RawMcp, discover

CHANGES = b'{"tools":{"listChanged":true}}'
QUICK = Pace(debounce=0.02, interval=60, retry_first=0.05, retry_most=0.1, settled=5)
DEADLINE = 30.0


class Registry(Watchlist):
    """The registry's side: what is watched, what was refreshed, what was observed."""

    def __init__(self, *watched: Watched) -> None:
        self.watched: Sequence[Watched] = watched
        self.changed = asyncio.Event()
        self.hints: asyncio.Queue[str] = asyncio.Queue()
        self.refreshed: list[str] = []
        self.seen: dict[str, tuple[bool, str]] = {}
        self.looked_at = asyncio.Event()
        self.failing: set[str] = set()
        self._happened = asyncio.Condition()

    async def until(self, promise: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE), self._happened:
            await self._happened.wait_for(promise)

    def watch(self, *watched: Watched) -> None:
        self.watched = watched
        self.changed.set()

    @override
    async def enabled(self) -> Sequence[Watched]:
        self.looked_at.set()
        return self.watched

    @override
    async def refresh(self, id: str) -> None:
        async with self._happened:
            self.refreshed.append(id)
            self._happened.notify_all()
        if id in self.failing:
            raise UpstreamRejected("it answered nonsense")

    @override
    async def observed(self, id: str, reachable: bool, error: str) -> None:
        async with self._happened:
            self.seen[id] = (reachable, error)
            self._happened.notify_all()

    async def hinted(self) -> AsyncIterator[str]:
        while True:
            yield await self.hints.get()


@asynccontextmanager
async def running(
    connector: Connector, registry: Registry, pace: Pace = QUICK
) -> AsyncIterator[None]:
    task = asyncio.create_task(make_upkeep(connector, registry, pace).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


def make_upkeep(connector: Connector, registry: Registry, pace: Pace) -> Upkeep:
    hints = registry.hinted()
    return Upkeep(connector, registry, registry.changed, hints, random=lambda: 0.5, pace=pace)


def watched(upstream: RunningServer, id: str = "a") -> Watched:
    return Watched(id, Target(upstream.url), CHANGES)


@pytest.mark.parametrize("options", [{"era": "modern"}, {"era": "legacy"}, {"transport": "sse"}])
async def test_a_change_of_the_upstreams_lists_leads_to_a_refresh(
    connector: Connector, options: dict[str, Any]
) -> None:
    async with mcp_server(**options) as upstream:
        registry = Registry(watched(upstream))
        async with running(connector, registry):
            await registry.until(lambda: len(registry.refreshed) == 1)
            assert registry.seen["a"] == (True, "")
            await upstream.catalogue.changed()
            await registry.until(lambda: len(registry.refreshed) == 2)


async def test_a_burst_of_changes_leads_to_one_refresh(connector: Connector) -> None:
    pace = Pace(debounce=1.0, interval=60)
    async with mcp_server() as upstream:
        registry = Registry(watched(upstream))
        async with running(connector, registry, pace):
            await registry.until(lambda: len(registry.refreshed) == 1)
            for _ in range(20):
                await upstream.catalogue.changed()
            await registry.until(lambda: len(registry.refreshed) == 2)
            registry.hints.put_nowait("a")
            await registry.until(lambda: len(registry.refreshed) >= 3)
            assert len(registry.refreshed) == 3


async def test_a_stream_that_breaks_is_opened_again_and_the_lists_are_read_anew(
    connector: Connector,
) -> None:
    port = free_port()
    registry = Registry(Watched("a", Target(f"http://127.0.0.1:{port}/mcp"), CHANGES))
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(mcp_server(port=port))
        await stack.enter_async_context(running(connector, registry))
        await registry.until(lambda: registry.refreshed == ["a"])
        await upstream.stop()
        await registry.until(lambda: registry.seen["a"][0] is False)
        assert "Connection refused" in registry.seen["a"][1]
        async with mcp_server(port=port):
            await registry.until(lambda: registry.seen["a"] == (True, ""))
            await registry.until(lambda: registry.refreshed == ["a", "a"])


async def test_an_upstream_without_a_standing_stream_is_refreshed_by_interval(
    connector: Connector,
) -> None:
    pace = Pace(debounce=0.01, interval=0.1)
    async with serve(RawMcp({"server/discover": discover()})) as base:
        registry = Registry(
            Watched("silent", Target(base), b'{"tools":{}}'),
            Watched("refuses", Target(base), CHANGES),
        )
        async with running(connector, registry, pace):
            await registry.until(lambda: registry.refreshed.count("silent") >= 3)
            await registry.until(lambda: registry.refreshed.count("refuses") >= 3)


async def test_an_upstream_may_have_an_interval_of_its_own(connector: Connector) -> None:
    closed = Target("http://127.0.0.1:1")
    registry = Registry(Watched("often", closed, interval=0.05), Watched("seldom", closed))
    async with running(connector, registry):
        await registry.until(lambda: registry.refreshed.count("often") >= 3)
        assert registry.refreshed.count("seldom") <= 1


async def refreshed_meanwhile(registry: Registry, id: str) -> bool:
    """Whether it is refreshed while an upstream that is refreshed by interval is so five times."""
    before, other = registry.refreshed.count(id), registry.refreshed.count("silent")
    await registry.until(lambda: registry.refreshed.count("silent") >= other + 5)
    return registry.refreshed.count(id) > before


async def test_an_open_stream_needs_no_interval(connector: Connector) -> None:
    pace = Pace(debounce=0.01, interval=0.05)
    async with mcp_server() as upstream, serve(RawMcp({})) as base:
        registry = Registry(watched(upstream), Watched("silent", Target(base)))
        async with running(connector, registry, pace):
            await registry.until(lambda: "a" in registry.refreshed)
            async with asyncio.timeout(DEADLINE):
                while await refreshed_meanwhile(registry, "a"):
                    pass  # the stream was not open yet


async def test_a_hint_leads_to_a_refresh_and_an_unknown_one_to_nothing(
    connector: Connector,
) -> None:
    closed = Target("http://127.0.0.1:1")
    registry = Registry(Watched("a", closed), Watched("b", closed))
    async with running(connector, registry):
        await registry.looked_at.wait()
        for id in ("stranger", "a"):
            registry.hints.put_nowait(id)
        await registry.until(lambda: registry.refreshed == ["a"])


async def test_a_refresh_that_fails_is_reported_and_tried_again(connector: Connector) -> None:
    pace = Pace(debounce=0.01, interval=0.05)
    registry = Registry(Watched("a", Target("http://127.0.0.1:1")))
    registry.failing.add("a")
    async with running(connector, registry, pace):
        await registry.until(lambda: registry.seen.get("a") == (False, "it answered nonsense"))
        registry.failing.clear()
        await registry.until(lambda: registry.seen["a"] == (True, ""))


async def test_an_upstream_that_hangs_costs_the_others_nothing(hasty: Connector) -> None:
    async def hang(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.Event().wait()

    async with serve(hang) as base, mcp_server() as upstream:
        stuck = [Watched(f"stuck{n}", Target(base), CHANGES) for n in range(40)]
        registry = Registry(*stuck, watched(upstream, "good"))
        async with running(hasty, registry):
            await registry.until(lambda: "good" in registry.refreshed)
            before = len(registry.refreshed)
            await upstream.catalogue.changed()
            await registry.until(lambda: len(registry.refreshed) > before)
            await registry.until(lambda: "stuck0" in registry.seen)
    assert registry.seen["stuck0"][1].startswith("no answer in 1.5 s, waiting for POST")


async def test_upstreams_come_and_go_with_the_registry(connector: Connector) -> None:
    async with mcp_server() as first, mcp_server() as second:
        registry = Registry(watched(first, "first"))
        async with running(connector, registry):
            await registry.until(lambda: registry.refreshed == ["first"])
            registry.watch(watched(second, "second"))
            await registry.until(lambda: registry.refreshed == ["first", "second"])
            await first.catalogue.changed()
            await second.catalogue.changed()
            await registry.until(lambda: registry.refreshed.count("second") == 2)
            assert registry.refreshed.count("first") == 1


async def test_the_upkeep_of_an_upstream_ends_even_when_a_cancellation_is_lost(
    connector: Connector,
) -> None:
    """As happens when `asyncio.wait_for` gets its answer together with the cancellation."""
    begun = asyncio.Event()

    class Stubborn(Registry):
        @override
        async def refresh(self, id: str) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.Event().wait()

    registry = Stubborn(Watched("a", Target("http://127.0.0.1:1")))
    task = asyncio.create_task(make_upkeep(connector, registry, QUICK).run())
    registry.hints.put_nowait("a")
    await registry.looked_at.wait()
    registry.hints.put_nowait("a")
    async with asyncio.timeout(DEADLINE):
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
