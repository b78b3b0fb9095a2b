"""The page and the lines that say what the official suite found."""

from conformance.checks import Check, Outcomes, collect
from conformance.legs import Leg, Set
from conformance.reasons import REASONS, Reason, reason_for
from conformance.report import About, Found, document, summary

SERVER = Set("server", "2026-07-28")
CLIENT = Set("client", "2025-11-25")
ABOUT = About("2026-11-22", {"suite": "1.2"})
PREFACE = "# Page\n\nOf {date}, with {versions}.\n"


def outcomes(**statuses: str) -> Outcomes:
    checks = [
        {"id": id, "status": status, "errorMessage": "because"} for id, status in statuses.items()
    ]
    return collect([("scene", checks)])


FOUND = Found(
    {SERVER: outcomes(x="SUCCESS", y="SUCCESS", z="SUCCESS"), CLIENT: outcomes(x="SUCCESS")},
    {
        Leg(SERVER, "modern"): outcomes(x="SUCCESS", y="FAILURE", z="SKIPPED"),
        Leg(SERVER, "legacy"): outcomes(x="WARNING", y="FAILURE", z="SUCCESS"),
        Leg(CLIENT, "suite"): outcomes(x="SUCCESS"),
    },
)
MEANT = [Reason("server * -> legacy", "scene", "x", "It is meant.")]


def test_only_what_is_worse_and_not_meant_is_a_fault() -> None:
    faults = [
        (each.leg.name, each.difference.check.id) for each in FOUND.explained(MEANT) if each.fault
    ]
    modern, legacy = "server 2026-07-28 -> modern", "server 2026-07-28 -> legacy"
    assert faults == [(modern, "y"), (modern, "z"), (legacy, "y")]


def test_the_page_has_a_table_for_each_role_and_every_difference() -> None:
    page = document(PREFACE, FOUND, ABOUT)
    assert page.startswith("# Page\n\nOf 2026-11-22, with suite 1.2.\n")
    assert "| 2026-07-28 | 3 / 0 / 0 / 0 | 1 / 1 / 0 / 1 | 1 / 1 / 1 / 0 |" in page
    assert "| 2025-11-25 | 1 / 0 / 0 / 0 | 1 / 0 / 0 / 0 |" in page
    both = "server 2026-07-28 -> modern, server 2026-07-28 -> legacy"
    assert f"| scene | y | {both} | success | failure | **not meant** |" in page


def test_the_page_calls_as_many_differences_not_meant_as_it_counts() -> None:
    through = outcomes(x="SKIPPED", y="FAILURE", z="SUCCESS", more="SUCCESS")
    found = Found({SERVER: FOUND.direct[SERVER]}, {Leg(SERVER, "modern"): through})
    page = document(PREFACE, found, ABOUT)
    assert "## Checks that differ (2 of them without a reason)" in page
    assert page.count("**not meant**") == 2
    assert "| scene | more | server 2026-07-28 -> modern | absent | success | Not worse. |" in page


def test_the_page_says_when_nothing_differs() -> None:
    same = Found({CLIENT: FOUND.direct[CLIENT]}, {Leg(CLIENT, "suite"): FOUND.direct[CLIENT]})
    assert document(PREFACE, same, ABOUT).endswith("No check differs.\n")


def test_the_lines_for_a_terminal_name_each_fault_and_its_message() -> None:
    lines = summary(FOUND).splitlines()
    assert "client 2025-11-25 -> suite: 1 success" in lines
    assert any("FAULT server 2026-07-28 -> modern: scene, y" in line for line in lines)
    assert any(line.endswith("because") for line in lines)


def test_what_fails_directly_is_a_fault_of_the_examined_server() -> None:
    found = Found({SERVER: outcomes(x="FAILURE", y="SUCCESS")}, {})
    assert found.fixture_faults == [(SERVER, Check("scene", "x"))]
    assert "FAULT server 2026-07-28, directly: scene, x" in summary(found).splitlines()
    assert FOUND.fixture_faults == []


def test_the_first_reason_that_fits_is_given() -> None:
    leg = Leg(SERVER, "legacy").name
    check = FOUND.explained()[0].difference.check
    general = Reason("*", "*", "*", "general")
    assert reason_for(leg, check, [Reason("*", "other", "*", "no"), general]) == "general"
    assert reason_for(leg, check, []) == ""


def test_every_reason_that_we_give_is_a_sentence_and_excuses_no_whole_scenario() -> None:
    for each in REASONS:
        assert each.why.endswith(".")
        assert "*" not in (each.scenario, each.check)
