import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typing_extensions import override

from mcpgateway.common.metrics.exposition import Family
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.policy.scraping import LOOPBACK_NETWORKS, Scraping
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.data_plane.edge.callers import Callers
from mcpgateway.data_plane.edge.metrics import AT_ONCE, Measured, MetricsEndpoint
from mcpgateway.data_plane.edge.siblings import Heard, Siblings
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator, Unsealer
from mcpgateway.data_plane.table.holder import TableHolder
from support.endpoint import KEYS, NOW
from support.exchange import RecordingExchange


class Slow(Siblings):
    """Siblings that answer when they are let."""

    def __init__(self, folder: Path, pool: Pool) -> None:
        super().__init__(folder, pool, "a secret")
        self.answered = asyncio.Event()

    @override
    async def ask(self) -> Heard:
        await self.answered.wait()
        families: list[Family] = []
        return Heard({"1": families}, ["2"])


@pytest.fixture
async def siblings(tmp_path: Path) -> AsyncIterator[Slow]:
    pool = Pool()
    yield Slow(tmp_path, pool)
    await pool.aclose()


@pytest.fixture
async def endpoint(siblings: Slow) -> AsyncIterator[MetricsEndpoint]:
    registry = Registry()
    registry.counter("a_total", "A.").value = 5
    unsealer = Unsealer(KEYS.wire, "local", "default")
    callers = Callers(TableHolder(), Authenticator(unsealer, lambda: NOW))
    made = MetricsEndpoint(Measured(registry, siblings, "0"), Scraping(LOOPBACK_NETWORKS), callers)
    yield made
    await made.aclose()


def ask(endpoint: MetricsEndpoint, method: str = "GET") -> RecordingExchange:
    exchange = RecordingExchange(method, "/metrics", [], b"")
    endpoint.handle(exchange)
    return exchange


async def test_the_answer_is_one_s_own_numbers_and_who_was_heard(
    endpoint: MetricsEndpoint, siblings: Slow
) -> None:
    exchange = ask(endpoint)
    siblings.answered.set()
    await exchange.finished()
    lines = exchange.answer.decode().splitlines()
    assert 'a_total{replica="0"} 5' in lines
    assert "mcpgateway_scrape_replicas 2" in lines
    assert "mcpgateway_scrape_replicas_missing 1" in lines


async def test_scrapes_at_once_are_bounded(endpoint: MetricsEndpoint, siblings: Slow) -> None:
    under_way = [ask(endpoint) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)
    assert ask(endpoint).status == 503
    siblings.answered.set()
    for exchange in under_way:
        await exchange.finished()
        assert exchange.status == 200
    after = ask(endpoint)
    await after.finished()
    assert after.status == 200


async def test_a_scraper_that_leaves_makes_room(endpoint: MetricsEndpoint) -> None:
    for _ in range(2 * AT_ONCE):
        exchange = ask(endpoint)
        assert exchange.status == 0
        exchange.leave()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_who_is_no_sibling_gets_no_part(endpoint: MetricsEndpoint) -> None:
    exchange = RecordingExchange("GET", "/metrics/replica", [], b"")
    endpoint.handle_sibling(exchange)
    assert exchange.status == 401
