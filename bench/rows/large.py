"""A result of 100 kB, relayed."""

from bench.contract import Lab, Line, Row, Target
from bench.figures import ratios
from bench.stage import PROGRAMS, alternate, stage

TARGET = Target(">=", 0.8)


def measure(lab: Lab) -> list[Line]:
    with stage(lab) as on:
        load = on.modern("large")
        proxies = (on.direct("large", load), on.nginx("large", load), on.ours("gateway", load))
        runs = alternate(lab, proxies)
    rates = {name: tuple(run.rate for run in found) for name, found in runs.items()}
    lines = [Line(name, "calls/s", values) for name, values in rates.items()]
    lines.append(Line("gateway", "of nginx", ratios(rates["gateway"], rates["nginx"]), TARGET))
    costs = ((name, tuple(run.cpu for run in runs[name])) for name in ("nginx", "gateway"))
    return [*lines, *(Line(name, "us of CPU", values) for name, values in costs)]


ROW = Row(
    "large",
    "A result of 100 kB",
    "Same era, no response stage, 32 connections; nginx with `proxy_buffers 16 16k`.",
    measure,
    PROGRAMS,
)
