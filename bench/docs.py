"""Puts the last results into `docs/performance.md`, between two marks, and draws the picture."""

from pathlib import Path

from bench import plot, render, results

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- bench: begin {name} -->", "<!-- bench: end {name} -->"


class NoMark(Exception):
    """The page has no place for a block."""


def write(kept: Path, page: Path = PAGE) -> None:
    """From `latest.json` and what else is kept there. Raises NoMark, FileNotFoundError."""
    found = results.load(kept / "latest.json")
    if found is None:
        raise FileNotFoundError(f"{kept / 'latest.json'}: run `python -m bench` first")
    page.with_suffix(".svg").write_text(plot.picture(found))
    text = replaced(page.read_text(), "targets", _targets(found))
    for name in ("profile", "peers"):
        more = kept / f"{name}.md"
        if more.exists():
            text = replaced(text, name, more.read_text().strip())
    page.write_text(text)


def replaced(text: str, name: str, block: str) -> str:
    """The text with what is between the two marks of that name exchanged."""
    begin, end = BEGIN.format(name=name), END.format(name=name)
    before, first, rest = text.partition(begin)
    _, second, after = rest.partition(end)
    if not (first and second):
        raise NoMark(f"the page has no {begin} ... {end}")
    return f"{before}{begin}\n{block}\n{end}{after}"


def _targets(found: results.Results) -> str:
    dates = sorted(row.when for row in found.rows.values())
    loads = [load for row in found.rows.values() for load in row.load]
    facts = (
        f"{render.machine(found.machine)}. Measured {dates[0]} to {dates[-1]} UTC; load average of "
        f"the machine {min(loads)} to {max(loads)}, the benchmark itself included."
    )
    return f"{facts}\n\n{render.targets(found)}"
