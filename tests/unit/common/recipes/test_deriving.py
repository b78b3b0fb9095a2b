"""Derived tools say of themselves exactly what their calls take."""

from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mcpgateway.common.recipes import deriving
from mcpgateway.common.recipes.taking import NotTaken, taken
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.recipe import Derived
from mcpgateway.common.schema_check import Check

OWN = ("a", "b", "c", "d")
OTHER = ("e", "f")
values = st.sampled_from(["x", "y", 1, 2, True, None, ["x"], {"a": 1}, {"a": {"a": "x"}}])
subschemas = st.sampled_from(
    [
        {},
        True,
        False,
        {"type": "string"},
        {"type": "integer", "minimum": 2},
        {"enum": ["x", 1]},
        {"const": "y", "description": "y"},
        {"$ref": "#/$defs/text"},
        {"$ref": "#/properties/a"},
        {"$ref": "#"},
        {"type": "array", "items": {"$ref": "#/$defs/text"}},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
    ]
)


@st.composite
def bases(draw: st.DrawFn) -> dict[str, Any]:
    """Schemas that speak of single arguments."""
    properties = draw(st.dictionaries(st.sampled_from(OWN), subschemas, max_size=4))
    properties.setdefault("a", {"type": "string"})
    if properties["a"] in ({"$ref": "#/properties/a"}, {"$ref": "#"}):
        properties["a"] = {"type": "string"}
    base: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "$defs": {"text": {"type": "string"}, "whole": {"type": "object"}},
    }
    if draw(st.booleans()):
        base["required"] = draw(st.lists(st.sampled_from(OWN), unique=True, max_size=3))
    more = draw(st.sampled_from([None, True, False, {"type": "integer"}]))
    return base if more is None else {**base, "additionalProperties": more}


@st.composite
def recipes(draw: st.DrawFn) -> Derived:
    names = st.sampled_from((*OWN, *OTHER))
    renamed = draw(st.dictionaries(names, st.sampled_from(OWN), max_size=2))
    return Derived(
        tool="base",
        fixed=draw(st.dictionaries(st.sampled_from(OWN), values, max_size=2)),
        hidden=tuple(draw(st.lists(st.sampled_from(OWN), max_size=1))),
        defaults=draw(st.dictionaries(st.sampled_from(OWN), values, max_size=2)),
        renamed={shown: own for shown, own in renamed.items() if shown != own},
        described=draw(st.dictionaries(names, st.just("Words."), max_size=1)),
    )


arguments = st.dictionaries(st.sampled_from((*OWN, *OTHER)), values, max_size=4)


def of(definition: dict[str, Any]) -> Tool:
    return Tool("t", "", "t", "t", definition=msgspec.json.encode(definition))


def base_takes(base: dict[str, Any], recipe: Derived, said: dict[str, Any]) -> bool:
    definition = deriving.definition({"inputSchema": base}, recipe)
    try:
        sent = taken(recipe, of(definition), msgspec.json.encode(said))
    except NotTaken:
        return False
    return not Check(base).problems(msgspec.json.decode(sent))


def is_ambiguous(recipe: Derived) -> bool:
    """One argument under two names, or under one though it is not shown: refused when a recipe is
    written, whatever the base is."""
    own = list(recipe.renamed.values())
    gone = {*recipe.fixed, *recipe.hidden}
    return len(set(own)) != len(own) or not gone.isdisjoint(own)


@given(bases(), recipes().filter(lambda each: not is_ambiguous(each)), arguments)
def test_a_derived_schema_takes_exactly_what_its_call_takes(
    base: dict[str, Any], recipe: Derived, said: dict[str, Any]
) -> None:
    schema = deriving.input_schema(base, recipe)
    assume(deriving.is_exact(base, recipe))
    assert (not Check(schema).problems(said)) is base_takes(base, recipe, said)


together = st.sampled_from(
    [
        {"minProperties": 2},
        {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"not": {"required": ["c"]}},
        {"patternProperties": {"^a": {"type": "string"}}},
        {"dependentRequired": {"a": ["b"]}},
        {"propertyNames": {"maxLength": 1}},
        {"$id": "https://example.com/s"},
        {"$dynamicAnchor": "here"},
        {"allOf": [{"$ref": "#/$defs/text"}]},
        {"unevaluatedProperties": False},
    ]
)


@given(bases(), recipes().filter(lambda each: not is_ambiguous(each)), arguments, together)
def test_what_a_base_says_of_several_arguments_together_is_left_to_it(
    base: dict[str, Any], recipe: Derived, said: dict[str, Any], more: dict[str, Any]
) -> None:
    base = {**base, **more}
    problems = Check(deriving.input_schema(base, recipe)).problems(said)
    assert not (base_takes(base, recipe, said) and problems)


@given(st.recursive(values, lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=3)))
def test_whatever_a_base_says_of_its_arguments_there_is_a_schema(base: Any) -> None:
    recipe = Derived(tool="base", fixed={"a": 1}, renamed={"q": "b"})
    made = deriving.definition({"inputSchema": base}, recipe)["inputSchema"]
    assert made["type"] == "object"


