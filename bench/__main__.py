"""`make bench`: runs the rows, prints each table when it is there, and keeps the results."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path

import aiohttp

from bench import docs, machine, render, results
from bench.contract import Lab, Line, Row, Skipped, Trouble
from bench.processes import LOAD_CORE
from bench.results import Result, Results
from bench.rows import ROWS

HERE = Path(__file__).parent
KEPT = HERE / "results"
TROUBLE = (
    Trouble,
    OSError,
    LookupError,
    subprocess.SubprocessError,
    HTTPException,
    aiohttp.ClientError,
)


def main() -> int:
    options = _options()
    chosen = [row for row in ROWS if not options.only or row.name in options.only]
    if options.write_docs and not options.only:
        docs.write(KEPT)
        return 0
    # What is measured is put on a core of its own; this process and what it starts stay off it.
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    found = [_kept(run(row, options.rounds, options.seconds)) for row in chosen]
    if options.write_docs:
        docs.write(KEPT)
    return 0 if all(found) else 1


def run(row: Row, rounds: int, seconds: int) -> Result | None:
    """Measures and prints one row; None when that is not possible here, or went wrong."""
    print(f"{row.name} ...", file=sys.stderr, flush=True)
    begun, before = time.monotonic(), machine.busy()
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        lab = Lab(Path(temporary), rounds, seconds)
        try:
            lines = tuple(_measured(row, lab))
        except Skipped as skipped:
            print(f"{row.name} is skipped: {skipped}", file=sys.stderr)
            return None
        except TROUBLE:  # the other rows may do better
            print(f"{row.name} failed:\n{traceback.format_exc()}", file=sys.stderr)
            return None
    found = Result(
        row.name,
        row.title,
        row.about,
        time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        rounds,
        seconds,
        round(time.monotonic() - begun, 1),
        (before, machine.busy()),
        lines,
        tuple(lab.notes),
    )
    print(render.section(found), end="\n\n", flush=True)
    return found


def _measured(row: Row, lab: Lab) -> Iterable[Line]:
    missing = machine.missing(row.needs)
    if missing:
        raise Skipped(f"it needs {', '.join(missing)} on the PATH")
    return row.measure(lab)


def _kept(found: Result | None) -> bool:
    """At once, so that a run that is stopped half way has not been in vain. False: nothing to."""
    if found is None:
        return False
    before = results.load(KEPT / "latest.json")
    now = Results(machine.describe(), {found.name: found})
    merged = results.merged(before, now, [row.name for row in ROWS])
    results.save(KEPT / "latest.json", merged)
    (KEPT / "latest.md").write_text(render.report(merged))
    return True


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    add = parser.add_argument
    names = [row.name for row in ROWS]
    add("--only", action="append", metavar="ROW", choices=names, help=f"of {', '.join(names)}")
    add("--rounds", type=int, default=5)
    add("--seconds", type=int, default=2, help="of each measurement")
    add(
        "--write-docs",
        action="store_true",
        help="put the results into docs/performance.md; by itself those of the last run",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
