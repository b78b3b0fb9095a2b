"""A tool in a few words, for a model that chooses among several: what it does, what it takes.

The whole definition is asked for where these do not suffice.
"""

from typing import Any

import msgspec

from mcpgateway.common.routing.model import Tool

DESCRIPTION = 240  # characters
ARGUMENTS = 400  # characters
VALUES = 8  # of an enumeration

_object = msgspec.json.Decoder(dict[str, Any])


def summary(name: str, tool: Tool) -> dict[str, str]:
    """`name` is the one under which it is offered. A definition that can not be read says
    nothing."""
    try:
        definition = _object.decode(tool.definition)
    except (msgspec.DecodeError, RecursionError):
        definition = {}
    said = {"name": name}
    description = definition.get("description") or definition.get("title")
    if isinstance(description, str):
        said["description"] = _cut(" ".join(description[: 4 * DESCRIPTION].split()), DESCRIPTION)
    arguments = signature(definition.get("inputSchema"))
    if arguments:
        said["arguments"] = arguments
    return said


def signature(schema: Any) -> str:
    """The arguments of an input schema, those that must be given first.

    >>> signature({"properties": {"n": {"type": "integer"}, "s": {"enum": ["a", "b"]}},
    ...            "required": ["s"]})
    's: "a"|"b", n?: integer'
    """
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return ""
    members, required = schema["properties"], schema.get("required")
    needed = required if isinstance(required, list) else []
    parts: list[str] = []
    size = 0
    for name in [each for each in members if each in needed] + [
        each for each in members if each not in needed
    ]:
        mark = ":" if name in needed else "?:"
        part = f"{name}{mark} {_type(members[name])}"
        size += len(part) + 2
        if size > ARGUMENTS:
            parts.append("...")
            break
        parts.append(part)
    return ", ".join(parts)


def _type(schema: Any, depth: int = 0) -> str:
    if not isinstance(schema, dict):
        return "any"
    if isinstance(schema.get("enum"), list):
        return _enumerated(schema["enum"])
    if "const" in schema:
        return _enumerated([schema["const"]])
    of = schema.get("type")
    if of == "array":
        return f"{_type(schema.get('items'), depth + 1)}[]" if depth < 2 else "array"
    if isinstance(of, list):
        return "|".join(str(each) for each in of if each != "null") or "any"
    return of if isinstance(of, str) else "any"


def _enumerated(values: list[Any]) -> str:
    try:
        shown = [msgspec.json.encode(each).decode() for each in values[:VALUES]]
    except (TypeError, RecursionError):
        return "any"
    return "|".join([*shown, "..."] if len(values) > VALUES else shown)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3].rstrip() + "..."
