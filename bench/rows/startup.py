"""A registry of many tools: reading them in, listing them, and data planes that start with them."""

import asyncio
import time
from collections.abc import Iterator

import aiohttp
import uvloop

from bench.client import ask, wanted
from bench.contract import Lab, Line, Row, Target
from bench.figures import percentile
from bench.gateway import Gateway, elapsed, gateway, upstream
from bench.processes import memory

EACH = 10_000  # tools of an upstream, the most that discovery reads
SIZES = {10_000: (Target("<=", 1.5), Target("<=", 150.0)), 100_000: (None, Target("<=", 600.0))}
CREATE, LIST = Target(">=", 400.0), Target("<=", 10.0)
_STARTS = 3
_CREATED, _AT_ONCE = 400, 8  # tools of a round; requests under way
_LISTED = 100  # of a round


def measure(lab: Lab) -> Iterator[Line]:
    with gateway(lab.folder, pinned=False) as ours:
        yield from _created(lab, ours)
        imported: list[float] = []
        for size, targets in SIZES.items():
            with upstream(lab.folder, size // EACH - len(imported), EACH) as (served, _):
                for port in served:
                    begun = time.perf_counter()
                    ours.register(f"many{port}", port)
                    imported.append(EACH / elapsed(begun))
            yield from _starts(ours, size, targets)
        yield Line("tools read in by POST /gateways, until applied", "tools/s", tuple(imported))
        yield from _listed(lab, ours)


def _starts(ours: Gateway, size: int, targets: tuple[Target | None, Target]) -> Iterator[Line]:
    seconds, sizes = [], []
    for number in range(_STARTS):
        begun = time.perf_counter()
        with ours.data_plane(f"start{size}-{number}") as replica:
            seconds.append(elapsed(begun))
            sizes.append(memory(replica.pid) / 1e6)
    ready, resident = targets
    yield Line(f"start with {size:,} tools, until /ready", "s", tuple(seconds), ready)
    yield Line(f"memory after the start with {size:,} tools", "MB", tuple(sizes), resident)


def _created(lab: Lab, ours: Gateway) -> Iterator[Line]:
    rates = [uvloop.run(_create(ours, number)) for number in range(min(lab.rounds, _STARTS))]
    yield Line("tools created by POST /tools", "rows/s", tuple(rates), CREATE)


async def _create(ours: Gateway, round: int) -> float:
    base = f"http://127.0.0.1:{ours.port}"
    numbers = iter(range(_CREATED))
    async with aiohttp.ClientSession(base, headers=ours.authorization) as session:

        async def some() -> None:
            for number in numbers:
                name = f"made-{round}-{number}"
                body = {"tool": {"name": name, "url": f"https://api.example.com/{name}"}}
                async with session.post("/tools", json=body) as answer:
                    answer.raise_for_status()
                    await answer.read()

        begun = time.perf_counter()
        await asyncio.gather(*(some() for _ in range(_AT_ONCE)))
        return _CREATED / elapsed(begun)


def _listed(lab: Lab, ours: Gateway) -> Iterator[Line]:
    rounds = [_list(ours) for _ in range(lab.rounds)]
    total = max(SIZES)
    for percent, target in ((50, LIST), (99, None)):
        values = tuple(percentile(one, percent) for one in rounds)
        yield Line(f"list 50 of {total:,} tools, page after page, p{percent}", "ms", values, target)


def _list(ours: Gateway) -> list[float]:
    """Milliseconds of each page."""
    found, cursor = [], ""
    for _ in range(_LISTED):
        path = f"/tools?limit=50&include_pagination=true{cursor}"
        begun = time.perf_counter()
        answer = ask(ours.port, path, ours.authorization)
        found.append(elapsed(begun) * 1000)
        cursor = f"&cursor={wanted(answer)['nextCursor']}"
    return found


ROW = Row(
    "startup",
    "Many tools: the registry, and data planes that start with them",
    f"Upstreams of {EACH:,} tools each are registered by REST; a data plane with an empty folder "
    "is started beside the suite's own and reads its table from NATS. Everything shares the "
    "machine's cores.",
    measure,
)
