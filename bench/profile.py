"""Where a call's microseconds go: `python -m bench.profile`.

`perf` says which machine code runs (kernel, interpreter, extensions), `py-spy` which of our Python
functions is the innermost; what a C function does on its behalf counts for it. Both watch the
data plane while `wrk` keeps it busy, one after the other, and shares become microseconds by the
CPU time of a call that was measured without either.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import machine, render, wrk
from bench.__main__ import KEPT
from bench.contract import Lab, Skipped
from bench.stage import Proxy, Stage, stage, warm
from bench.tools import environment
from bench.wrk import Load

CODE = {  # beginning of the name of a shared object
    "[kernel": "kernel",
    "libpython": "Python interpreter",
    "python": "Python interpreter",
    "loop.": "uvloop",
    "parser.": "httptools",
    "_core.": "msgspec",
}
ROOMS = {  # beginning of a path below the namespace; the first that fits
    "common/runtime/http/head_prediction": "heads compared with the last one (both sides)",
    "common/runtime/http/server": "HTTP server, with its writes",
    "common/runtime/http/request": "HTTP server, with its writes",
    "common/runtime/http/guarded": "HTTP server, with its writes",
    "common/runtime/http/": "HTTP client and pool, with its writes",
    "common/jsonrpc": "JSON-RPC: decode and join",
    "common/mcp/": "MCP: envelope and eras",
    "common/": "other common code",
    "data_plane/edge/": "edge: admission, headers",
    "data_plane/pipeline/": "pipeline: route, aim, answer",
    "data_plane/upstreams/": "upstream clients: request, relay",
    "data_plane/": "other code of the data plane",
}
LOOP = "event loop: waiting, reading"
_FRAME = re.compile(r"^(?P<name>.*) \((?P<file>[^()]*):\d+\)$")
_SHOWN = 15  # functions


def by_code(report: str) -> dict[str, float]:
    """Percent of each kind of machine code, by what `perf report --sort dso -t ;` printed."""
    found: dict[str, float] = {}
    for share, name in re.findall(r"^\s*([\d.]+)%\s*;(.+?)\s*$", report, re.M):
        kind = next((label for start, label in CODE.items() if name.startswith(start)), "other")
        found[kind] = found.get(kind, 0.0) + float(share)
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def innermost(stacks: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    """Function, file and samples of each of py-spy's folded stacks, of the event loop's thread:
    others only wait for work."""
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        frame = _FRAME.match(stack.rpartition(";")[2])
        if frame is not None and count.isdigit() and "(threading.py:" not in stack:
            yield frame["name"], frame["file"], int(count)


def by_room(stacks: Iterable[str]) -> dict[str, float]:
    """Percent of each part of the program."""
    found: Counter[str] = Counter()
    for _, file, count in innermost(stacks):
        found[room(file)] += count
    return _percent(found)


def by_function(stacks: Iterable[str]) -> dict[str, float]:
    """Percent of each function, the most first."""
    found: Counter[str] = Counter()
    for name, file, count in innermost(stacks):
        found[f"{name} ({Path(file).name})"] += count
    return _percent(found)


def room(file: str) -> str:
    below = file.partition("mcpgateway/")[2] or file
    return next((label for start, label in ROOMS.items() if below.startswith(start)), LOOP)


def _percent(found: "Counter[str]") -> dict[str, float]:
    total = found.total() or 1
    return {name: 100 * count / total for name, count in found.most_common()}


def table(head: str, shares: dict[str, float], cpu: float) -> str:
    """`cpu`: microseconds of a call."""
    lines = [f"| {head} | us | % |", "|---|--:|--:|"]
    lines += [
        f"| {name} | {share * cpu / 100:.1f} | {share:.0f} |"
        for name, share in shares.items()
        if share >= 0.5
    ]
    return "\n".join(lines)


CALLS: dict[str, Callable[[Stage], Load]] = {
    "modern": lambda on: on.modern("fast"),
    "traced": lambda on: on.modern("fast", traced=True),
    "legacy": lambda on: on.legacy("legacy"),
    "modern-to-legacy": lambda on: on.modern("legacy"),
    "legacy-to-modern": lambda on: on.legacy("modern"),
}


def measure(lab: Lab, call: str) -> str:
    """The tables as Markdown. `call` is one of CALLS."""
    with stage(lab) as on:
        proxy = on.ours("gateway", CALLS[call](on))
        warm(proxy)
        undisturbed = wrk.run(proxy.port, proxy.load, lab.folder, lab.seconds, pid=proxy.pid)
        parts = [
            f"A call ({call}) costs {undisturbed.cpu:.1f} us of CPU "
            f"({undisturbed.rate:,.0f} calls/s). {render.machine(machine.describe())}; load "
            f"average {machine.busy()}."
        ]
        for watch in (_perf, _pyspy):
            try:
                parts += watch(lab, proxy, undisturbed.cpu)
            except Skipped as skipped:
                parts.append(f"{watch.__name__.strip('_')} was left out: {skipped}")
    return "\n\n".join(parts) + "\n"


def _perf(lab: Lab, proxy: Proxy, cpu: float) -> list[str]:
    if shutil.which("perf") is None:
        raise Skipped("there is no `perf` on the PATH")
    data = str(lab.folder / "perf.data")
    record = ["perf", "record", "-q", "-F", "997", "-p", str(proxy.pid), "-o", data, "--"]
    _under_load(lab, proxy, [*record, "sleep", str(lab.seconds)])
    report = ["perf", "report", "-i", data, "--stdio", "-q", "--sort", "dso", "-t", ";"]
    shown = subprocess.run(report, capture_output=True, text=True, check=True).stdout
    return [table("machine code (`perf`)", by_code(shown), cpu)]


def _pyspy(lab: Lab, proxy: Proxy, cpu: float) -> list[str]:
    program = environment("py-spy", "py-spy") / "py-spy"
    out = lab.folder / "stacks.txt"
    record = [str(program), "record", "-p", str(proxy.pid), "-d", str(lab.seconds), "-r", "250"]
    _under_load(lab, proxy, [*record, "-f", "raw", "-o", str(out)])
    stacks = out.read_text().splitlines()
    functions = dict(list(by_function(stacks).items())[:_SHOWN])
    return [
        table("our code (`py-spy`, innermost function)", by_room(stacks), cpu),
        table(f"the {_SHOWN} functions with the most", functions, cpu),
    ]


def _under_load(lab: Lab, proxy: Proxy, watch: list[str]) -> None:
    """Runs the watcher while calls are made."""
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(wrk.run, proxy.port, proxy.load, lab.folder, lab.seconds + 2)
        ended = subprocess.run(watch, capture_output=True, text=True, check=False)
        load.result()
    if ended.returncode:
        raise Skipped(f"{watch[0]} failed: {ended.stderr.strip()[-300:]}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.profile", description=__doc__)
    parser.add_argument("--seconds", type=int, default=8, help="of each watch")
    parser.add_argument("--call", choices=list(CALLS), default="modern", help="client, upstream")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        found = measure(Lab(Path(temporary), 1, options.seconds), options.call)
    print(found)
    if options.call == "modern":
        (KEPT / "profile.md").write_text(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
