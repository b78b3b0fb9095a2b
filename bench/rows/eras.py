"""What a call costs when client and upstream are of different eras."""

from bench.contract import Lab, Line, Row, Target
from bench.figures import ratios
from bench.stage import PROGRAMS, alternate, stage

TARGET = Target("<=", 1.3)


def measure(lab: Lab) -> list[Line]:
    with stage(lab) as on:
        proxies = (
            on.ours("modern client, modern upstream", on.modern("modern")),
            on.ours("modern client, legacy upstream", on.modern("legacy")),
            on.ours("legacy client, legacy upstream", on.legacy("legacy")),
            on.ours("legacy client, modern upstream", on.legacy("modern")),
        )
        runs = alternate(lab, proxies)
    costs = {name: tuple(run.cpu for run in found) for name, found in runs.items()}
    lines = [Line(name, "us of CPU", values) for name, values in costs.items()]
    for client, other in (("modern", "legacy"), ("legacy", "modern")):
        name = f"{client} client, {other} upstream"
        same = costs[f"{client} client, {client} upstream"]
        lines.append(Line(name, "x same era", ratios(costs[name], same), TARGET))
    return lines


ROW = Row(
    "eras",
    "Between the eras",
    "CPU time of the data plane for each call, 32 connections; both upstreams are nginx and answer "
    "with the id that they were sent. Compared with the call of the same client to an upstream of "
    "its own era.",
    measure,
    PROGRAMS,
)
