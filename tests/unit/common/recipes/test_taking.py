"""What the base of a derived tool is called with."""

import msgspec
import pytest

from mcpgateway.common.recipes import deriving, taking
from mcpgateway.common.recipes.taking import Broken, NotTaken
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.recipe import Composed, Derived, Recipe, Step

SCHEMA = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("query", "tenant", "limit")},
}
BASE = Tool(
    "base", "up", "search", "search", definition=msgspec.json.encode({"inputSchema": SCHEMA})
)


def made_of(recipe: Recipe, id: str = "t", base: Tool = BASE) -> Tool:
    said = msgspec.json.decode(base.definition)
    definition = deriving.definition(said, recipe) if isinstance(recipe, Derived) else said
    return Tool(
        id,
        "",
        f"{id}-name",
        f"{id}-name",
        definition=msgspec.json.encode(definition),
        recipe=msgspec.json.encode(recipe),
    )


def sent(tool: Tool, arguments: object) -> object:
    tools = {"base": BASE}
    [aim] = taking.followed(tools, tool, msgspec.json.encode(arguments))
    assert aim.tool is BASE
    return msgspec.json.decode(aim.arguments)


FIXED = made_of(
    Derived(tool="base", fixed={"tenant": "acme"}, defaults={"limit": "5"}, renamed={"q": "query"})
)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"q": "x"}, {"query": "x", "limit": "5", "tenant": "acme"}),
        ({"q": "x", "limit": "9"}, {"query": "x", "limit": "9", "tenant": "acme"}),
        ({}, {"limit": "5", "tenant": "acme"}),
    ],
)
def test_a_base_gets_arguments_in_its_own_words(arguments: object, expected: object) -> None:
    assert sent(FIXED, arguments) == expected


@pytest.mark.parametrize("name", ["tenant", "query", "other"])
def test_what_is_not_shown_is_not_taken(name: str) -> None:
    with pytest.raises(NotTaken, match=r"its arguments are: 'limit', 'q'"):
        sent(FIXED, {name: "x"})


def test_a_hidden_argument_with_a_default_is_always_sent() -> None:
    tool = made_of(Derived(tool="base", hidden=("limit",), defaults={"limit": "5"}))
    assert sent(tool, {"query": "x"}) == {"query": "x", "limit": "5"}
    with pytest.raises(NotTaken):
        sent(tool, {"limit": "9"})


def test_two_arguments_may_change_their_names_with_each_other() -> None:
    tool = made_of(Derived(tool="base", renamed={"query": "tenant", "tenant": "query"}))
    assert sent(tool, {"query": "1", "tenant": "2"}) == {"tenant": "1", "query": "2"}


def test_arguments_that_are_passed_on_keep_their_bytes() -> None:
    tool = made_of(Derived(tool="base", defaults={"limit": "5"}))
    [aim] = taking.followed({"base": BASE}, tool, b'{"query":1.50000000000000000001}')
    assert aim.arguments == b'{"query":1.50000000000000000001,"limit":"5"}'


def test_arguments_are_an_object() -> None:
    with pytest.raises(NotTaken, match="must be an object"):
        taking.followed({"base": BASE}, FIXED, b"[1]")


def test_a_derived_tool_of_a_derived_tool_is_followed_to_the_end() -> None:
    upper = made_of(Derived(tool="t", fixed={"limit": "1"}), "upper", FIXED)
    aims = taking.followed({"base": BASE, "t": FIXED}, upper, b'{"q":"x"}')
    assert [aim.tool.id for aim in aims] == ["t", "base"]
    assert msgspec.json.decode(aims[0].arguments) == {"q": "x", "limit": "1"}
    assert msgspec.json.decode(aims[1].arguments) == {
        "query": "x",
        "limit": "1",
        "tenant": "acme",
    }


def test_what_is_not_derived_is_where_it_ends() -> None:
    composed = made_of(Composed(steps=(Step(name="a", tool="base"),)), "c")
    assert taking.followed({"base": BASE}, composed, b"{}") == []
    tool = made_of(Derived(tool="c"), "d", composed)
    assert [aim.tool.id for aim in taking.followed({"c": composed}, tool, b"{}")] == ["c"]


def test_a_tool_whose_base_is_gone_is_broken() -> None:
    with pytest.raises(Broken, match="not there"):
        taking.followed({}, FIXED, b"{}")


def test_a_tool_that_is_made_of_itself_is_broken() -> None:
    tool = made_of(Derived(tool="t"))
    with pytest.raises(Broken, match="too deeply"):
        taking.followed({"t": tool}, tool, b"{}")


def test_a_recipe_that_can_not_be_read_is_broken() -> None:
    tool = Tool("t", "", "t", "t", recipe=b"{}")
    with pytest.raises(Broken, match="can not be read"):
        taking.followed({}, tool, b"{}")
