"""What a method says of itself as a tool."""

import json
from typing import Any

from mcpgateway.common.protobuf.comments import comments
from mcpgateway.common.protobuf.methods import methods
from mcpgateway.common.protobuf.pool import read
from mcpgateway.common.protobuf.tools import definition
from support.grpc_service import descriptors, pool

FILES = read(descriptors())


def defined(name: str, *, outputs: bool = True) -> Any:
    (method,) = [each for each in methods(FILES) if each.name == name]
    descriptor = pool().FindMethodByName(name)
    return json.loads(definition(descriptor, method, comments(FILES), outputs=outputs))


def test_its_comment_is_the_description_and_its_messages_are_the_schemas() -> None:
    made = defined("routeguide.RouteGuide.GetFeature")
    assert made["title"] == "RouteGuide.GetFeature"
    assert made["description"].startswith("Looks up the feature at a point.")
    assert set(made["inputSchema"]["properties"]) == {"latitude", "longitude"}
    assert set(made["outputSchema"]["properties"]) == {"name", "location"}


def test_streams_and_what_is_old_are_said() -> None:
    both = defined("routeguide.RouteGuide.RouteChat")
    assert "It takes a stream" in both["description"]
    assert "It answers a stream" in both["description"]
    assert set(both["inputSchema"]["properties"]) == {"messages"}
    assert defined("probe.v1.Probe.Old")["description"].endswith("Deprecated.")


def test_a_schema_of_answers_is_left_out_where_that_is_wished() -> None:
    assert "outputSchema" not in defined("probe.v1.Probe.Echo", outputs=False)
