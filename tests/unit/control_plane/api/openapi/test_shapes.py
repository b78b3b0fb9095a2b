"""Schemas of answers, from what is made of examples of every type."""

from datetime import datetime
from typing import Any, Literal, NamedTuple

import jsonschema
import msgspec
import pytest

from mcpgateway.control_plane.api.http.operation import Listed, Shown
from mcpgateway.control_plane.api.openapi.examples import TEXT, examples
from mcpgateway.control_plane.api.openapi.shapes import described, made, shape


class Part(msgspec.Struct, frozen=True):
    kind: Literal["a", "b"]
    size: int | None = None


class Row(NamedTuple):
    name: str
    enabled: bool
    part: Part | None
    tags: tuple[str, ...]
    extra: dict[str, Any]
    at: datetime


def render(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.name.upper(),
        "state": "on" if row.enabled else "off",
        "kind": row.part.kind if row.part else None,
        "size": row.part.size if row.part else None,
        "tags": [{"label": tag} for tag in row.tags],
        "extra": row.extra,
        "at": row.at,
        "unused": None,
    }


def test_every_member_is_described_with_all_that_it_can_be() -> None:
    schema = described(Shown(render, title="Row"))
    members = schema["properties"]
    assert schema["title"] == "Row"
    assert schema["required"] == list(members)
    assert members["name"] == {"type": "string"}
    assert members["title"] == {"type": "string"}
    assert members["state"] == {"type": "string", "enum": ["off", "on"]}
    assert members["kind"] == {"type": ["null", "string"], "enum": ["a", "b", None]}
    assert members["size"] == {"type": ["integer", "null"]}
    assert members["tags"]["items"]["properties"] == {"label": {"type": "string"}}
    assert members["extra"] == {"type": "object", "additionalProperties": {}}
    assert members["at"] == {"type": "string", "format": "date-time"}
    assert members["unused"] == {"type": "null"}


def test_what_was_made_conforms_to_what_is_described() -> None:
    schema = described(Shown(render))
    for value in made(render):
        jsonschema.validate(msgspec.json.decode(msgspec.json.encode(value)), schema)


def test_a_list_is_bare_or_wrapped() -> None:
    schema = described(Listed("rows", Shown(render)))
    jsonschema.validate([], schema)
    jsonschema.validate({"rows": [], "nextCursor": None}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"rows": []}, schema)


def test_a_member_that_is_not_always_there_is_not_required() -> None:
    schema = shape([{"a": 1, "b": 2}, {"a": 0.5, "b": msgspec.UNSET}])
    assert schema["required"] == ["a"]
    assert schema["properties"]["a"] == {"type": "number"}


def test_there_are_examples_of_each_kind_that_a_type_has() -> None:
    assert set(examples(Part | None)) == {Part("a", 1), Part("b", None), None}
    assert examples(dict[str, int]) == [{}, {TEXT: 1}]
    assert examples(dict[Literal["x", "y"], int]) == [{"x": 1, "y": 1}]
    assert examples(tuple[int, str]) == [(1, TEXT)]
    with pytest.raises(TypeError, match="no examples of"):
        examples(type("Opaque", (), {}))
