"""What the gateway adds at half of its maximum rate, sent at a constant rate."""

from bench import steady, wrk
from bench.contract import Lab, Line, Row, Target
from bench.figures import differences, percentile
from bench.stage import PROGRAMS, Proxy, stage, warm

TARGET = Target("<=", 3.0)  # ms
GENERATOR = 15_000  # requests a second that `bench.steady` sends for certain


def measure(lab: Lab) -> list[Line]:
    with stage(lab) as on:
        load = on.modern("fast")
        ours = on.ours("gateway", load)
        proxies = (on.direct("fast", load), on.nginx("fast", load), ours)
        for proxy in proxies:
            warm(proxy)
        most = wrk.run(ours.port, load, lab.folder, 2).rate
        rate = min(most / 2, GENERATOR)
        if rate < most / 2:
            lab.note(f"The generator sends no more than {GENERATOR:,} a second.")
        took: dict[str, list[list[float]]] = {}
        for _ in range(lab.rounds):
            for proxy in proxies:
                took.setdefault(proxy.name, []).append(_round(lab, proxy, rate))
    lines = [Line("rate", "calls/s", (rate,))]
    for name, rounds in took.items():
        for percent in (50, 99):
            values = tuple(percentile(one, percent) for one in rounds)
            lines.append(Line(f"{name}, p{percent}", "ms", values))
    p99 = {line.what: line.values for line in lines}
    added = differences(p99["gateway, p99"], p99["direct, p99"])
    return [*lines, Line("gateway, p99 added", "ms", added, TARGET)]


def _round(lab: Lab, proxy: Proxy, rate: float) -> list[float]:
    """Milliseconds of each call."""
    found = steady.run(proxy.port, proxy.load, rate, lab.seconds)
    return [microseconds / 1000 for microseconds in found]


ROW = Row(
    "half",
    "At half of its maximum rate",
    "Sent at a constant rate on 32 connections by `bench/steady.py`; a call's time runs from the "
    "moment when it was due, so that a pause counts for all that it held up (no coordinated "
    "omission). The maximum is taken by `wrk` just before.",
    measure,
    PROGRAMS,
)
