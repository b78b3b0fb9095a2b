"""Results as Markdown. Pure."""

from collections.abc import Iterable

from bench.contract import Line, Target
from bench.figures import spread, verdict
from bench.results import Result, Results

HEAD = "| what | unit | min | median | max | target | |\n|---|---|--:|--:|--:|---|---|"


def number(value: float) -> str:
    """Three figures that count, thousands apart."""
    if value != value:  # not a number
        return "-"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def target(wanted: Target | None) -> str:
    if wanted is None:
        return ""
    text = f"{wanted.sense} {number(wanted.value)}"
    return text if wanted.worst is None else f"{text}, never past {number(wanted.worst)}"


def judged(line: Line) -> str:
    return {None: "", True: "met", False: "**missed**"}[verdict(line)]


def table_line(line: Line) -> str:
    found = (number(value) for value in spread(line.values))
    cells = (line.what, line.unit, *found, target(line.target), judged(line))
    return "| " + " | ".join(cells) + " |"


def table(lines: Iterable[Line]) -> str:
    return "\n".join([HEAD, *(table_line(line) for line in lines)])


def section(result: Result) -> str:
    """A row with its table, its notes and the circumstances."""
    rounds = f"{result.rounds} rounds of {result.seconds:g} s"
    before, after = result.load
    facts = f"{result.when}, {rounds}, took {result.took:.0f} s, load average {before} to {after}."
    notes = [f"- {note}" for note in result.notes]
    parts = [f"## {result.title}", result.about, table(result.lines), "\n".join(notes), facts]
    return "\n\n".join(part for part in parts if part)


def machine(facts: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in facts.items())


def report(results: Results) -> str:
    """Everything, for `bench/results/latest.md`."""
    head = (
        f"# The last run of the benchmark\n\nMade by `python -m bench`. {machine(results.machine)}."
    )
    return "\n\n".join([head, *(section(one) for one in results.rows.values())]) + "\n"


def targets(results: Results) -> str:
    """Only the lines with a target, over all rows."""
    head = "| row | what | unit | target | median | min - max | |\n|---|---|---|---|--:|---|---|"
    lines = [
        _target_line(result.name, line)
        for result in results.rows.values()
        for line in result.lines
        if line.target is not None
    ]
    return "\n".join([head, *lines])


def _target_line(row: str, line: Line) -> str:
    least, middle, most = (number(value) for value in spread(line.values))
    cells = (row, line.what, line.unit, target(line.target), middle, f"{least} - {most}")
    return "| " + " | ".join((*cells, judged(line))) + " |"
