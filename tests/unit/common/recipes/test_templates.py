"""Templates: what stands for what paths find."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.recipes import templates
from mcpgateway.common.recipes.paths import Budget, TooMuch

STATE = {"input": {"city": "Bern", "tags": ["a", "b"]}, "steps": {"find": [{"id": 1}, {"id": 2}]}}
constants = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=5)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3).filter(lambda t: t != "$"), inner, max_size=3)
    ),
)


def filled(template: Any) -> Any:
    return msgspec.json.decode(templates.fill(template, STATE, Budget()))


@given(constants)
def test_what_has_no_paths_stays_as_it_is(template: Any) -> None:
    assert filled(template) == template


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"$": "$.input.city"}, "Bern"),
        ({"q": {"$": "$.input.city"}, "n": 1}, {"q": "Bern", "n": 1}),
        ({"ids": {"$": "$.steps.find[*].id"}}, {"ids": [1, 2]}),
        ({"none": {"$": "$.steps.other[*]"}}, {"none": []}),
        ({"q": {"$": "$.input.nothing"}, "n": 1}, {"n": 1}),
        ([{"$": "$.input.nothing"}, {"$": "$.input.tags[0]"}], ["a"]),
        ({"$": "$.input.nothing"}, None),
        ({"deep": [{"er": {"$": "$.input.tags"}}]}, {"deep": [{"er": ["a", "b"]}]}),
    ],
)
def test_an_object_with_a_path_stands_for_what_it_finds(template: Any, expected: Any) -> None:
    assert filled(template) == expected


def test_many_paths_to_one_large_value_are_too_much() -> None:
    state = {"input": "x" * 1000}
    template = {str(n): {"$": "$.input"} for n in range(1000)}
    with pytest.raises(TooMuch):
        templates.fill(template, state, Budget(bytes=100_000))


@pytest.mark.parametrize(
    ("path", "expected"),
    [("$.input.tags", ["a", "b"]), ("$.steps.find[*].id", [1, 2]), ("$.steps.none[*]", [])],
)
def test_a_step_goes_over_the_items_that_its_path_finds(path: str, expected: list[Any]) -> None:
    assert templates.items(path, STATE, Budget(), 10) == expected


@pytest.mark.parametrize("path", ["$.input.city", "$.input.nothing"])
def test_what_is_no_array_can_not_be_gone_over(path: str) -> None:
    with pytest.raises(ValueError, match="no array"):
        templates.items(path, STATE, Budget(), 10)


def test_no_step_goes_over_more_items_than_it_may() -> None:
    with pytest.raises(TooMuch, match="at most 1"):
        templates.items("$.input.tags", STATE, Budget(), 1)


@pytest.mark.parametrize(
    ("template", "where", "said"),
    [
        ({"q": {"$": "$.inptu.city"}}, "/q", "must begin with one of $.input, $.steps"),
        ({"q": {"$": "$"}}, "/q", "must begin with"),
        ({"q": {"$": "$.steps.later.id"}}, "/q", "'later'"),
        ({"q": [{"$": "$..id"}]}, "/q/0", "is no path that a recipe takes"),
        ({"q": {"$": 1}}, "/q", "text"),
        ({"q": {"$": "$.input", "other": 1}}, "/q", "no other members"),
        ({"q": {"$": "$.item"}}, "/q", "must begin with"),
    ],
)
def test_what_is_wrong_in_a_template_is_said_with_its_place(
    template: Any, where: str, said: str
) -> None:
    [problem] = templates.problems(template, {"input", "steps"}, {"find"})
    assert problem.pointer == where
    assert said in problem.problem


def test_a_template_that_fits_has_no_problems() -> None:
    template = {"a": {"$": "$.input.x"}, "b": [{"$": "$.steps.find[0].id"}], "c": {"$": "$.steps"}}
    assert templates.problems(template, {"input", "steps"}, {"find"}) == []


def test_a_template_is_not_nested_without_end() -> None:
    template: Any = 1
    for _ in range(40):
        template = [template]
    assert templates.problems(template, {"input"}, set())
