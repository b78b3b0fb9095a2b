"""References in a schema of which parts are taken out."""

from typing import Any

import pytest

from mcpgateway.common.recipes import references
from mcpgateway.common.recipes.references import settled
from mcpgateway.common.schema_check import Check

WHOLE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "same": {"$ref": "#/properties/id"},
        "again": {"$ref": "#"},
        "named": {"$ref": "#/$defs/text"},
    },
    "required": ["id"],
    "$defs": {"text": {"type": "string"}, "whole": {}},
}


def part(name: str) -> dict[str, Any]:
    taken = {"type": "object", "properties": {name: WHOLE["properties"][name]}}
    return references.settled({**taken, "$defs": WHOLE["$defs"]}, WHOLE)


@pytest.mark.parametrize(
    ("name", "fits", "not_fitting"),
    [
        ("same", "x", 1),
        ("named", "x", 1),
        ("again", {"id": "x", "again": {"id": "y"}}, {"id": "x", "again": {}}),
    ],
)
def test_references_of_a_part_find_what_they_found(
    name: str, fits: object, not_fitting: object
) -> None:
    check = Check(part(name))
    assert not check.problems({name: fits})
    assert check.problems({name: not_fitting})


def test_what_refers_to_definitions_only_stays_as_it_is() -> None:
    assert part("named")["$defs"] == WHOLE["$defs"]


def test_data_is_not_taken_for_references() -> None:
    schema = {"properties": {"$ref": {"enum": [{"$ref": "#/properties/x"}]}}}
    assert references.settled(schema, schema) == schema


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"$ref": "https://example.com/s"}}},
        {"properties": {"a": {"$ref": "#name"}}},
        {"properties": {"a": {"$anchor": "name"}}},
        {"properties": {"a": {"$id": "other"}}},
        {"properties": {"a": {"items": [{"$dynamicRef": "#"}]}}},
        {"$recursiveAnchor": True},
    ],
)
def test_what_refers_by_other_names_is_not_movable(schema: dict[str, object]) -> None:
    assert not references.is_movable(schema)


def test_the_name_of_the_whole_is_no_hindrance() -> None:
    schema = {"$id": "https://example.com/s", "properties": {"id": {"$ref": "#/$defs/x"}}}
    assert references.is_movable(schema)


@pytest.mark.parametrize("nonsense", [0, None, [], "x", True])
def test_definitions_that_are_none_refuse_nothing(nonsense: object) -> None:
    part = {"$defs": nonsense, "properties": {"a": {"$ref": "#/properties/b"}}}
    moved = settled(part, {"$defs": nonsense, "properties": {"b": {"type": "string"}}})
    assert moved["properties"]["a"] == {"$ref": "#/$defs/whole/properties/b"}
    assert moved["$defs"]["whole"]["properties"] == {"b": {"type": "string"}}
