"""Recipes as the registry keeps them: what follows from them, and how they name their tools."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.recipe import Composed, Derived, Recipe, Step, tools_of
from mcpgateway.control_plane.registry import recipes
from mcpgateway.control_plane.registry.model import Tool, Who

AT = datetime(2026, 11, 22, tzinfo=UTC)


def row(id: str, recipe: Recipe | None = None, **fields: Any) -> Tool:
    usual: dict[str, Any] = {
        "definition": "{}",
        "created_at": AT,
        "updated_at": AT,
        "created": Who("a"),
    }
    kept = None if recipe is None else recipes.kept(recipe)
    return Tool(id=id, name=id, original_name=id, recipe=kept, **(usual | fields))


BASE = row(
    "base",
    upstream_id="u",
    definition='{"description":"Searches.","inputSchema":{"type":"object"}}',
    overrides='{"description":"Finds.","annotations":{"readOnlyHint":true}}',
)


def test_a_derived_tool_says_what_clients_see_of_its_base() -> None:
    derived = row("d", Derived(tool="base", description="Only here. {description}"))
    made = recipes.settled(derived, BASE)
    assert msgspec.json.decode(made.definition)["description"] == "Only here. Finds."
    assert made.read_only


def test_its_own_words_about_repeating_it_count() -> None:
    own = '{"annotations":{"readOnlyHint":false}}'
    assert not recipes.settled(row("d", Derived(tool="base"), overrides=own), BASE).read_only


def test_without_its_base_it_stays_as_it_is() -> None:
    derived = row("d", Derived(tool="base"), definition='{"title":"T"}')
    assert recipes.settled(derived, None) is derived
    assert recipes.settled(BASE, BASE) is BASE


def test_only_derived_tools_have_a_base() -> None:
    assert recipes.base_of(row("d", Derived(tool="base"))) == "base"
    assert recipes.base_of(row("c", Composed(steps=(Step(name="a", tool="base"),)))) == ""
    assert recipes.base_of(BASE) == ""


names = st.sampled_from(["a", "b", "c"])
made = st.one_of(
    st.builds(Derived, tool=names),
    st.builds(
        Composed,
        steps=st.lists(st.builds(Step, name=names, tool=names), min_size=1, max_size=3).map(tuple),
    ),
)


@given(made, st.dictionaries(names, st.sampled_from(["x", "y"])))
def test_tools_get_the_names_that_are_known(recipe: Recipe, known: dict[str, str]) -> None:
    renamed = recipes.with_tools(recipe, known)
    expected = dict.fromkeys(known.get(name, name) for name in tools_of(recipe))
    assert tools_of(renamed) == tuple(expected)
    assert recipes.of(row("r", recipe)) == recipe


def test_a_place_in_a_recipe_is_told_as_callers_write_it() -> None:
    assert recipes.dotted("/steps/0/arguments/a~1b") == ".steps[0].arguments.a/b"
    assert recipes.dotted("") == ""
