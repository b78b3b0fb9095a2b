"""Applying a delta that changes one tool."""

import json
import subprocess
import sys
from collections.abc import Iterator

from bench.contract import Lab, Line, Row, Target
from bench.figures import percentile
from bench.processes import PROXY_CORE

TARGETS = {10_000: Target("<=", 1.0), 100_000: Target("<=", 6.0)}
PAUSE = Target("<=", 5.0)


def measure(lab: Lab) -> Iterator[Line]:
    for size, target in TARGETS.items():
        rounds = [_round(size) for _ in range(min(lab.rounds, 3))]
        for name, percent, wanted in (
            ("apply", 50, target),
            ("apply", 99, None),
            ("pause", 100, PAUSE),
        ):
            values = tuple(percentile(one[name], percent) for one in rounds)
            what = f"{name}, p{percent}" if percent < 100 else f"longest {name}"
            yield Line(f"{size:,} tools: {what}", "ms", values, wanted)


def _round(size: int) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "bench.apply_delta", "--tools", str(size)]
    pinned = ["taskset", "-c", PROXY_CORE, *command]
    found: dict[str, list[float]] = json.loads(subprocess.check_output(pinned))
    return found


ROW = Row(
    "deltas",
    "A change of one tool, applied",
    "Loop time on one core, in a process of its own; a pause is how long others wait at most.",
    measure,
    ("taskset",),
)
