"""What the examined client calls, and with which arguments."""

from typing import Any

import mcp_types as types

from conformance.drive import calls_of


def tool(name: str, **properties: Any) -> types.Tool:
    return types.Tool(name=name, input_schema={"type": "object", "properties": properties})


def test_each_tool_is_called_with_an_example_of_every_argument() -> None:
    tools = [
        tool("add", a={"type": "number"}, b={"type": "integer"}),
        tool("say", text={"type": "string"}, loud={"type": "boolean"}, how={"enum": ["so"]}),
        tool("nest", inner={"type": "object"}, items={"type": "array"}, n={"default": 7}),
    ]
    assert calls_of(tools, {}) == [
        ("add", {"a": 5, "b": 5}),
        ("say", {"text": "x", "loud": True, "how": "so"}),
        ("nest", {"inner": {}, "items": [], "n": 7}),
    ]


def test_calls_that_the_suite_asks_for_are_made_alone() -> None:
    context = {"toolCalls": [{"name": "a", "arguments": {"x": None}}]}
    assert calls_of([tool("a"), tool("b")], context) == [("a", {"x": None})]


def test_a_schema_is_echoed_as_it_was_listed() -> None:
    listed = tool("json_schema_2020_12_tool", a={"type": "string"})
    calls = dict(calls_of([listed, tool("json_schema_echo", schema={"type": "object"})], {}))
    assert calls["json_schema_echo"] == {"schema": listed.input_schema}
