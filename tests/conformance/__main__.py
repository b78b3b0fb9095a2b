"""`python -m conformance`: the official suite, directly and through the gateway."""

import argparse
import asyncio
import sys
import tempfile
import warnings
from contextlib import AsyncExitStack
from pathlib import Path

from mcp.shared.exceptions import MCPDeprecationWarning

from conformance import node
from conformance.checks import compare, total
from conformance.fixture import fixture
from conformance.gateway import gateway
from conformance.legs import LEGS, SETS, UPSTREAMS, examine


async def _main(only: str) -> None:
    folder = await node.install()
    results = Path(tempfile.mkdtemp(prefix="conformance-"))
    print(results)
    async with AsyncExitStack() as stack:
        direct = {}
        url = await stack.enter_async_context(fixture("both"))
        for each in SETS:
            direct[each] = await examine(
                folder, each, url.replace("127.0.0.1", "localhost"), results / f"direct-{each.revision}"
            )
            print(each.revision, total(direct[each]))
        running = await stack.enter_async_context(gateway(results / "data"))
        urls = {
            era: await running.offer(era, await stack.enter_async_context(fixture(era)))
            for era in UPSTREAMS
        }
        for leg in LEGS:
            if only not in leg.name:
                continue
            through = await examine(
                folder, leg.set, urls[leg.upstream], results / leg.name.replace(" -> ", "-to-")
            )
            print("##", leg.name, total(through))
            for each in compare(direct[leg.set], through):
                print(f"  {each.verdict:6} {each.check.scenario} {each.check.id}: {each.direct} -> {each.through} {each.through.message[:150]}")


if __name__ == "__main__":
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    asyncio.run(_main(sys.argv[1] if sys.argv[1:] else ""))
