"""The results of a run as one JSON file, row by row; a later run of some rows replaces those."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.contract import Line, Target


@dataclass(frozen=True)
class Result:
    """One row, measured. `load`: the machine's load average (1 minute) before and after; above
    the number of busy cores of the row itself, others were using the machine."""

    name: str
    title: str
    about: str
    when: str  # UTC
    rounds: int
    seconds: int
    took: float  # seconds in all
    load: tuple[float, float]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Results:
    machine: dict[str, str]
    rows: dict[str, Result] = field(default_factory=dict)

    def lines(self, row: str) -> dict[str, Line]:
        """By what they measure and its unit; empty when the row was not run."""
        found = self.rows.get(row)
        return {} if found is None else {f"{one.what}: {one.unit}": one for one in found.lines}


def save(path: Path, results: Results) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(results), indent=1, default=str) + "\n")


def load(path: Path) -> Results | None:
    """None when there is no such file, or it is of another form."""
    try:
        found = json.loads(path.read_text())
        return Results(found["machine"], {n: _result(one) for n, one in found["rows"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def merged(before: Results | None, now: Results, order: list[str]) -> Results:
    """What was measured now, and of the rest what is known, if it was on such a machine."""
    known = before.rows if before is not None and before.machine == now.machine else {}
    rows = {**known, **now.rows}
    return Results(now.machine, {name: rows[name] for name in order if name in rows})


def _result(found: dict[str, Any]) -> Result:
    first, last = found["load"]
    lines = tuple(_line(one) for one in found["lines"])
    return Result(
        **{**found, "load": (first, last), "lines": lines, "notes": tuple(found["notes"])}
    )


def _line(found: dict[str, Any]) -> Line:
    target = found["target"]
    made = None if target is None else Target(**target)
    return Line(found["what"], found["unit"], tuple(found["values"]), made)
