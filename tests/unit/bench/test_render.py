"""Results as Markdown: figures short enough to compare, and a verdict for each target."""

import pytest

from bench import render
from bench.contract import Line, Target
from bench.results import Result, Results

MISSED = Line("gateway", "of nginx", (0.2, 0.3, 0.4), Target(">=", 0.6, worst=0.5))
MET = Line("start", "s", (1.0, 1.2), Target("<=", 1.5))
PLAIN = Line("nginx", "calls/s", (80_000.4, 85_123.0))
RESULT = Result(
    "calls", "Calls", "About.", "2026-01-02 03:04", 3, 2, 9.6, (0.1, 1.2), (MISSED, PLAIN), ("So.",)
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(85123.4, "85,123"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (-0.78, "-0.78")],
)
def test_numbers_have_three_figures_that_count(value: float, text: str) -> None:
    assert render.number(value) == text


def test_what_was_not_measured_is_a_dash() -> None:
    assert render.number(float("nan")) == "-"


def test_a_line_says_its_target_and_whether_it_is_met() -> None:
    assert render.table_line(MISSED) == (
        "| gateway | of nginx | 0.20 | 0.30 | 0.40 | >= 0.60, never past 0.50 | **missed** |"
    )
    assert render.table_line(MET).endswith("| <= 1.50 | met |")
    assert render.table_line(PLAIN) == "| nginx | calls/s | 80,000 | 82,562 | 85,123 |  |  |"


def test_a_section_has_its_notes_and_circumstances() -> None:
    text = render.section(RESULT)
    assert text.startswith("## Calls\n\nAbout.\n\n| what |")
    assert "- So.\n\n2026-01-02 03:04, 3 rounds of 2 s, took 10 s, load average 0.1 to 1.2." in text


def test_the_table_of_targets_has_only_lines_with_one() -> None:
    text = render.targets(Results({}, {"calls": RESULT}))
    wanted = ">= 0.60, never past 0.50"
    line = f"| calls | gateway | of nginx | {wanted} | 0.30 | 0.20 - 0.40 | **missed** |"
    assert text.splitlines()[2:] == [line]


def test_the_report_names_the_machine() -> None:
    text = render.report(Results({"python": "CPython 3.11"}, {"calls": RESULT}))
    assert "python CPython 3.11" in text
    assert "## Calls" in text
