"""What of a tool is searched, how much each place says, and where it ends."""

import msgspec
import pytest

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.search.tool_words import DESCRIPTION, PARAMETERS, weights


def tool(name: str = "up-do", **definition: object) -> Tool:
    return Tool("t", "u", name, "do", msgspec.json.encode(definition))


def test_a_name_says_more_than_a_description_and_that_more_than_a_parameter() -> None:
    schema = {"properties": {"gamma": {"description": "delta"}}}
    found = weights(tool("alpha", description="beta", inputSchema=schema))
    order = sorted(("alpha", "beta", "gamma", "delta"), key=lambda word: -found[word])
    assert order == ["alpha", "beta", "gamma", "delta"]


def test_tags_and_titles_are_searched() -> None:
    of = Tool("t", "u", "n", "n", b'{"title":"Ledger"}', tags=("finance",))
    assert {"ledger", "financ"} <= weights(of).keys()


def test_the_name_that_its_upstream_uses_is_found_where_it_is_another() -> None:
    assert "zebra" in weights(Tool("t", "u", "renamed", "zebra"))


@pytest.mark.parametrize(
    "definition",
    [
        b"[]",
        b"{",
        b'{"description":7}',
        b'{"inputSchema":[]}',
        b'{"inputSchema":{"properties":3}}',
        b'{"inputSchema":{"properties":{"a":true,"b":{"description":1}}}}',
    ],
)
def test_a_definition_of_another_form_costs_nothing_but_its_words(definition: bytes) -> None:
    assert "word" in weights(Tool("t", "u", "word", "word", definition))


def test_what_a_tool_may_cost_is_bounded() -> None:
    parameters = {f"p{n}x": {"description": "y"} for n in range(10_000)}
    long = "filler " * DESCRIPTION + "needle"
    found = weights(tool(description=long, inputSchema={"properties": parameters}))
    assert "needle" not in found
    assert len(found) < 3 * PARAMETERS + 10
