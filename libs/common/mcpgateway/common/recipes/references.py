"""References within a JSON Schema of which parts are taken out: they go on to find what they found
in the whole. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

# Keywords that hold schemas, by the shape of their value; all else is data, or of no schema.
_ONE = frozenset(
    (
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    )
)
_LIST = frozenset(("allOf", "anyOf", "oneOf", "prefixItems", "items"))
_MAP = frozenset(("$defs", "definitions", "dependentSchemas", "patternProperties", "properties"))
_DEFS = ("$defs", "definitions")
# What finds its target by more than a pointer from the root.
_ELSEWHERE = frozenset(
    ("$id", "id", "$anchor", "$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$recursiveAnchor")
)
_WHOLE = "whole"

Walk = Callable[[dict[str, Any]], dict[str, Any]]


def is_movable(schema: Mapping[str, Any]) -> bool:
    """Whether all its references are pointers from its root, so that a part of it can be moved."""
    seen: list[bool] = []

    def look(inner: dict[str, Any]) -> dict[str, Any]:
        ref = inner.get("$ref", "#")
        other = any(isinstance(inner.get(name), str | bool) for name in _ELSEWHERE)
        seen.append(not other and isinstance(ref, str) and _is_pointer(ref))
        return inner

    mapped({name: each for name, each in schema.items() if name not in ("$id", "id")}, look)
    return all(seen)


def settled(part: dict[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """`part` has properties of `whole`, which is movable, and its definitions. References from them
    to other places of it find these under `$defs`, where they are put when there are any."""
    found: list[bool] = []
    key = _WHOLE
    while any(key in _definitions(whole, defs) for defs in _DEFS):
        key = f"_{key}"

    def move(inner: dict[str, Any]) -> dict[str, Any]:
        ref = inner.get("$ref")
        if not isinstance(ref, str) or _is_definition(ref):
            return inner
        found.append(True)
        return {**inner, "$ref": f"#/$defs/{key}{ref[1:]}"}

    moved: dict[str, Any] = mapped(part, move)
    if not found:
        return moved
    rest = {name: each for name, each in whole.items() if name not in (*_DEFS, "$schema")}
    kept = mapped(rest, move)
    kept.pop("$id", None)
    kept.pop("id", None)
    return {**moved, "$defs": {**_definitions(moved, "$defs"), key: kept}}


def _definitions(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """None where a stranger's schema has something else there."""
    found = schema.get(name)
    return found if isinstance(found, dict) else {}


def mapped(schema: Any, walk: Walk) -> Any:
    """The same schema with `walk` done to each schema in it, and to itself, which are objects."""
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _MAP and isinstance(value, dict):
            made[name] = {inner: mapped(each, walk) for inner, each in value.items()}
        elif name in _LIST and isinstance(value, list):
            made[name] = [mapped(each, walk) for each in value]
        elif name in _ONE:
            made[name] = mapped(value, walk)
        else:
            made[name] = value
    return walk(made)


def _is_pointer(ref: str) -> bool:
    return ref == "#" or ref.startswith("#/")


def _is_definition(ref: str) -> bool:
    return any(ref.startswith(f"#/{defs}/") for defs in _DEFS)
