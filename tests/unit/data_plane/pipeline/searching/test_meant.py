"""A call of `call_tool` is the call of the tool that it names, wherever that is looked at."""

import json
from typing import Any

import msgspec
import pytest

from mcpgateway.common.jsonrpc import Params
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.view import View
from mcpgateway.data_plane.pipeline.searching.meant import offers
from support.registries import ADMIN, REGISTRY, server, tool, upstream

TABLE = build(
    REGISTRY,
    1,
    (
        upstream(),
        tool("t1"),
        tool("t2"),
        server("full", tools=("t1",)),
        server("searched", tools=("t1",), discovery="search"),
    ),
)


def view(id: str | None) -> View:
    found = TABLE.view(Subject(ADMIN), id)
    assert found is not None
    return found


def params(arguments: Any) -> Params:
    return {"arguments": msgspec.Raw(json.dumps(arguments).encode())}


@pytest.mark.parametrize(
    ("name", "arguments", "offered"),
    [
        ("u1-t1", {}, True),
        ("u1-t2", {}, False),
        ("search_tools", {"query": "x"}, True),
        ("describe_tool", {"name": "u1-t2"}, True),
        ("call_tool", {"name": "u1-t1"}, True),
        ("call_tool", {"name": "u1-t2"}, False),
        ("call_tool", {}, True),  # it is refused in words of its own
        ("call_tool", [], True),
    ],
)
def test_what_is_offered_is_told_by_the_tool_that_is_meant(
    name: str, arguments: Any, offered: bool
) -> None:
    assert offers(view("searched"), name, params(arguments)) == offered


def test_elsewhere_those_names_are_of_nothing() -> None:
    for id in ("full", None):
        assert not offers(view(id), "call_tool", params({"name": "u1-t1"}))
        assert offers(view(id), "u1-t1", {})
