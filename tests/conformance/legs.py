"""What is run: which set of the suite's requirements, on which kind of upstream."""

from dataclasses import dataclass
from pathlib import Path

from conformance import checks, node
from conformance.checks import Outcomes
from support.mcp_servers import Era

WAIT = 180.0  # seconds for one run of the suite
MODERN = "2026-07-28"
LEGACY = "2025-11-25"


@dataclass(frozen=True, slots=True)
class Set:
    """A set of scenarios that the suite runs on a server. `flag` chooses it, with `revision`."""

    revision: str
    flag: str

    @property
    def era(self) -> Era:
        return "modern" if self.revision == MODERN else "legacy"


SETS = (
    Set(MODERN, "--requirements"),
    Set(LEGACY, "--requirements"),
    Set("2025-06-18", "--spec-version"),
    Set("2025-03-26", "--spec-version"),
)
UPSTREAMS: tuple[Era, ...] = ("modern", "legacy")


@dataclass(frozen=True, slots=True)
class Leg:
    """One comparison: a set run directly, and through the gateway in front of an upstream that
    speaks one era only."""

    set: Set
    upstream: Era

    @property
    def name(self) -> str:
        return f"{self.set.revision} -> {self.upstream}"

    @property
    def across(self) -> bool:
        return self.set.era != self.upstream


LEGS = tuple(Leg(each, upstream) for each in SETS for upstream in UPSTREAMS)


async def examine(folder: Path, set: Set, url: str, results: Path) -> Outcomes:
    """Runs the suite (installed in `folder`) on a server; keeps what it wrote in `results`."""
    words = (*node.command(folder), "server", "--url", url, set.flag, set.revision)
    results.mkdir(parents=True, exist_ok=True)
    _, output = await node.run(*words, "-o", str(results), folder=folder, wait=WAIT)
    (results / "output.txt").write_text(output)
    outcomes = checks.load(results)
    if not outcomes:
        raise AssertionError(f"the suite examined nothing:\n{output[-2000:]}")
    return outcomes
