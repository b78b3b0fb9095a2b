"""Swagger 2.0: the same as `openapi3` says, of the older form. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from mcpgateway.control_plane.registry.openapi.media import FORM, JSON, MULTIPART, bare, chosen
from mcpgateway.control_plane.registry.openapi.parts import (
    Asked,
    Body,
    Operation,
    Parameter,
    Place,
    listed,
    mapping,
    text,
)
from mcpgateway.control_plane.registry.openapi.pointers import BadPart, Pointers

_PLACES: Mapping[str, Place] = {"path": "path", "query": "query", "header": "header"}
_STYLES = {"ssv": "spaceDelimited", "pipes": "pipeDelimited"}  # else "form"
_OF_SCHEMA = frozenset(
    (
        "type",
        "format",
        "items",
        "enum",
        "default",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "multipleOf",
        "description",
        "x-nullable",
    )
)


def servers(tree: Mapping[str, Any]) -> tuple[str, ...]:
    """Without a host they are where the document is."""
    host, base = text(tree.get("host")), text(tree.get("basePath")).rstrip("/")
    if not host:
        return (base,) if base else ()
    schemes = [each for each in listed(tree.get("schemes")) if each in ("http", "https")]
    return tuple(f"{scheme}://{host}{base}" for scheme in schemes or ["https"])


def asked(operation: Operation, pointers: Pointers, consumes: list[Any]) -> Asked:
    """`consumes` is the API's own. Raises BadPart."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for raw in (*operation.shared, *listed(operation.raw.get("parameters"))):
        parameter = mapping(pointers.followed(raw))
        found[text(parameter.get("name")), text(parameter.get("in"))] = parameter
    kinds = operation.raw.get("consumes")
    own = [each for each in (kinds if isinstance(kinds, list) else consumes) if text(each)]
    return Asked(
        tuple(_parameters(found.values())), _body(found.values(), own), _answer(operation, pointers)
    )


def _parameters(found: Any) -> Iterator[Parameter]:
    for raw in found:
        name, where = text(raw.get("name")), text(raw.get("in"))
        if where in ("body", "formData"):
            continue
        place = _PLACES.get(where)
        if not name or place is None:
            raise BadPart(f"has a parameter {name[:80]!r} in {where[:40]!r}, which is no place")
        collected = text(raw.get("collectionFormat"))
        yield Parameter(
            name,
            place,
            {key: raw[key] for key in _OF_SCHEMA if key in raw},
            required=raw.get("required") is True or place == "path",
            description=text(raw.get("description")),
            style=_STYLES.get(collected, "form") if place == "query" else "simple",
            compact=collected != "multi",
            multiple=raw.get("x-multi-segment") is True,
        )


def _body(found: Any, consumes: list[str]) -> Body | None:
    for raw in found:
        if raw.get("in") == "body":
            return Body(
                chosen(consumes) or JSON,
                raw.get("schema"),
                raw.get("required") is True,
                text(raw.get("description")),
            )
    fields = [raw for raw in found if raw.get("in") == "formData" and text(raw.get("name"))]
    return _form(fields, consumes) if fields else None


def _form(fields: list[Mapping[str, Any]], consumes: list[str]) -> Body:
    files = any(raw.get("type") == "file" for raw in fields)
    multipart = files or (
        any(bare(each) == MULTIPART for each in consumes)
        and not any(bare(each) == FORM for each in consumes)
    )
    schema = {
        "type": "object",
        "properties": {raw["name"]: _field(raw) for raw in fields},
        "required": [raw["name"] for raw in fields if raw.get("required") is True],
    }
    encoding = {
        raw["name"]: {"style": "form", "explode": raw.get("collectionFormat") == "multi"}
        for raw in fields
        if raw.get("type") == "array"
    }
    return Body(MULTIPART if multipart else FORM, schema, bool(schema["required"]), "", encoding)


def _field(raw: Mapping[str, Any]) -> dict[str, Any]:
    made = {key: raw[key] for key in _OF_SCHEMA if key in raw}
    return made | {"type": "string", "format": "binary"} if raw.get("type") == "file" else made


def _answer(operation: Operation, pointers: Pointers) -> Any:
    found: list[Any] = []
    for status, raw in mapping(operation.raw.get("responses")).items():
        if str(status)[:1] != "2":
            continue
        schema = mapping(pointers.followed(raw)).get("schema")
        if schema is None or mapping(schema).get("type") == "file":
            return None
        if found and schema != found[0]:
            return None
        found.append(schema)
    return found[0] if found else None
