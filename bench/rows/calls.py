"""Calls per second on 32 connections: direct, nginx, and ours with one feature after the other."""

from collections.abc import Iterator
from contextlib import ExitStack

from bench import features
from bench.contract import Lab, Line, Row, Target
from bench.figures import ratios
from bench.gateway import knows
from bench.stage import PROGRAMS, Proxy, Stage, alternate, stage
from bench.wrk import Load, Run

TARGET = Target(">=", 0.60, worst=0.50)
EVERYTHING = "everything on"
_MODERN, _LEGACY, _TRACED = "nginx", "nginx, legacy upstream", "nginx, traced"
LEGACY_CLIENT, TRACED_CLIENT = "everything on, legacy client and upstream", "everything on, traced"


def measure(lab: Lab) -> list[Line]:
    with stage(lab) as found, ExitStack() as stack:
        proxies = list(_proxies(lab, found, stack))
        runs = alternate(lab, proxies)
    return [*_rates(runs), *_ratios(runs), *_costs(runs)]


def _proxies(lab: Lab, on: Stage, stack: ExitStack) -> Iterator[Proxy]:
    plain, traced, legacy = on.modern("fast"), on.modern("fast", traced=True), on.legacy("legacy")
    yield on.direct("fast", plain)
    yield on.nginx("fast", plain)
    for number, step in enumerate(features.steps(knows)):
        started = on.gateway.data_plane(f"step{number}", **step.settings)
        replica = stack.enter_context(started)
        load = plain if step.credentials else without_credentials(plain)
        yield Proxy(step.name, replica.port, replica.pid, load)
    for text in features.unknown(knows):
        lab.note(f"Left out: {text}.")
    bundle = on.gateway.bundle("calls", on.ids["fast"])
    yield on.ours(EVERYTHING, on.modern("fast", bundle))
    yield Proxy(_TRACED, on.proxies["fast"], on.nginx_pid, traced)
    yield on.ours(TRACED_CLIENT, traced)
    yield Proxy(_LEGACY, on.proxies["legacy"], on.nginx_pid, legacy)
    yield on.ours(LEGACY_CLIENT, legacy)


def without_credentials(load: Load) -> Load:
    headers = {name: text for name, text in load.headers.items() if name != "Authorization"}
    return Load(load.path, headers, load.body, load.traced)


def _rates(runs: dict[str, list[Run]]) -> Iterator[Line]:
    for name, found in runs.items():
        yield Line(name, "calls/s", tuple(run.rate for run in found))


def _ratios(runs: dict[str, list[Run]]) -> Iterator[Line]:
    targets = {EVERYTHING: TARGET, LEGACY_CLIENT: TARGET}
    base = {LEGACY_CLIENT: _LEGACY, TRACED_CLIENT: _TRACED}
    for name, found in runs.items():
        if name in ("direct", _MODERN, _LEGACY, _TRACED):
            continue
        against = [run.rate for run in runs[base.get(name, _MODERN)]]
        values = ratios([run.rate for run in found], against)
        yield Line(name, "of nginx", values, targets.get(name))


def _costs(runs: dict[str, list[Run]]) -> Iterator[Line]:
    for name, found in runs.items():
        if name != "direct":
            yield Line(name, "us of CPU", tuple(run.cpu for run in found))


ROW = Row(
    "calls",
    "`tools/call`, 110 B in, 110 B out, 32 connections",
    "The proxy under test on one core; `wrk -t1 -c32` and a static nginx upstream on the other. "
    "Ours is a data plane with one feature after the other switched on, each with those before "
    "it; “everything on” also asks a virtual server, whose view is the caller's. `traced`: no two "
    "requests of a connection have the same head.",
    measure,
    PROGRAMS,
)
