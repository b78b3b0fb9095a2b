"""From a write over REST to replicas that have applied it, with 10,000 tools in the table."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import NamedTuple

import aiohttp
import uvloop

from bench.contract import Lab, Line, Row, Target
from bench.figures import percentile
from bench.followers import Arrivals, following, receipts
from bench.gateway import Gateway, gateway, upstream
from mcpgateway.common.runtime.settings import load
from mcpgateway.data_plane.settings import Settings

TOOLS = 10_000
WRITES, SPACING = 50, 0.02  # of a round; seconds between one that has arrived and the next
_UNCOUNTED = 20  # writes before them
BURST, RATE = 1_000, 100
PROCESSES = 10
Targets = dict[int, Target]  # by percentile
FOLLOWERS: dict[int, Targets] = {
    1: {},
    10: {50: Target("<=", 8.0), 99: Target("<=", 40.0)},
    50: {99: Target("<=", 100.0)},
}
ALL_APPLIED = Target("<=", 10.5)


class Round(NamedTuple):
    """Milliseconds from the sending of a write: until the REST answer, of each write; until a
    replica has applied it, of all replicas and writes."""

    answered: list[float]
    applied: list[float]


class Writer:
    """Switches tools off and on again by the REST API, one after the other."""

    def __init__(self, session: aiohttp.ClientSession, tools: list[str]) -> None:
        self._session = session
        self._tools = tools
        self._count = 0

    async def write(self) -> int:
        """The revision that the write made."""
        round, number = divmod(self._count, len(self._tools))
        self._count += 1
        state = "true" if round % 2 else "false"
        path = f"/tools/{self._tools[number]}/state?activate={state}"
        async with self._session.post(path) as answer:
            answer.raise_for_status()
            await answer.read()
            return int(answer.headers["Registry-Revision"])


def measure(lab: Lab) -> list[Line]:
    with gateway(lab.folder, pinned=False) as ours:
        with upstream(lab.folder, tools=TOOLS) as (served, _):
            ours.register("many", served[0])
        return [
            *uvloop.run(_followers(lab, ours)),
            *_processes(lab, ours),
        ]


async def _followers(lab: Lab, ours: Gateway) -> list[Line]:
    environ = ours.settings("data-plane")
    lines: list[Line] = []
    async with _writer(ours) as writer:
        for count, targets in FOLLOWERS.items():
            name = f"{count} follower{'s'[: count - 1]}"
            async with following(environ, count) as arrivals:
                await _settled(writer, arrivals, count)
                rounds = [await _round(writer, arrivals, count) for _ in range(lab.rounds)]
                lines += _lines(name, rounds, targets)
                if count == PROCESSES:
                    took = await _burst(writer, arrivals, count)
                    what = f"{name}: {BURST:,} writes at {RATE}/s, all applied"
                    lines.append(Line(what, "s", (took,), ALL_APPLIED))
    return lines


def _processes(lab: Lab, ours: Gateway) -> list[Line]:
    with ExitStack() as stack:
        for number in range(PROCESSES - 1):
            stack.enter_context(ours.data_plane(f"replica{number}"))
        return uvloop.run(_heard(lab, ours))


async def _heard(lab: Lab, ours: Gateway) -> list[Line]:
    settings = load(Settings, ours.settings("data-plane"))
    async with (
        receipts(ours.settings("control-plane"), settings) as arrivals,
        _writer(ours) as writer,
    ):
        await _settled(writer, arrivals, PROCESSES)
        rounds = [await _round(writer, arrivals, PROCESSES) for _ in range(lab.rounds)]
    return list(_lines(f"{PROCESSES} data-plane processes", rounds, FOLLOWERS[10]))


def _lines(what: str, rounds: list[Round], targets: Targets) -> Iterator[Line]:
    answered = tuple(percentile(one.answered, 50) for one in rounds)
    yield Line(f"{what}: the answer to the write, p50", "ms", answered)
    for percent in (50, 99):
        values = tuple(percentile(one.applied, percent) for one in rounds)
        yield Line(f"{what}: applied, p{percent}", "ms", values, targets.get(percent))


@asynccontextmanager
async def _writer(ours: Gateway) -> AsyncIterator[Writer]:
    tools = [str(tool["id"]) for tool in ours.get("/tools?limit=500")]
    base = f"http://127.0.0.1:{ours.port}"
    async with aiohttp.ClientSession(base, headers=ours.authorization) as session:
        yield Writer(session, tools)


async def _settled(writer: Writer, arrivals: Arrivals, replicas: int) -> None:
    """Waits until all follow, and have done what they do after their start."""
    for _ in range(_UNCOUNTED):
        await arrivals.all_have(await writer.write(), replicas)


async def _round(writer: Writer, arrivals: Arrivals, replicas: int) -> Round:
    found = Round([], [])
    arrivals.forget()
    for _ in range(WRITES):
        begun = time.time()
        revision = await writer.write()
        found.answered.append((time.time() - begun) * 1000)
        times = await arrivals.all_have(revision, replicas)
        found.applied.extend((at - begun) * 1000 for at in times)
        await asyncio.sleep(SPACING)
    return found


async def _burst(writer: Writer, arrivals: Arrivals, replicas: int) -> float:
    """Seconds from the first of many writes until all replicas have the last."""
    begun = time.time()
    pending: list[asyncio.Task[int]] = []
    for number in range(BURST):
        await asyncio.sleep(max(0.0, begun + number / RATE - time.time()))
        pending.append(asyncio.create_task(writer.write()))
    last = max(await asyncio.gather(*pending))
    return max(await arrivals.all_have(last, replicas)) - begun


ROW = Row(
    "propagation",
    f"A write, applied on every replica, with {TOOLS:,} tools",
    "From the sending of `POST /tools/{id}/state` to the public address until a replica has "
    "swapped its table: transaction, publishing, NATS and applying are all in it. Followers are "
    "the data plane's own, many in one process; then whole data-plane processes, by what their "
    "receipts say. Everything shares the machine's cores.",
    measure,
)
