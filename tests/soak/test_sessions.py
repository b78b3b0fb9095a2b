"""Long: 500 sessions of all eras call, are asked, think and listen, while replicas are restarted at
random, in good order or not.

Every answer must be the caller's own. SOAK_SECONDS (default 600) says for how long; the last third
goes without restarts, and memory is flat in its second half. The seed is printed; SOAK_SEED repeats
a run.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from matrix import upstreams
from matrix.raw_clients import Broken, LegacyClient, ModernClient, Place, Wrong
from matrix.upstreams import MatrixUpstream
from mcpgateway.common.runtime.tasks import end
from support.calls import healed
from support.mcp_servers import MODERN
from support.suite import Suite, running_suite
from support.wait import until

pytestmark = pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
SEED = int(os.environ.get("SOAK_SEED", str(random.randrange(2**32))))
SESSIONS = 500
KINDS = (MODERN, "2025-11-25", "2024-11-05")
REVISIONS = (MODERN, "2025-11-25", "2025-06-18", "2025-03-26")
IDLE = (1.0, 9.0)  # seconds between two calls of a session
THINKS = (0.0, 4.0)  # seconds that a user takes
EXCUSED = 20.0  # seconds after a restart, in which calls may be lost
LISTENERS = 40
# What a replica may grow by in the last sixth, as a part of what it has: Python looks for cycles in
# everything when there is a quarter more of it than the last time, so memory has a saw's teeth.
GROWTH = 0.25
TOOLS = {"echo": "{mark} {revision}", "elicit": "accept {mark}", "sample": "re {mark}"}


@dataclass
class Tally:
    """`wrong` must stay empty."""

    restarted: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def lost(self, what: str, problem: Exception, since: float) -> None:
        """Only a restart in a call's time excuses that it is lost."""
        self.counts["lost"] += 1
        if self.restarted < since - EXCUSED:
            self.wrong.append(f"{what} was lost without a cause: {problem}")


