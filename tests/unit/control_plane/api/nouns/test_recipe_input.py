"""What bodies of /tools say of tools that are made of others."""

from typing import Any

import pytest
from msgspec import UNSET

from mcpgateway.common.routing.recipe import Composed, Derived, Step
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.recipe_input import read_recipe


def read(recipe: Any, kind: Any = UNSET) -> tuple[Any, dict[str, str]]:
    fields = Fields({"recipe": recipe})
    found = read_recipe(fields, kind)
    return found, {each.field: each.problem for each in fields.problems}


@pytest.mark.parametrize("kind", [UNSET, "DERIVED"])
def test_a_recipe_with_a_tool_is_of_a_derived_one(kind: Any) -> None:
    assert read({"tool": "a", "fixed": {"x": 1}}, kind) == (Derived(tool="a", fixed={"x": 1}), {})


@pytest.mark.parametrize("kind", [UNSET, "COMPOSED"])
def test_a_recipe_with_steps_is_of_a_composed_one(kind: Any) -> None:
    step = {"name": "s", "tool": "a", "atOnce": 2, "on_error": "skip"}
    expected = Composed(steps=(Step(name="s", tool="a", at_once=2, on_error="skip"),), timeout_ms=5)
    assert read({"steps": [step], "timeoutMs": 5}, kind) == (expected, {})


def test_what_is_shown_of_one_can_be_read() -> None:
    assert read({"type": "derived", "tool": "a"}) == (Derived(tool="a"), {})


def test_without_one_nothing_was_said() -> None:
    assert read(None) == (UNSET, {})
    assert list(read(None, "COMPOSED")[1]) == ["recipe"]


@pytest.mark.parametrize(
    ("recipe", "kind", "field"),
    [
        ({"tool": "a"}, "COMPOSED", "recipe"),
        ({"type": "composed", "steps": []}, "DERIVED", "integration_type"),
        ({"tool": "a"}, "REST", "integration_type"),
        ({"tool": "a", "fixt": {}}, UNSET, "recipe.fixt"),
        ({"steps": [{"name": "s", "tool": "a", "evry": "x"}]}, UNSET, "recipe.steps[0].evry"),
        ({"steps": "x"}, UNSET, "recipe"),
        ({"steps": ["x"]}, UNSET, "recipe"),
        ({"type": "other", "tool": "a"}, UNSET, "recipe.tool"),
        ({"tool": "a", "fixed": {"x": "y" * 70_000}}, UNSET, "recipe"),
        ("x", UNSET, "recipe"),
    ],
)
def test_what_is_no_recipe_is_told_by_its_member(recipe: Any, kind: Any, field: str) -> None:
    _, problems = read(recipe, kind)
    assert field in problems
