"""Plans as a terminal shows them."""

from typing import Any

from mcpgateway.cli.declarative.import_ import selected
from mcpgateway.cli.declarative.plan_text import changes_anything, effects, fails, plan, summary


def answer(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    actions = [each["action"] for each in results]
    return {"results": list(results), "summary": {a: actions.count(a) for a in actions}, **more}


TOOL = {"kind": "Tool", "name": "weather", "action": "update"}
CHANGES = [
    {"path": "/definition/description", "before": "a", "after": "b"},
    {"path": "/x", "after": 1},
]


def test_a_thing_has_a_line_and_its_changes_when_they_are_asked_for() -> None:
    told = answer(TOOL | {"changes": CHANGES, "credential": True})
    assert plan(told, tried=False, fields=False) == "tool/weather configured\n"
    assert plan(told, tried=True, fields=True) == (
        "tool/weather would be changed\n"
        '  - definition.description: "a"\n'
        '  + definition.description: "b"\n'
        "  + x: 1\n"
        "  ~ credential: another secret\n"
    )


def test_what_failed_says_why_and_long_values_are_cut() -> None:
    failed = {"kind": "Gateway", "name": "g", "action": "failed", "error": "refused"}
    assert "    refused\n" in plan(answer(failed), tried=False, fields=False)
    long = TOOL | {"changes": [{"path": "/x", "after": "y" * 500}]}
    assert "(502 characters)" in plan(answer(long), tried=True, fields=True)
    assert fails(answer(failed))
    assert not changes_anything(answer(failed))


def test_a_summary_names_what_there_was() -> None:
    assert summary(answer(TOOL, TOOL)) == "2 update\n"
    assert summary(answer()) == "nothing\n"


def test_effects_are_shown_up_to_a_number() -> None:
    one = {"server": {"name": "demo"}, "kind": "tool", "name": "t", "effect": "appears"}
    shown = effects(answer(effects=[one] * 25, moreEffects=3))
    assert shown.count("tool t appears at server demo") == 20
    assert "and 8 more" in shown
    assert effects(answer()) == ""


def test_a_selection_is_read_as_contextforge_writes_it() -> None:
    assert selected("tools:a, b;servers:") == {"tools": ["a", "b"], "servers": []}
