"""What the gateway adds to a call that has it for itself: one connection."""

from collections.abc import Iterator

from bench.contract import Lab, Line, Row, Target
from bench.figures import differences
from bench.stage import PROGRAMS, alternate, stage
from bench.wrk import Run

TARGETS = {"p50": Target("<=", 150), "p99": Target("<=", 500)}


def measure(lab: Lab) -> list[Line]:
    with stage(lab) as on:
        load = on.modern("fast")
        proxies = (on.direct("fast", load), on.nginx("fast", load), on.ours("gateway", load))
        runs = alternate(lab, proxies, connections=1)
    return [*_seen(runs), *_added(runs)]


def _seen(runs: dict[str, list[Run]]) -> Iterator[Line]:
    for name, found in runs.items():
        for percent in TARGETS:
            values = tuple(float(getattr(run, percent)) for run in found)
            yield Line(f"{name}, {percent}", "us", values)


def _added(runs: dict[str, list[Run]]) -> Iterator[Line]:
    for name in ("nginx", "gateway"):
        for percent, target in TARGETS.items():
            with_it = [float(getattr(run, percent)) for run in runs[name]]
            without = [float(getattr(run, percent)) for run in runs["direct"]]
            wanted = target if name == "gateway" else None
            yield Line(f"{name}, {percent} added", "us", differences(with_it, without), wanted)


ROW = Row(
    "latency",
    "The same on 1 connection",
    "What a proxy adds to the upstream asked directly, in the same round.",
    measure,
    PROGRAMS,
)
