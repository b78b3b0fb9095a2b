"""`tools/list` of few and of many tools against nginx that serves the same bytes as a file."""

from collections.abc import Iterator
from contextlib import ExitStack

from bench import messages, nginx
from bench.client import ask
from bench.contract import Lab, Line, Row, Target
from bench.figures import ratios
from bench.gateway import Gateway, gateway, upstream
from bench.processes import PROXY_CORE
from bench.stage import PROGRAMS, Proxy, alternate
from bench.wrk import Load
from mcpgateway.cli.embedded import ports

SIZES = (10, 1_000, 10_000)
TARGETS = {1_000: Target(">=", 0.5)}


def measure(lab: Lab) -> list[Line]:
    with gateway(lab.folder) as ours, ExitStack() as stack:
        port = ports.free()
        stack.enter_context(
            nginx.nginx(lab.folder, "files", PROXY_CORE, nginx.files(lab.folder, port))
        )
        proxies = [proxy for size in SIZES for proxy in _proxies(lab, ours, port, size)]
        runs = alternate(lab, proxies)
    rates = {name: tuple(run.rate for run in found) for name, found in runs.items()}
    lines = [Line(name, "lists/s", values) for name, values in rates.items()]
    for size in SIZES:
        found = ratios(rates[f"gateway, {size:,} tools"], rates[f"nginx, {size:,} tools"])
        lines.append(Line(f"gateway, {size:,} tools", "of nginx", found, TARGETS.get(size)))
    return lines


def _proxies(lab: Lab, ours: Gateway, port: int, size: int) -> Iterator[Proxy]:
    with upstream(lab.folder, tools=size) as (served, _):
        path = ours.bundle(f"list{size}", ours.register(f"list{size}", served[0]))
    headers = messages.modern_headers("tools/list") | ours.authorization
    load = Load(path, headers, messages.modern_plain("tools/list"))
    answer = ask(ours.port, path, headers, load.body)
    (lab.folder / f"list{size}.json").write_bytes(answer.body)
    lab.note(f"{size:,} tools are {len(answer.body):,} bytes.")
    yield Proxy(f"nginx, {size:,} tools", port, 0, Load(f"/list{size}.json", {}))
    yield Proxy(f"gateway, {size:,} tools", ours.port, ours.data_plane_pid, load)


ROW = Row(
    "lists",
    "`tools/list`",
    "A virtual server of so many tools, 32 connections. nginx serves the same bytes as a file "
    "(`sendfile on; open_file_cache`).",
    measure,
    PROGRAMS,
)
