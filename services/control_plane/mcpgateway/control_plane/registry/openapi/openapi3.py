"""OpenAPI 3.0, 3.1 and 3.2: parameters, bodies and answers of an operation. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from mcpgateway.control_plane.registry.openapi.media import chosen, is_json
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

_PLACES: Mapping[str, Place] = {
    "path": "path",
    "query": "query",
    "header": "header",
    "cookie": "cookie",
}
_USUAL = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}


def servers(tree: Mapping[str, Any]) -> tuple[str, ...]:
    """Of an API, a path or an operation."""
    return tuple(filter(None, (_server(mapping(each)) for each in listed(tree.get("servers")))))


def _server(raw: Mapping[str, Any]) -> str:
    url = text(raw.get("url"))
    for name, variable in mapping(raw.get("variables")).items():
        url = url.replace(f"{{{name}}}", str(mapping(variable).get("default", "")))
    return url


def asked(operation: Operation, pointers: Pointers) -> Asked:
    """Raises BadPart."""
    body = operation.raw.get("requestBody")
    return Asked(
        tuple(_parameters(operation, pointers)),
        None if body is None else _body(mapping(pointers.followed(body)), pointers),
        _answer(operation, pointers),
    )


def _parameters(operation: Operation, pointers: Pointers) -> Iterator[Parameter]:
    """Those of the operation count before those of its path."""
    found: dict[tuple[str, str], Parameter] = {}
    for raw in (*operation.shared, *listed(operation.raw.get("parameters"))):
        made = _parameter(mapping(pointers.followed(raw)))
        found[made.name, made.place] = made
    yield from found.values()


def _parameter(raw: Mapping[str, Any]) -> Parameter:
    name, place = text(raw.get("name")), _PLACES.get(text(raw.get("in")))
    if not name or place is None:
        where = text(raw.get("in"))[:40]
        raise BadPart(f"has a parameter {name[:80]!r} in {where!r}, which is no place for one")
    style = text(raw.get("style")) or _USUAL[place]
    media_type = next(iter(mapping(raw.get("content"))), "")
    content = mapping(mapping(raw.get("content")).get(media_type))
    return Parameter(
        name,
        place,
        content.get("schema") if media_type else raw.get("schema"),
        required=raw.get("required") is True or place == "path",
        description=text(raw.get("description")),
        style=style,
        compact=raw.get("explode") is False or (raw.get("explode") is None and style != "form"),
        media_type=media_type,
        multiple=raw.get("x-multi-segment") is True or raw.get("allowReserved") is True,
    )


def _body(raw: Mapping[str, Any], pointers: Pointers) -> Body | None:
    content = mapping(raw.get("content"))
    media_type = chosen(content)
    if media_type is None:
        return None
    media = mapping(pointers.followed(content[media_type]))
    return Body(
        media_type,
        media.get("schema", media.get("itemSchema")),
        raw.get("required") is True,
        text(raw.get("description")),
        mapping(media.get("encoding")),
    )


def _answer(operation: Operation, pointers: Pointers) -> Any:
    """Of the statuses that say that all went well, if all of them answer with one schema."""
    found: list[Any] = []
    for status, raw in mapping(operation.raw.get("responses")).items():
        if str(status)[:1] != "2":
            continue
        content = mapping(mapping(pointers.followed(raw)).get("content"))
        json = next((media for kind, media in content.items() if is_json(kind)), None)
        schema = mapping(pointers.followed(json)).get("schema") if json is not None else None
        if schema is None or (found and schema != found[0]):
            return None
        found.append(schema)
    return found[0] if found else None
