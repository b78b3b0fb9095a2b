"""What is made of a tool's record lasts as long as the record, and as there is room."""

import pytest
from msgspec.structs import replace

from mcpgateway.common.routing.model import Tool
from mcpgateway.data_plane.upstreams.per_tool import PerTool


class Made:
    """Remembers for which tools it was asked."""

    def __init__(self) -> None:
        self.of: list[str] = []

    def __call__(self, tool: Tool) -> str:
        self.of.append(tool.id)
        if tool.id == "bad":
            raise ValueError("nothing can be made of it")
        return f"{tool.id} {tool.name}"


def tool(id: str) -> Tool:
    return Tool(id, "", id, id, b"{}")


def test_it_is_made_once_for_each_record() -> None:
    known = PerTool(made := Made(), 9)
    first = tool("a")
    assert known.of(first) is known.of(first)
    assert known.of(replace(first, name="new")) == "a new"
    assert known.of(first) == "a a"
    assert made.of == ["a", "a", "a"]


def test_the_least_recently_called_goes_first() -> None:
    known = PerTool(made := Made(), 2)
    a, b, c = map(tool, "abc")
    for each in (a, b, a, c, a):
        known.of(each)
    assert made.of == ["a", "b", "c"]
    known.of(b)
    assert made.of == ["a", "b", "c", "b"]


def test_another_record_counts_as_called() -> None:
    known = PerTool(made := Made(), 2)
    a, b, c = map(tool, "abc")
    for each in (a, b, other := replace(a), c, other):
        known.of(each)
    assert made.of == ["a", "b", "a", "c"]


def test_what_fails_is_tried_again() -> None:
    known = PerTool(made := Made(), 2)
    for _ in range(2):
        with pytest.raises(ValueError, match="nothing"):
            known.of(tool("bad"))
    assert made.of == ["bad", "bad"]
