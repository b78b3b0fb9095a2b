"""How long it takes to connect when some of many upstreams hang."""

import os
import signal
import time
from collections.abc import Callable

from bench import messages
from bench.client import ask, wanted
from bench.contract import Lab, Line, Row, Target
from bench.figures import percentile
from bench.gateway import Gateway, elapsed, gateway, upstream

GOOD, HANGING = 40, 10
SAMPLES = 50  # of a round
TARGET = Target("<=", 5.0)


def measure(lab: Lab) -> list[Line]:
    took: dict[str, list[list[float]]] = {}
    with (
        gateway(lab.folder) as ours,
        upstream(lab.folder, GOOD) as (good, _),
        upstream(lab.folder, HANGING) as (hanging, pid),
    ):
        for number, port in enumerate((*good, *hanging)):
            ours.register(f"up{number}", port)
        os.kill(pid, signal.SIGSTOP)  # the kernel accepts for it, and nobody answers
        for _ in range(lab.rounds):
            for name, connect in (("initialize", _initialize), ("server/discover", _discover)):
                took.setdefault(name, []).append(_samples(ours, connect))
    lines = []
    for name, rounds in took.items():
        for percent, target in ((50, None), (99, TARGET)):
            values = tuple(percentile(one, percent) for one in rounds)
            lines.append(Line(f"{name}, p{percent}", "ms", values, target))
    return lines


def _samples(ours: Gateway, connect: Callable[[Gateway], None]) -> list[float]:
    found = []
    for _ in range(SAMPLES):
        begun = time.perf_counter()
        connect(ours)
        found.append(elapsed(begun) * 1000)
    return found


def _initialize(ours: Gateway) -> None:
    wanted(ours.post("/mcp", messages.initialize()))


def _discover(ours: Gateway) -> None:
    headers = messages.modern_headers("server/discover") | ours.authorization
    wanted(ask(ours.port, "/mcp", headers, messages.modern_plain("server/discover")))


ROW = Row(
    "connect",
    f"Connecting with {GOOD + HANGING} upstreams of which {HANGING} hang",
    "On a new TCP connection each time; those that hang accept connections and never answer.",
    measure,
    ("taskset",),
)
