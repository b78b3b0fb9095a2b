"""Results survive being kept, and a later run of some rows replaces only those."""

from pathlib import Path

import pytest

from bench.contract import Line, Target
from bench.results import Result, Results, load, merged, save

MACHINE = {"processor": "one"}


def result(name: str, value: float = 1.0) -> Result:
    lines = (
        Line("gateway", "of nginx", (value, 2.0), Target(">=", 0.6, worst=0.5)),
        Line("gateway", "calls/s", (value,)),
    )
    when = "2026-01-02 03:04"
    return Result(name, f"Row {name}", "About", when, 2, 1, 3.5, (0.5, 1.5), lines, ("A note.",))


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    kept = Results(MACHINE, {"a": result("a"), "b": result("b")})
    save(tmp_path / "results" / "latest.json", kept)
    assert load(tmp_path / "results" / "latest.json") == kept


@pytest.mark.parametrize("text", ["", "[]", '{"direct": []}', '{"machine": {}, "rows": {"a": {}}}'])
def test_a_file_of_another_form_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "latest.json").write_text(text)
    assert load(tmp_path / "latest.json") is None


def test_no_file_counts_as_none(tmp_path: Path) -> None:
    assert load(tmp_path / "latest.json") is None


def test_a_run_of_one_row_keeps_the_others_in_order() -> None:
    before = Results(MACHINE, {"a": result("a"), "b": result("b"), "gone": result("gone")})
    now = Results(MACHINE, {"a": result("a", 9.0)})
    found = merged(before, now, ["b", "a"])
    assert list(found.rows) == ["b", "a"]
    assert found.rows["a"].lines[0].values == (9.0, 2.0)


def test_rows_of_another_machine_are_not_kept() -> None:
    before = Results({"processor": "other"}, {"b": result("b")})
    assert list(merged(before, Results(MACHINE, {"a": result("a")}), ["a", "b"]).rows) == ["a"]


def test_lines_are_found_by_what_they_measure_and_its_unit() -> None:
    found = Results(MACHINE, {"a": result("a")})
    assert list(found.lines("a")) == ["gateway: of nginx", "gateway: calls/s"]
    assert found.lines("b") == {}
