"""Finding tools by words in a server in search mode, and what that spares a model."""

import json
import subprocess
import sys
from collections.abc import Iterator

from bench.contract import Lab, Line, Row, Target
from bench.figures import percentile
from bench.processes import PROXY_CORE
from bench.search_tokens import Spent, spent

ANSWER, PAUSE = Target("<=", 10.0), Target("<=", 5.0)
RECALL = Target(">=", 0.9)
SIZES = (1_000, 100_000)


def measure(lab: Lab) -> Iterator[Line]:
    for size in SIZES:
        rounds = [_round(size) for _ in range(min(lab.rounds, 3))]
        for name, percent, what, wanted in (
            ("answer", 50, "answer, p50", None),
            ("answer", 99, "answer, p99", ANSWER),
            ("change", 99, "a changed tool is found, p99", None),
            ("pause", 100, "longest pause", PAUSE),
        ):
            values = tuple(percentile(one[name], percent) for one in rounds)
            yield Line(f"{size:,} tools: {what}", "ms", values, wanted)
        yield Line(f"{size:,} tools: index made", "s", tuple(one["made"][0] for one in rounds))
        kilobytes = tuple(one["bytes"][0] / 1000 for one in rounds)
        yield Line(f"{size:,} tools: memory of the index per tool", "kB", kilobytes)
    for name in ("queries", "unseen"):
        yield from _tokens(lab, name, spent(name))


def _tokens(lab: Lab, name: str, found: Spent) -> Iterator[Line]:
    said = {"queries": "as users say it", "unseen": "as models search"}[name]
    lab.note(
        f"{said}: {found.tasks} tasks over {found.tools} tools, {found.again} needed a second"
        f" search, {found.unfinished} found no tool. A token is taken to be four bytes."
    )
    yield Line(f"recall@5, {said}", "of queries", (found.recall,), RECALL)
    yield Line(f"a finished task, {said}: all tools listed", "tokens read", (found.listed,))
    yield Line(f"a finished task, {said}: searched", "tokens read", (found.searched,))


def _round(size: int) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "bench.search", "--tools", str(size)]
    pinned = ["taskset", "-c", PROXY_CORE, *command]
    found: dict[str, list[float]] = json.loads(subprocess.check_output(pinned))
    return found


ROW = Row(
    "search",
    "Search mode",
    "Of the data plane's own code, in a process of its own on one core; times are of the processor."
    " Tokens: all that a model reads in all its turns, definitions in each, until the tool has"
    " answered.",
    measure,
    ("taskset",),
)
