"""What is said about recipes of composed tools before they are kept."""

import msgspec
import pytest

from mcpgateway.common.recipes import composing
from mcpgateway.common.routing.recipe import Composed, Step

GOOD = Step(name="find", tool="t", arguments={"q": {"$": "$.input.q"}})
EACH = Step(
    name="look",
    tool="t",
    each="$.steps.find.items",
    arguments={"id": {"$": "$.item.id"}, "n": {"$": "$.index"}},
    on_error="skip",
)


def test_a_recipe_that_fits_has_no_problems() -> None:
    recipe = Composed(steps=(GOOD, EACH), result={"found": {"$": "$.steps.look[*]"}})
    assert composing.problems(recipe) == []


@pytest.mark.parametrize(
    ("step", "where", "said"),
    [
        ({"name": "2nd"}, "/steps/1/name", "letters"),
        ({"name": "find"}, "/steps/1/name", "step before"),
        ({"max_items": 101}, "/steps/1/max_items", "1 to 100"),
        ({"at_once": 0}, "/steps/1/at_once", "1 to 20"),
        ({"timeout_ms": -1}, "/steps/1/timeout_ms", "0 to"),
        ({"each": "$.steps.look"}, "/steps/1/each", "no step before"),
        ({"each": "$.item.x"}, "/steps/1/each", "must begin with"),
        ({"each": ""}, "/steps/1/arguments/id", "must begin with"),
        ({"arguments": {"$": "$.input"}}, "/steps/1/arguments", "an object of arguments"),
        ({"arguments": {"a": [{"$": "$.steps.later"}]}}, "/steps/1/arguments/a/0", "'later'"),
    ],
)
def test_what_is_wrong_with_a_step_is_said_with_its_place(
    step: dict[str, object], where: str, said: str
) -> None:
    recipe = Composed(steps=(GOOD, msgspec.structs.replace(EACH, **step)))
    found = {each.pointer: each.problem for each in composing.problems(recipe)}
    assert said in found[where]


@pytest.mark.parametrize(
    ("recipe", "where"),
    [
        (Composed(steps=()), "/steps"),
        (Composed(steps=tuple(Step(name=f"s{n}", tool="t") for n in range(21))), "/steps"),
        (Composed(steps=(GOOD,), timeout_ms=3_600_001), "/timeout_ms"),
        (Composed(steps=(GOOD,), result={"a": {"$": "$.steps.nothing"}}), "/result/a"),
        (Composed(steps=(GOOD,), result={"a": {"$": "$.item"}}), "/result/a"),
    ],
)
def test_what_is_wrong_with_the_whole_is_said(recipe: Composed, where: str) -> None:
    assert [each.pointer for each in composing.problems(recipe)] == [where]
