"""Recipes of tools that are made of others."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.recipe import Composed, Derived, Recipe, Step, decode, tools_of

names = st.text(min_size=1, max_size=20)
values = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=20))
derived = st.builds(
    Derived,
    tool=names,
    fixed=st.dictionaries(names, values, max_size=3),
    hidden=st.lists(names, max_size=3).map(tuple),
    defaults=st.dictionaries(names, values, max_size=3),
    renamed=st.dictionaries(names, names, max_size=3),
)
steps = st.builds(
    Step,
    name=names,
    tool=names,
    arguments=st.dictionaries(names, values, max_size=3),
    each=st.sampled_from(["", "$.input.ids"]),
    on_error=st.sampled_from(["fail", "skip"]),
)
composed = st.builds(Composed, steps=st.lists(steps, min_size=1, max_size=4).map(tuple))


@given(derived | composed)
def test_a_recipe_reads_back_as_it_was_written(recipe: Recipe) -> None:
    assert decode(msgspec.json.encode(recipe)) == recipe


@given(composed)
def test_each_tool_of_a_recipe_is_named_once_in_order(recipe: Composed) -> None:
    named = [step.tool for step in recipe.steps]
    assert list(tools_of(recipe)) == sorted(set(named), key=named.index)


def test_a_derived_tool_is_made_of_one() -> None:
    assert tools_of(Derived(tool="a")) == ("a",)


@pytest.mark.parametrize(
    "text", [b"{}", b'{"type":"other"}', b'{"type":"derived"}', b'{"type":"composed"}', b"x"]
)
def test_what_is_no_recipe_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(text)
