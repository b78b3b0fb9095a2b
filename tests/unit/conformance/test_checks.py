"""What the official suite wrote, and what of it differs between two runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.checks import Check, Outcomes, collect, compare, load, scenario_of, total


def check(id: str, status: str, message: str | None = None) -> dict[str, Any]:
    return {"id": id, "status": status, "errorMessage": message}


def found(**scenarios: list[dict[str, Any]]) -> Outcomes:
    return collect(scenarios.items())


@pytest.mark.parametrize(
    ("folder", "scenario"),
    [
        ("server-ping-2026-11-22T12-31-43-848Z", "ping"),
        ("server-server-stateless-2026-11-22T12-31-43-848Z", "server-stateless"),
        ("auth/metadata-default-2026-11-22T12-38-19-343Z", "auth/metadata-default"),
        ("initialize-2026-11-22T12-38-19-338Z", "initialize"),
        ("something else", "something else"),
    ],
)
def test_a_scenario_is_known_by_its_folder(folder: str, scenario: str) -> None:
    assert scenario_of(Path(folder)) == scenario


def test_a_folder_of_results_is_read_whole(tmp_path: Path) -> None:
    for name in ("server-a-2026-11-22T12-31-43-848Z", "auth/b-2026-11-22T12-31-43-848Z"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "checks.json").write_text(json.dumps([check("x", "SUCCESS")]))
    assert set(load(tmp_path)) == {Check("a", "x"), Check("auth/b", "x")}


def test_a_check_may_come_several_times_and_what_only_informs_does_not_count() -> None:
    outcomes = found(
        a=[
            check("x", "SUCCESS"),
            check("x", "FAILURE", "first"),
            check("x", "FAILURE", "second"),
            check("y", "INFO"),
        ]
    )
    assert set(outcomes) == {Check("a", "x")}
    outcome = outcomes[Check("a", "x")]
    assert str(outcome) == "2 failure, 1 success"
    assert (outcome.bad, outcome.message) == (2, "first")


@pytest.mark.parametrize(
    ("direct", "through", "verdict"),
    [
        (["SUCCESS"], ["FAILURE"], "worse"),
        (["SUCCESS"], ["WARNING"], "worse"),
        (["SUCCESS"], [], "worse"),
        ([], ["FAILURE"], "worse"),
        (["SUCCESS", "FAILURE"], ["FAILURE", "FAILURE"], "worse"),
        (["FAILURE"], ["WARNING"], "other"),
        (["SUCCESS"], ["SKIPPED"], "worse"),
        (["SKIPPED"], [], "other"),
        ([], ["SUCCESS"], "other"),
        (["FAILURE"], ["SUCCESS"], "better"),
    ],
)
def test_a_difference_is_judged(direct: list[str], through: list[str], verdict: str) -> None:
    one, two = (found(a=[check("x", status) for status in each]) for each in (direct, through))
    assert [each.verdict for each in compare(one, two)] == [verdict]


def test_equal_totals_hide_no_difference() -> None:
    direct = found(a=[check("x", "SUCCESS"), check("y", "FAILURE")])
    through = found(a=[check("x", "FAILURE"), check("y", "SUCCESS")])
    assert total(direct) == total(through)
    assert [each.verdict for each in compare(direct, through)] == ["worse", "better"]
    assert compare(direct, direct) == []
