"""What differs between two states of a thing, field by field. Pure.

Paths are JSON Pointers (RFC 6901) into the thing's body, in which the JSON documents that it keeps
as text are opened.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.control_plane.registry.history.model import GONE, Change

Json: TypeAlias = Any

# Text members that hold JSON.
DOCUMENTS = ("definition", "overrides", "pending", "messages", "content", "capabilities")
# What every write stamps: no difference of the thing itself.
STAMPS = frozenset({"revision", "version", "created_at", "updated_at", "created", "modified"})


class Difference(msgspec.Struct, frozen=True):
    """`before` and `after` are left out where there is nothing. The path "" is the whole thing."""

    path: str
    before: Json | UnsetType = UNSET
    after: Json | UnsetType = UNSET


def of_change(change: Change) -> list[Difference]:
    """Without what every write stamps; empty when nothing else differs."""
    before, after = opened(change.before), opened(change.after)
    if isinstance(before, UnsetType) and isinstance(after, UnsetType):
        return []
    return list(differences(before, after))


def opened(body: msgspec.Raw) -> Json | UnsetType:
    """A body with its documents opened and its stamps left out; UNSET for none."""
    if body == GONE:
        return UNSET
    members = msgspec.json.decode(body, type=dict[str, Any])
    return {
        name: _document(value) if name in DOCUMENTS else value
        for name, value in members.items()
        if name not in STAMPS
    }


def differences(before: Json, after: Json, path: str = "") -> Iterator[Difference]:
    """Objects are compared by member, arrays of one length that hold objects by place, all else
    as a whole."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            pair = before.get(name, UNSET), after.get(name, UNSET)
            yield from differences(*pair, f"{path}/{_escaped(name)}")
    elif _by_place(before, after):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from differences(*pair, f"{path}/{index}")
    elif not _same(before, after):
        yield Difference(path, before, after)


def _by_place(before: Json, after: Json) -> bool:
    if not isinstance(before, list) or not isinstance(after, list) or len(before) != len(after):
        return False
    return any(isinstance(each, dict | list) for each in (*before, *after))


def _same(before: Json, after: Json) -> bool:
    """As JSON: true is not 1."""
    if before is UNSET or after is UNSET:
        return before is after
    return before == after and msgspec.json.encode(before) == msgspec.json.encode(after)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _document(value: Json) -> Json:
    if not isinstance(value, str) or not value:
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value
