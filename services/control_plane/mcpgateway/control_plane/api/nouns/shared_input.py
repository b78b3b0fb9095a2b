"""What bodies of several nouns have in common. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.common.routing.model import Visibility
from mcpgateway.control_plane.api.http.fields import Fields, text_problem

MASK = "*****"  # stands for a secret in answers
DESCRIPTION_LIMIT = 8192  # characters
OBJECT_LIMIT = 64 * 1024  # bytes of a JSON object as text
DEPTH_LIMIT = 30  # of objects and arrays in one
_VISIBILITIES: tuple[Visibility, ...] = ("public", "team", "private")
_TAGS = 100
_TAG = 100  # characters
_TEXTS = 100  # of a mapping


def unwrapped(body: Mapping[str, Any], noun: str) -> Mapping[str, Any]:
    """`{"server": {...}, "visibility": ...}` as `{..., "visibility": ...}`; what is inside wins.

    Raises InvalidCall."""
    inner = body.get(noun)
    if inner is None:
        return body
    if not isinstance(inner, dict):
        raise InvalidCall(
            f"{noun} must be an object", errors=[FieldProblem(noun, "must be an object", "object")]
        )
    return {name: value for name, value in body.items() if name != noun} | inner


def access(fields: Fields) -> dict[str, Any]:
    """visibility, team_id and owner_email."""
    visibility = fields.choice("visibility", _VISIBILITIES)
    team = fields.text("team_id", 255)
    if visibility == "team" and not team:
        fields.problem("team_id", "is required when visibility is team", "missing")
    return {
        "visibility": visibility,
        "team_id": team,
        "owner_email": fields.text("owner_email", 255),
    }


def tags(fields: Fields) -> tuple[str, ...] | UnsetType:
    """Texts, or `{"id", "label"}` objects as answers show them; kept in lower case."""
    found = fields.texts("tags", _TAGS, _TAG, item=_label)
    return found if found is UNSET else tuple(dict.fromkeys(tag.lower() for tag in found))


def _label(tag: object) -> object:
    return tag.get("id") or tag.get("label") if isinstance(tag, dict) else tag


def json_object(fields: Fields, name: str, limit: int = OBJECT_LIMIT) -> dict[str, Any] | UnsetType:
    """An object of at most `limit` bytes, nested at most 30 deep."""
    value = fields.mapping(name)
    if value is UNSET:
        return UNSET
    size = len(msgspec.json.encode(value))
    if size > limit:
        fields.problem(name, f"has {size} bytes as JSON, {limit} is the limit", "size")
        return UNSET
    if not _is_flat(value, DEPTH_LIMIT):
        fields.problem(name, f"is nested more than {DEPTH_LIMIT} deep", "depth")
        return UNSET
    return value


def text_mapping(fields: Fields, name: str, length: int) -> dict[str, str] | UnsetType:
    """An object of at most 100 texts, each of at most `length` characters."""
    value = fields.mapping(name)
    if value is UNSET:
        return UNSET
    if len(value) > _TEXTS:
        fields.problem(name, f"has {len(value)} members, {_TEXTS} is the limit", "object")
        return UNSET
    found = {
        key: problem
        for key, text in value.items()
        if (problem := text_problem(key, length) or text_problem(text, length))
    }
    for key, problem in found.items():
        fields.problem(f"{fields.spelled(name)}.{key[:80]}", problem, "string")
    return UNSET if found else value


def said(members: Mapping[str, object]) -> dict[str, Any]:
    """Those of a definition's members that the caller said something of."""
    return {name: value for name, value in members.items() if value is not UNSET}


def overrides(
    fields: Fields, read: Callable[[Fields], Mapping[str, object]]
) -> dict[str, Any] | UnsetType:
    """What is put over an upstream's words: some of the members that `read` reads, by the names
    that MCP gives them; null takes one away."""
    value = json_object(fields, "overrides", 4 * OBJECT_LIMIT)
    if value is UNSET:
        return UNSET
    inner = Fields(value)
    known = read(inner)
    where = fields.spelled("overrides")
    fields.problems += [each._replace(field=f"{where}.{each.field}") for each in inner.problems]
    for name in value.keys() - known.keys():
        fields.problem(f"{where}.{name[:80]}", f"is none of {', '.join(known)}", "member")
    return {name: None if value[name] is None else known[name] for name in value if name in known}


def _is_flat(value: object, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inside = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(_is_flat(each, depth - 1) for each in inside)
