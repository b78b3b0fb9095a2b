"""`python -m conformance [WORD ...]`: the official suite, directly and through the gateway.

Words pick runs by name ("client", "2025-11-25", "-> legacy"). A run of everything rewrites
docs/conformance.md. Exit code 1: a check is worse through the gateway and no reason is given,
or one fails directly.
Where the suite can not be installed it says so and ends with 0.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path

from mcp.shared.exceptions import MCPDeprecationWarning

from conformance import node
from conformance.checks import Outcomes
from conformance.examine import Examiner
from conformance.fixture import fixture
from conformance.gateway import gateway
from conformance.legs import LEGS, UPSTREAMS, Leg, Set, chosen, own
from conformance.report import About, Found, document, summary

HERE = Path(__file__).parent
PAGE = node.ROOT / "docs" / "conformance.md"


async def examine(legs: Sequence[Leg], owned: Sequence[Set], suite: Path, results: Path) -> Found:
    """One fixture for each era, one gateway, all runs one after the other."""
    examiner = Examiner(suite, results)
    sets = list(dict.fromkeys(leg.set for leg in legs))
    async with AsyncExitStack() as stack:
        both = _local(await stack.enter_async_context(fixture("both")))
        direct = {each: await _directly(examiner, each, both) for each in sets}
        running = await stack.enter_async_context(gateway(results / "data"))
        urls = {
            era: await running.offer(era, await stack.enter_async_context(fixture(era)))
            for era in UPSTREAMS
        }
        direct |= {each: await examiner.authorization(each, running) for each in owned}
        through: dict[Leg, Outcomes] = {}
        for leg in legs:
            if leg.upstream == "suite":
                through[leg] = await examiner.client(leg.set, leg.name, running)
            else:
                through[leg] = await examiner.server(leg.set, urls[leg.upstream], leg.name)
    return Found(direct, through)


async def _directly(examiner: Examiner, scenarios: Set, url: str) -> Outcomes:
    name = f"{scenarios.name} directly"
    if scenarios.role == "client":
        return await examiner.client(scenarios, name)
    return await examiner.server(scenarios, url, name)


def _local(url: str) -> str:
    """The suite takes a server for a local one by this name."""
    return url.replace("127.0.0.1", "localhost")


def _about() -> About:
    wanted = json.loads((HERE / "node" / "package.json").read_text())
    suite = wanted["dependencies"]["@modelcontextprotocol/conformance"]
    return About(
        time.strftime("%Y-%m-%d", time.gmtime()),
        {
            "@modelcontextprotocol/conformance": suite,
            "mcp (Python SDK)": version("mcp"),
            "gateway": version("mcpgateway"),
        },
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="The official conformance suite.")
    parser.add_argument("words", nargs="*", help="run what has these words in its name")
    parser.add_argument("--results", type=Path, help="where the suite writes (a new folder)")
    options = parser.parse_args()
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    try:
        suite = asyncio.run(node.install())
        node.command(suite)
    except node.Unavailable as problem:
        print(f"SKIPPED: {problem}", file=sys.stderr)
        return 0
    legs, owned = chosen(options.words), own(options.words)
    results = options.results or Path(tempfile.mkdtemp(prefix="conformance-"))
    results.mkdir(parents=True, exist_ok=True)
    found = asyncio.run(examine(legs, owned, suite, results.resolve()))
    print(summary(found))
    print(f"details in {results}")
    if len(legs) == len(LEGS):
        preface = (HERE / "preface.md").read_text()
        PAGE.write_text(document(preface, found, _about()))
    faults = any(each.fault for each in found.explained())
    return 1 if faults or found.fixture_faults else 0


if __name__ == "__main__":
    sys.exit(main())
