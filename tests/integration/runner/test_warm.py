"""A control plane keeps warm what a runner runs: real processes, asked over HTTP."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mcpgateway.common.errors import NotFound
from mcpgateway.common.mcp.modern import Implementation
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.server import Listener
from mcpgateway.common.runtime.tasks import end
from mcpgateway.control_plane.discovery.client import Connector
from mcpgateway.control_plane.discovery.outbound import open_outbound
from mcpgateway.control_plane.discovery.standing import Pace, StandingStream
from mcpgateway.control_plane.discovery.warm import WarmListener
from mcpgateway.control_plane.registry.discovered.ports import Target, Watched
from mcpgateway.control_plane.registry.runners import Runners
from support.http import free_port
from support.runner import PROGRAM, RING, SCRIPT, Asker, stdio_room
from support.wait import until

QUICK = Pace(retry_first=0.05, retry_most=0.1)
OPTIONS = {"command": PROGRAM, "args": SCRIPT, "warm": True}
TARGET = Target("", "STDIO", options=OPTIONS, id="u1")


@asynccontextmanager
async def runner(folder: Path, port: int) -> AsyncIterator[Asker]:
    async with stdio_room(folder) as asker:
        limits = ServerLimits(header_bytes=96 * 1024)
        listener = await Listener.open(asker.room, "127.0.0.1", port, limits)
        try:
            yield asker
        finally:
            await listener.drain(1.0)


class Watching:
    """What upkeep does with a warm upstream; `enabled` says whether it is offered."""

    def __init__(self, connector: Connector, port: int) -> None:
        urls = (f"http://127.0.0.1:{port}",)
        runners = Runners(urls, RING, RING, os.urandom, time.time)
        self.enabled = True
        self.looked = 0
        self.said: list[tuple[bool, str]] = []
        self.port = port
        self.listener = WarmListener(runners, connector, self.current, every=0.05)
        self.stream = StandingStream(
            self.listener, TARGET, self.look, self.observed, QUICK, lambda: 0.0
        )

    async def current(self, id: str) -> Target:
        if not self.enabled:
            raise NotFound(f"no enabled gateway {id!r}")
        return TARGET

    def look(self) -> None:
        self.looked += 1

    async def observed(self, reachable: bool, error: str) -> None:
        self.said.append((reachable, error))


@pytest.fixture
async def watching() -> AsyncIterator[Watching]:
    async with open_outbound(AddressPolicy(loopback=True, private=True)) as outbound:
        yield Watching(Connector(outbound, Implementation("tests", "1")), free_port())


@asynccontextmanager
async def kept_warm(watching: Watching) -> AsyncIterator["asyncio.Task[str]"]:
    task = asyncio.create_task(watching.stream.follow())
    try:
        yield task
    finally:
        await end(task)


async def test_a_warm_server_runs_before_anybody_asks_for_it(
    watching: Watching, tmp_path: Path
) -> None:
    async with runner(tmp_path, watching.port) as asker, kept_warm(watching):
        await until(lambda: len(asker.pids) == 1 and watching.looked == 1, "it runs")
        assert watching.said == [(True, "")]


async def test_it_runs_again_after_a_crash(watching: Watching, tmp_path: Path) -> None:
    async with runner(tmp_path, watching.port) as asker, kept_warm(watching):
        await until(lambda: len(asker.pids) == 1, "it runs")
        (first,) = asker.pids
        os.kill(first, signal.SIGKILL)
        await until(lambda: bool(set(asker.pids) - {first}), "another runs")


async def runs(folder: Path, port: int) -> None:
    async with runner(folder, port) as asker:
        await until(lambda: len(asker.pids) == 1, "it runs")


async def test_it_runs_again_in_a_runner_that_began_anew(
    watching: Watching, tmp_path: Path
) -> None:
    async with kept_warm(watching):
        for _ in range(2):
            await runs(tmp_path, watching.port)
            await until(lambda: not watching.said[-1][0], "it is told as not reachable")


async def test_one_that_was_ended_is_not_brought_back_by_an_older_word(
    watching: Watching, tmp_path: Path
) -> None:
    """Deltas tell of an end at once, upkeep hears of it a moment later."""
    async with runner(tmp_path, watching.port) as asker, kept_warm(watching) as keeping:
        await until(lambda: len(asker.pids) == 1, "it runs")
        watching.enabled = False
        assert asker.ours("end").status == 200
        assert await keeping == "it is not offered any more"
        await until(lambda: asker.pids == [], "it ended")
        assert asker.watched()["starts"] <= 1


async def test_only_what_is_to_be_warm_is_listened_to(watching: Watching) -> None:
    assert watching.listener.tells(Watched("u1", TARGET, warm=True)) == "some"
    assert watching.listener.tells(Watched("u1", TARGET)) is None
