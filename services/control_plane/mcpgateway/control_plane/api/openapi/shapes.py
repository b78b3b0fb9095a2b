"""JSON Schemas of answers, from what functions make of examples. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, get_type_hints

import msgspec

from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Answer, Listed, Shown
from mcpgateway.control_plane.api.openapi.examples import ANY, TEXT, rows


def described(answer: Answer) -> Schema:
    if isinstance(answer, Shown):
        return _titled(shape(made(answer.show, answer.types)), answer.title)
    if isinstance(answer, Listed):
        each = {"type": "array", "items": described(answer.each)}
        following = {"type": ["string", "null"], "description": "The `cursor` of the next page."}
        wrapped = {
            "type": "object",
            "properties": {answer.name: each, "nextCursor": following},
            "required": [answer.name, "nextCursor"],
        }
        return {"anyOf": [each, wrapped]}
    return answer or {}


def _titled(schema: Schema, title: str) -> Schema:
    return {"title": title, **schema} if title else schema


def made(show: Callable[..., object], kinds: Sequence[Any] = ()) -> list[object]:
    """What `show` answers to examples of its parameters."""
    if not kinds:
        hints = get_type_hints(show)
        kinds = [kind for name, kind in hints.items() if name != "return"]
    return [show(*row.values()) for row in rows(dict(enumerate(kinds)))]


def shape(values: Iterable[object]) -> Schema:
    """One schema that all of them conform to."""
    kinds: dict[str, list[Any]] = {}
    for value in values:
        if value is msgspec.UNSET:  # not there
            continue
        kind, plain = _plain(value)
        kinds.setdefault(kind, []).append(plain)
    if "any" in kinds:
        return {}
    if "number" in kinds:
        kinds["number"] += kinds.pop("integer", [])
    schema: Schema = {"type": sorted(kinds) if len(kinds) != 1 else next(iter(kinds))}
    for kind, found in sorted(kinds.items()):
        schema |= _KEYWORDS[kind](found) if kind in _KEYWORDS else {}
    if "enum" in schema and "null" in kinds:
        schema["enum"] = [*schema["enum"], None]
    return schema if set(kinds) <= {"string", "null"} else _without_enum(schema, kinds)


def _without_enum(schema: Schema, kinds: Mapping[str, Any]) -> Schema:
    """`enum` is no keyword of strings alone."""
    if len(kinds) > 1:
        schema.pop("enum", None)
    return schema


def _plain(value: object) -> tuple[str, Any]:
    """The JSON type, and what is known of it."""
    if value == ANY:
        return "any", None
    for types, kind in _KINDS:
        if isinstance(value, types):
            return kind, value
    if isinstance(value, msgspec.Raw):
        return _plain(msgspec.json.decode(value))
    return _plain(msgspec.to_builtins(value, builtin_types=(datetime,)))


def _string(found: Sequence[Any]) -> Schema:
    if all(isinstance(each, datetime) for each in found):
        return {"format": "date-time"}
    if not all(isinstance(each, str) and _WORD.fullmatch(each) for each in found):
        return {}
    return {"enum": sorted(set(found))}


def _array(found: Sequence[Sequence[Any]]) -> Schema:
    items = [item for each in found for item in each]
    return {"items": shape(items)} if items else {}


def _object(found: Sequence[Mapping[str, Any]]) -> Schema:
    found = [{name: said for name, said in m.items() if said is not msgspec.UNSET} for m in found]
    names = list(dict.fromkeys(name for each in found for name in each))
    if ANY in names:
        return {}
    if TEXT in names:
        values = shape([value for each in found for value in each.values()])
        return {"additionalProperties": values}
    return {
        "properties": {name: shape([m[name] for m in found if name in m]) for name in names},
        "required": [name for name in names if all(name in each for each in found)],
    }


_WORD = re.compile("[A-Za-z_*-]{1,32}")  # of the code's own; what it computes has digits or spaces
_KINDS: Sequence[tuple[Any, str]] = (
    (type(None), "null"),
    (bool, "boolean"),  # before int, of which it is a kind
    (int, "integer"),
    (float, "number"),
    ((str, datetime), "string"),
    (Mapping, "object"),
    ((list, tuple, set, frozenset), "array"),
)
_KEYWORDS: Mapping[str, Callable[[Sequence[Any]], Schema]] = {
    "string": _string,
    "array": _array,
    "object": _object,
}
