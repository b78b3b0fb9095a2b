"""`mcpgateway up` until the first call is answered."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.client import ask
from bench.contract import Lab, Line, Row, Target
from bench.gateway import SETTINGS, bearer, elapsed
from bench.messages import modern_headers, modern_plain
from bench.processes import process, until
from mcpgateway.cli.embedded import ports

TARGETS = {"an empty folder": Target("<=", 4.0), "a folder from before": Target("<=", 2.5)}
_MOST = 3  # rounds


def measure(lab: Lab) -> Iterator[Line]:
    found: dict[str, list[float]] = {name: [] for name in TARGETS}
    for number in range(min(lab.rounds, _MOST)):
        folder = lab.folder / str(number)
        folder.mkdir()
        for seconds in found.values():  # the second start finds what the first one made
            seconds.append(_start(folder))
    for name, target in TARGETS.items():
        yield Line(f"up with {name}, first call answered", "s", tuple(found[name]), target)


def _start(folder: Path) -> float:
    port = ports.free()
    options = ("--port", str(port), "--data-dir", str(folder / "data"))
    command = (sys.executable, "-m", "mcpgateway.cli", "up", *options)
    headers = modern_headers("tools/list") | {"Authorization": f"Bearer {bearer()}"}

    def answered() -> bool:
        try:
            return ask(port, "/mcp", headers, modern_plain("tools/list")).status == 200
        except OSError:
            return False

    begun = time.perf_counter()
    with process(*command, env=SETTINGS, folder=folder, log=folder / "up.log"):
        until(answered, "the first call is answered", 120, folder / "up.log")
        return elapsed(begun)


ROW = Row(
    "up",
    "`mcpgateway up`",
    "From the start of the command to the answer to `tools/list`: PostgreSQL, NATS, control plane, "
    "admin pages and a data plane; packages are installed.",
    measure,
)
