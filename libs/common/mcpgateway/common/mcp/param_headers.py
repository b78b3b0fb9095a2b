"""`x-mcp-header` in a tool's `inputSchema`: which arguments a client mirrors as `Mcp-Param-*`.

It reads a decoded schema; `$ref` is never followed and data keywords (`default`, `const`, `enum`,
`examples`) are never mistaken for schemas. It does not read arguments or make header lines.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

KEYWORD = "x-mcp-header"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TYPES = ("string", "integer", "boolean")

# Keywords of JSON Schema 2020-12 that hold schemas, by the shape of their value. `properties`
# alone keeps a position reachable.
_ONE = frozenset(
    (
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
_LIST = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_MAP = frozenset(("$defs", "definitions", "dependentSchemas", "patternProperties"))

Path = tuple[str, ...]


class ParamHeaderError(ValueError):
    """An annotation that breaks the rules: the tool must not be offered to clients."""


class ParamHeader(NamedTuple):
    """The argument at `path` goes into header `Mcp-Param-<token>`. Of an `integer`, `42` and
    `42.0` are equal."""

    path: Path
    token: str
    integer: bool = False


def problem(definition: bytes) -> str | None:
    """Why a client of 2026-07-28 must not be offered a tool of this definition (JSON)."""
    if KEYWORD.encode() not in definition:
        return None  # most
    try:
        # The standard library's decoder takes any number; msgspec refuses 1e400.
        declared(json.loads(definition).get("inputSchema"))
    except (ValueError, RecursionError) as error:
        return str(error)
    return None


def declared(input_schema: object) -> tuple[ParamHeader, ...]:
    """Every annotation, in schema order. Raises ParamHeaderError naming the property."""
    found: dict[str, ParamHeader] = {}
    for path, schema in _positions(input_schema):
        if KEYWORD not in schema:
            continue
        header = _checked(path, schema)
        other = found.setdefault(header.token.lower(), header)
        if other is not header:
            raise ParamHeaderError(
                f"{_where(header.path)}: {KEYWORD} {header.token!r} is on {_where(other.path)} too"
            )
    return tuple(found.values())


def _checked(path: Path | None, schema: Mapping[str, Any]) -> ParamHeader:
    if not path:
        raise ParamHeaderError(f"{KEYWORD} is only allowed on a chain of `properties`")
    token, type_ = schema[KEYWORD], schema.get("type")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ParamHeaderError(f"{_where(path)}: {KEYWORD} must be an RFC 9110 token")
    if type_ not in _TYPES:
        raise ParamHeaderError(f"{_where(path)}: {KEYWORD} needs type {', '.join(_TYPES)}")
    return ParamHeader(path, token, integer=type_ == "integer")


def _where(path: Path) -> str:
    return f"property {'.'.join(path)!r}"


def _positions(root: object) -> Iterator[tuple[Path | None, dict[str, Any]]]:
    """Every schema with its chain of property names; None where that chain was left."""
    stack: list[tuple[Path | None, object]] = [((), root)]
    while stack:
        path, schema = stack.pop()
        if isinstance(schema, dict):
            yield path, schema
            stack.extend(reversed(list(_below(path, schema))))


def _below(path: Path | None, schema: Mapping[str, Any]) -> Iterator[tuple[Path | None, object]]:
    for keyword, value in schema.items():
        if keyword == "properties" and isinstance(value, dict):
            for name, sub in value.items():
                yield None if path is None else (*path, name), sub
        elif keyword in _ONE:
            yield None, value
        elif keyword in _LIST and isinstance(value, list):
            yield from ((None, sub) for sub in value)
        elif keyword in _MAP and isinstance(value, dict):
            yield from ((None, sub) for sub in value.values())