def rss(pid: int) -> int:
    """Resident memory in kB."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])


def expected(tool: str, mark: str, client: str, upstream: str) -> str:
    one_era = MODERN not in (client, upstream)
    return TOOLS[tool].format(mark=mark, revision=min(client, upstream) if one_era else upstream)


class Caller:
    """One session, and its user."""

    def __init__(self, number: int, place: Place, ups: list[MatrixUpstream], tally: Tally) -> None:
        self._number = number
        self._chosen = random.Random(SEED + number)
        self._place = place
        self._ups = ups
        self._tally = tally
        self._revision = REVISIONS[number % len(REVISIONS)]
        self.client = self._made()

    def _made(self) -> ModernClient | LegacyClient:
        if self._revision == MODERN:
            return ModernClient(self._place)
        return LegacyClient(self._place, self._revision)

    async def run(self, stop: asyncio.Event) -> None:
        """Opens its session once: that goes on whatever happens to replicas."""
        while not await self._tries(self.client.open(), "opening"):
            pass
        turn = 0
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._chosen.uniform(*IDLE))
            turn += 1
            await self._tries(self._turn(turn), "a call")

    async def _turn(self, turn: int) -> None:
        tool = self._chosen.choice(list(TOOLS))
        if tool == "elicit" and self._revision < "2025-06-18":
            tool = "sample"
        up = self._chosen.choice(self._ups)
        if tool == "elicit" and up.kind < "2025-06-18":
            tool = "sample"
        mark = f"{self._number}-{turn}"
        pause = self._chosen.uniform(*THINKS)
        found = await self.client.call(f"{up.name}-{tool}", mark, pause)
        wanted = expected(tool, mark, self._revision, up.revision)
        if found != wanted:
            raise Wrong(f"{found!r} in place of {wanted!r}")
        self._tally.counts[tool] += 1

    async def _tries(self, doing: Awaitable[None], what: str) -> bool:
        """Whether it need not be tried again."""
        since = time.monotonic()
        try:
            async with asyncio.timeout(90):
                await doing
        except Broken as problem:
            self._tally.lost(f"{what} of {self._number} ({self._revision})", problem, since)
            await asyncio.sleep(self._chosen.uniform(0.1, 1))
            return False
        except (Wrong, TimeoutError) as problem:
            self._tally.wrong.append(f"{what} of {self._number}: {problem!r}")
        return True


class Listener:
    """A session that follows a resource of its own, over and over."""

    def __init__(self, number: int, place: Place, up: MatrixUpstream, tally: Tally) -> None:
        self._uri = f"memo://{up.name}/listener-{number}"
        self._client = LegacyClient(place, "2025-11-25")
        self._up = up
        self._tally = tally

    async def run(self) -> None:
        while True:
            with suppress(Broken):
                await self._client.open()
                async for uri in self._client.follow(self._uri):
                    self._heard(uri)
            await asyncio.sleep(0.5)

    def _heard(self, uri: str) -> None:
        self._tally.counts["updates"] += bool(uri)
        if uri not in ("", self._uri):
            self._tally.wrong.append(f"{self._uri} was told of {uri}")
        self.change()

    def change(self) -> None:
        asyncio.get_running_loop().call_later(5, self._up.journal.write, "touched", self._uri)


async def restart_some(suite: Suite, tally: Tally, chosen: random.Random) -> None:
    """One replica, in good order or not; returns when it serves again, and a while later."""
    pid = chosen.choice(suite.pids("data-plane"))
    sign = chosen.choice([signal.SIGTERM, signal.SIGKILL])
    tally.restarted = time.monotonic()
    os.kill(pid, sign)
    tally.counts[sign.name] += 1
    await until(lambda: pid not in suite.pids("data-plane"), "it ends", 60)
    await healed(suite, "data-plane", [pid])
    tally.restarted = time.monotonic()
    await asyncio.sleep(chosen.uniform(2, 15))


async def test_every_session_gets_its_own_answers_while_replicas_are_restarted(
    tmp_path: Path,
) -> None:
    print(f"SOAK_SEED={SEED}")
    chosen, tally, stop = random.Random(SEED), Tally(), asyncio.Event()
    async with AsyncExitStack() as stack:
        ups = [
            await stack.enter_async_context(upstreams.running(kind, tmp_path / kind))
            for kind in KINDS
        ]
        suite = await stack.enter_async_context(running_suite(tmp_path / "data", "--replicas", "2"))
        for up in ups:
            await suite.register(up.name, up.url, transport=up.transport)
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=SESSIONS)
        http = httpx2.AsyncClient(base_url=suite.url, timeout=60, limits=limits)
        await stack.enter_async_context(http)
        place = Place(http, "/mcp", suite.token)
        listeners = [
            asyncio.create_task(Listener(n, place, ups[n % len(ups)], tally).run())
            for n in range(LISTENERS)
        ]
        callers = [
            asyncio.create_task(Caller(n, place, ups, tally).run(stop)) for n in range(SESSIONS)
        ]
        await until(lambda: tally.counts["echo"] > SESSIONS / 2, "sessions are under way", 120)
        finish = time.monotonic() + SECONDS
        while time.monotonic() < finish - SECONDS / 3 and not tally.wrong:
            await restart_some(suite, tally, chosen)
        await asyncio.sleep(max(0.0, finish - SECONDS / 6 - time.monotonic()))
        before = {pid: rss(pid) for pid in suite.pids("data-plane")}
        await asyncio.sleep(max(0.0, finish - time.monotonic()))
        grown = {pid: rss(pid) - kb for pid, kb in before.items()}
        stop.set()
        await asyncio.gather(*callers)
        await end(*listeners)
    print(f"{dict(tally.counts)}; replicas had {before} kB and grew by {grown} kB")
    assert tally.wrong == []
    assert all(kb < before[pid] * GROWTH for pid, kb in grown.items()), grown
