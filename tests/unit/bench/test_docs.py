"""The page keeps its own words: only what is between two marks is exchanged."""

from pathlib import Path

import pytest

from bench import docs, results
from bench.contract import Line, Target
from bench.results import Result, Results

LINE = Line("gateway", "of nginx", (0.7,), Target(">=", 0.6))
RESULT = Result("calls", "Calls", "", "2026-01-02 03:04", 1, 1, 1.0, (0.2, 1.5), (LINE,))
PAGE = """Before.
<!-- bench: begin targets -->
old
<!-- bench: end targets -->
<!-- bench: begin profile --><!-- bench: end profile -->
After.
"""


def test_a_block_is_exchanged_and_the_rest_stays() -> None:
    found = docs.replaced(PAGE, "targets", "new")
    assert found == PAGE.replace("old", "new")
    assert docs.replaced(found, "targets", "new") == found


def test_a_page_without_the_marks_is_an_error() -> None:
    with pytest.raises(docs.NoMark, match="begin peers"):
        docs.replaced(PAGE, "peers", "new")


def test_results_and_what_is_kept_beside_them_go_into_the_page(tmp_path: Path) -> None:
    kept, page = tmp_path / "results", tmp_path / "performance.md"
    results.save(kept / "latest.json", Results({"python": "CPython"}, {"calls": RESULT}))
    (kept / "profile.md").write_text("the profile\n")
    page.write_text(PAGE)
    docs.write(kept, page)
    text = page.read_text()
    assert "| calls | gateway | of nginx | >= 0.60 | 0.70 | 0.70 - 0.70 | met |" in text
    assert "load average of the machine 0.2 to 1.5" in text
    assert "begin profile -->\nthe profile\n<!--" in text
    assert (tmp_path / "performance.svg").read_text().startswith("<svg")


def test_without_results_the_page_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    with pytest.raises(FileNotFoundError, match="python -m bench"):
        docs.write(tmp_path, page)
    assert page.read_text() == PAGE


def test_our_page_has_a_place_for_every_block() -> None:
    for name in ("targets", "profile", "peers"):
        docs.replaced(docs.PAGE.read_text(), name, "")
