"""What is not offered any more is told to its runner."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.routing.model import Delta, Key
from mcpgateway.common.runtime.tasks import end
from mcpgateway.control_plane.publish.ended import GOOD, MOST, Endings, EndingSource
from mcpgateway.control_plane.registry.ports import RoutingSource
from mcpgateway.control_plane.registry.runners import Processes


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Told(Processes):
    """Implements the port; `away`: no runner answers, which moves the clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.away = False
        self.ended: list[tuple[str, float]] = []
        self.asked = asyncio.Event()

    @override
    async def look(self, upstream_id: str) -> bytes:
        return b"{}"

    @override
    async def stop(self, upstream_id: str) -> bytes:
        return b"{}"

    @override
    async def end(self, upstream_id: str, moment: float) -> None:
        self.asked.set()
        if self.away:
            self.clock.now += GOOD + 1
            raise UpstreamUnreachable("nobody is there")
        self.ended.append((upstream_id, moment))


@pytest.fixture
async def told() -> Told:
    return Told(Clock())


@pytest.fixture
async def endings(told: Told) -> AsyncIterator[Endings]:
    made = Endings(told, told.clock)
    running = asyncio.create_task(made.run())
    yield made
    await end(running)


def gone(*ids: str) -> Delta:
    keys = [Key("upstream", id) for id in ids] + [Key("credential", f"{id}:ticket") for id in ids]
    return Delta("r", 1, 2, deletes=tuple(keys))


async def test_a_runner_hears_of_what_is_gone(told: Told, endings: Endings) -> None:
    endings.heard(gone("a", "b"), 990.0)
    async with asyncio.timeout(10):
        await told.asked.wait()
    assert told.ended == [("a", 990.0), ("b", 990.0)]


async def test_what_is_offered_still_or_was_no_command_is_not_told(
    told: Told, endings: Endings
) -> None:
    endings.heard(Delta("r", 1, 2, deletes=(Key("upstream", "x"), Key("tool", "y"))), 990.0)
    endings.heard(Delta("r", 1, 2, deletes=(Key("credential", "z:ticket"),)), 990.0)
    endings.heard(gone("a"), 991.0)
    async with asyncio.timeout(10):
        await told.asked.wait()
    assert told.ended == [("a", 991.0)]


async def test_a_runner_that_is_away_is_not_asked_for_ever(
    told: Told, endings: Endings, caplog: pytest.LogCaptureFixture
) -> None:
    told.away = True
    endings.heard(gone("a"), 1000.0)
    async with asyncio.timeout(10):
        await told.asked.wait()
    assert "processes of gateway a may run on" in caplog.text
    assert not endings._waiting


async def test_what_waits_has_a_bound(told: Told) -> None:
    idle = Endings(told, told.clock)
    idle.heard(gone(*(str(number) for number in range(MOST + 5))), 1000.0)
    assert len(idle._waiting) == MOST


async def test_the_moment_is_before_the_delta_was_read(told: Told, endings: Endings) -> None:
    class Source(RoutingSource):
        @override
        async def delta(self, base: int) -> Delta:
            told.clock.now += 50.0
            return gone("a")

    assert await EndingSource(Source(), endings).delta(7) == gone("a")
    async with asyncio.timeout(10):
        await told.asked.wait()
    assert told.ended == [("a", 1000.0)]
