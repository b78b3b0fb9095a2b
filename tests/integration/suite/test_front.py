"""Replicas behind a front die and leave under their calls: no read is lost, no write runs twice."""

import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
import pytest_asyncio

from support.counting_server import CountingServer, counting_server
from support.ledger import Ledger, ledger_of
from support.suite import Suite, running_suite
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

KILLS = 10
CLIENTS = 8


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """Three replicas behind a front."""
    data = tmp_path_factory.mktemp("front") / "data"
    async with running_suite(data, "--replicas", "3", "--front", "--no-admin") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def upstream(suite: Suite) -> AsyncIterator[CountingServer]:
    async with counting_server() as counting:
        await suite.register("counting", counting.url)
        yield counting


@asynccontextmanager
async def reading_and_writing(suite: Suite) -> AsyncIterator[Ledger]:
    async with ledger_of(suite, CLIENTS) as ledger:
        await until(lambda: ledger.sessions == CLIENTS, "all clients are connected")
        yield ledger
        await goes_on(ledger, 60)


async def goes_on(ledger: Ledger, reads: int) -> None:
    wanted = ledger.reads + reads
    await until(lambda: ledger.reads > wanted, "calls go on")


async def usable(suite: Suite) -> int:
    async with suite.http() as http:
        return sum((await http.get("/ready")).json()["replicas"].values())


async def all_usable(suite: Suite) -> None:
    async def are() -> bool:
        return await usable(suite) == 3

    await until(are, "three replicas are ready")


async def test_a_replica_that_is_told_to_stop_loses_nothing_at_all(
    suite: Suite, upstream: CountingServer
) -> None:
    await all_usable(suite)
    async with reading_and_writing(suite) as ledger:
        (victim, *_) = suite.pids("data-plane")
        os.kill(victim, signal.SIGTERM)
        await until(lambda: victim not in suite.pids("data-plane"), "it has left")
    assert ledger.wrong(upstream.written) == []
    assert ledger.unknown == 0


async def test_replicas_killed_at_random_lose_no_read_and_repeat_no_write(
    suite: Suite, upstream: CountingServer
) -> None:
    chosen = random.Random(7)
    async with reading_and_writing(suite) as ledger:
        for _ in range(KILLS):
            await until(lambda: len(suite.pids("data-plane")) > 1, "two replicas run")
            await goes_on(ledger, 20)
            os.kill(chosen.choice(suite.pids("data-plane")), signal.SIGKILL)
    assert ledger.wrong(upstream.written) == []
    assert ledger.sessions == CLIENTS, "a client had to begin a new session"


async def test_through_a_front_the_registry_knows_its_client_and_metrics_show_the_front(
    suite: Suite,
) -> None:
    async with suite.http() as http:
        made = await http.post("/servers", json={"server": {"name": "through-a-front"}})
        assert made.status_code == 201, made.text
        shown = (await http.get("/metrics")).text
    assert 'mcpgateway_front_lost_total{replica="front",outcome="again"}' in shown
    assert 'mcpgateway_calls_total{replica="' in shown


async def test_a_front_that_is_stopped_finishes_what_it_has(suite: Suite) -> None:
    """And is started again on the same port."""
    (front,) = suite.pids("cli front")
    os.kill(front, signal.SIGTERM)
    await until(lambda: suite.pids("cli front") not in ([front], []), "it is started again")

    async def answers() -> bool:
        try:
            return await usable(suite) > 0
        except httpx2.TransportError:
            return False

    await until(answers, "it serves again")
