"""Runs the whole matrix once: one suite, every upstream, every client, all cells at the same time.

A client has a session for all its probes but those of `APART`, which have one for each.
`python -m matrix.run` prints what is found.
"""

import asyncio
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from matrix import clients, upstreams
from matrix.clients import party
from matrix.probes import DEADLINE, PROBES, verdict
from matrix.table import Cell
from matrix.upstreams import MatrixUpstream
from support.balancer import balancer
from support.suite import Suite, running_suite

AT_ONCE = 4  # cells of one client: as many as two cores answer in time


APART = ("resume",)  # which cuts its connection


# A call becomes a task of the gateway's by what the upstream does alone, never for being slow: a
# session with a server on stdio begins with a process.
SETTINGS = {
    "MCPGATEWAY_WS_RELAY_ENABLED": "true",
    "MCPGATEWAY_TASK_AFTER": str(int(2 * DEADLINE)),
}


class Found(NamedTuple):
    """`spoken`: the revisions that the gateway said it speaks, by upstream."""

    verdicts: dict[Cell, str]
    spoken: dict[str, set[str]]


@asynccontextmanager
async def grounds(folder: Path) -> AsyncIterator[tuple[Suite, str, list[MatrixUpstream]]]:
    """The suite with two replicas, the address of a balancer before them, the upstreams."""
    async with AsyncExitStack() as stack:
        ups = [
            await stack.enter_async_context(upstreams.running(kind, folder / kind))
            for kind in upstreams.KINDS
        ]
        running = running_suite(folder / "data", "--replicas", "2", environ=SETTINGS)
        suite = await stack.enter_async_context(running)
        for each in ups:
            await suite.register(each.name, each.url, transport=each.transport)
        async with suite.http() as http:
            replicas = (await http.get("/v1/replicas")).json()["replicas"]
        address = await stack.enter_async_context(balancer([each["address"] for each in replicas]))
        yield suite, address, ups


async def run(folder: Path, features: Collection[str] = tuple(PROBES)) -> Found:
    verdicts: dict[Cell, str] = {}
    async with grounds(folder) as (suite, address, ups):
        rows = (
            _row(Line(address, suite.token, kind), ups, features, verdicts)
            for kind in clients.KINDS
        )
        await asyncio.gather(*rows)
        return Found(verdicts, {each.kind: each.spoken for each in ups})


class Line(NamedTuple):
    address: str
    token: str
    client: str


async def _row(
    line: Line,
    ups: list[MatrixUpstream],
    features: Collection[str],
    verdicts: dict[Cell, str],
) -> None:
    turns = asyncio.Semaphore(AT_ONCE)
    async with party(line.client, line.address, line.token) as common:

        async def probe(feature: str, upstream: MatrixUpstream) -> None:
            cell = Cell(feature, line.client, upstream.kind)
            mark = "-".join(cell).replace("_", "-")
            async with turns:
                if feature in APART:
                    async with party(line.client, line.address, line.token) as own:
                        verdicts[cell] = await verdict(PROBES[feature], own, upstream, mark)
                else:
                    verdicts[cell] = await verdict(PROBES[feature], common, upstream, mark)

        await asyncio.gather(*(probe(each, up) for each in features for up in ups))


async def _main() -> None:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = await run(Path(folder), sys.argv[1:] or tuple(PROBES))
    for feature in dict.fromkeys(cell.feature for cell in found.verdicts):
        sys.stdout.write(f"\n{feature}\n")
        for client in clients.KINDS:
            row = [found.verdicts[Cell(feature, client, each)] for each in upstreams.KINDS]
            sys.stdout.write(f"  {client:11} {' | '.join(row)}\n")
    sys.stdout.write(f"{found.spoken}\n{time.monotonic() - begun:.1f} s\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    asyncio.run(_main())
