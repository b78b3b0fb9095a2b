"""What is embedded of a tool is what it says of itself, cut, and told apart by a digest."""

from typing import Any

import msgspec

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.search.embedded_text import text_of


def tool(definition: Any, name: str = "up-get", **more: Any) -> Tool:
    text = definition if isinstance(definition, bytes) else msgspec.json.encode(definition)
    return Tool("t", "u", name, name, text, **more)


def test_it_is_name_title_description_and_names_of_parameters() -> None:
    schema = {"properties": {"city": {"description": "where"}, "day": {}}}
    said = {"title": "Forecast", "description": "Tells the weather", "inputSchema": schema}
    assert text_of(tool(said)).text == "up-get\nForecast\nTells the weather\ncity, day"


def test_the_digest_is_of_the_text_alone() -> None:
    same = text_of(tool({"description": "a", "outputSchema": {}}, tags=("x",)))
    assert same == text_of(tool({"description": "a"}))
    assert same.digest != text_of(tool({"description": "b"})).digest


def test_what_can_not_be_read_says_its_name() -> None:
    for wrong in (b"", b"[1]", b'{"title":', {"title": 1, "inputSchema": {"properties": []}}):
        assert text_of(tool(wrong)).text == "up-get"


def test_it_is_bounded() -> None:
    schema: Any = {"properties": {"p" * 500 + str(n): {} for n in range(500)}}
    huge = {"title": "t" * 9999, "description": "d" * 9999, "inputSchema": schema}
    assert len(text_of(tool(huge, "n" * 9999)).text) < 3_000