def test_what_a_recipe_gives_to_a_schema_that_refers_to_itself_is_left_to_the_base() -> None:
    base = {"type": "object", "properties": {"b": {"$ref": "#"}, "c": {"type": "string"}}}
    assert not deriving.is_exact(base, Derived(tool="base", fixed={"b": "x"}))
    assert deriving.is_exact(base, Derived(tool="base", fixed={"c": "x"}))
    assert "not" not in deriving.input_schema(base, Derived(tool="base", fixed={"b": "x"}))


BASE: dict[str, Any] = {
    "title": "Search",
    "description": "Searches.",
    "annotations": {"readOnlyHint": True},
    "outputSchema": {"type": "object"},
    "inputSchema": {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "What for."},
            "limit": {"type": "integer", "maximum": 100},
            "tenant": {"type": "string"},
        },
        "required": ["query", "tenant"],
    },
}


def test_a_derived_tool_shows_what_is_left_to_choose() -> None:
    recipe = Derived(
        tool="base",
        fixed={"tenant": "acme"},
        defaults={"limit": 10},
        renamed={"q": "query"},
        described={"q": "Words to look for."},
        description="Only at Acme. {description}",
    )
    made = deriving.definition(BASE, recipe)
    assert made["description"] == "Only at Acme. Searches."
    assert made["annotations"] == {"readOnlyHint": True}
    assert made["outputSchema"] == {"type": "object"}
    assert made["inputSchema"] == {
        "type": "object",
        "properties": {
            "limit": {"type": "integer", "maximum": 100, "default": 10},
            "q": {"type": "string", "description": "Words to look for."},
        },
        "required": ["q"],
        "additionalProperties": False,
    }


def test_what_changes_no_argument_leaves_the_schema_as_it_is() -> None:
    recipe = Derived(tool="base", description="Finds.")
    made = deriving.definition(BASE, recipe)
    assert made == {**BASE, "description": "Finds."}


def test_a_reference_to_what_is_not_shown_finds_it_yet() -> None:
    base = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "other": {"$ref": "#/properties/id"}},
    }
    schema = deriving.input_schema(base, Derived(tool="base", fixed={"id": "1"}))
    assert "id" not in schema["properties"]
    assert Check(schema).problems({"other": 5})
    assert not Check(schema).problems({"other": "x"})


@pytest.mark.parametrize(
    ("recipe", "member", "said"),
    [
        (Derived(tool="b", hidden=("query",)), "hidden.query", "required"),
        (Derived(tool="b", fixed={"limit": 1000}), "fixed.limit", "maximum"),
        (Derived(tool="b", defaults={"limit": "x"}), "defaults.limit", "integer"),
        (Derived(tool="b", renamed={"limit": "query"}), "renamed.limit", "another argument"),
        (
            Derived(tool="b", fixed={"query": "x"}, renamed={"q": "query"}),
            "renamed.q",
            "fixed or hidden",
        ),
        (
            Derived(tool="b", renamed={"q": "query", "r": "query"}),
            "renamed.q",
            "renamed to 'r', too",
        ),
        (Derived(tool="b", described={"nothing": "x"}), "described.nothing", "shown"),
    ],
)
def test_what_can_not_work_is_said_by_its_member(recipe: Derived, member: str, said: str) -> None:
    found = dict(deriving.problems(BASE, recipe))
    assert list(found) == [member]
    assert said in found[member]


def test_a_base_that_takes_no_other_arguments_says_so() -> None:
    base = {"inputSchema": {**BASE["inputSchema"], "additionalProperties": False}}
    [(member, problem)] = deriving.problems(base, Derived(tool="b", defaults={"other": 1}))[:1]
    assert member == "defaults.other"
    assert "query, limit, tenant" in problem


def test_a_recipe_that_fits_has_no_problems() -> None:
    recipe = Derived(
        tool="b",
        fixed={"tenant": "acme"},
        defaults={"limit": 5},
        renamed={"limit": "query", "n": "limit"},
    )
    assert deriving.problems(BASE, recipe) == []


def test_words_within_words_do_not_grow_from_level_to_level() -> None:
    """Of a hostile recipe, or of one whose base was reworded since."""
    said = {**BASE, "description": "x" * 8000}
    recipe = Derived(tool="b", description=deriving.PLACE * 5000)
    for _ in range(4):
        assert "limit" in dict(deriving.problems(said, recipe))["description"]
        said = deriving.definition(said, recipe)
        assert len(said["description"]) == deriving.LONGEST


def test_words_that_just_fit_are_all_there() -> None:
    said = {**BASE, "description": "x" * (deriving.LONGEST - 4)}
    recipe = Derived(tool="b", description=f"<<{deriving.PLACE}>>")
    assert deriving.problems(said, recipe) == []
    made = deriving.definition(said, recipe)["description"]
    assert made == f"<<{said['description']}>>"
