"""What makes a single resource unusable, judged without any other resource."""

from typing import get_args

import msgspec

from mcpgateway.common.routing.model import (
    Access,
    Key,
    Kind,
    Prompt,
    Record,
    Resource,
    Server,
    SigningKey,
    Tool,
    Upstream,
    Visibility,
)

ID_LIMIT = 256
NAME_LIMIT = 128
URI_LIMIT = 2048

KINDS: tuple[Kind, ...] = get_args(Kind)
_VISIBILITIES = get_args(Visibility)


class _AnyObject(msgspec.Struct):
    """Any JSON object: members are checked for syntax and skipped."""


_json_object = msgspec.json.Decoder(_AnyObject)


def key_of(record: Record) -> Key:
    return Key(record.kind, record.id)


def access_of(record: Record) -> Access | None:
    """None for resources that nobody looks at (principals, secrets)."""
    if isinstance(record, Upstream | Tool | Prompt | Resource | Server):
        return record.access
    return None


def problem(record: Record) -> str | None:
    """Why the resource can not be used, or None. Says which field and what would be right."""
    if not 0 < len(record.id) <= ID_LIMIT:
        return f"id must have 1 to {ID_LIMIT} characters, has {len(record.id)}"
    access = access_of(record)
    if access is not None and (wrong := _access_problem(access)):
        return wrong
    match record:
        case Tool() | Prompt():
            return _named_problem(record)
        case Resource():
            return _resource_problem(record)
        case Upstream():
            return _upstream_problem(record)
        case Server():
            return _one_of("naming", record.naming, ("prefixed", "original"))
        case SigningKey():
            return None if record.algorithm else "algorithm is missing"
        case _:
            return None


def _access_problem(access: Access) -> str | None:
    if access.visibility == "team" and not access.team:
        return "access.team is missing, and visibility is 'team'"
    if access.visibility == "private" and not access.owner:
        return "access.owner is missing, and visibility is 'private'"
    return _one_of("access.visibility", access.visibility, _VISIBILITIES)


def _named_problem(record: Tool | Prompt) -> str | None:
    if not 0 < len(record.name) <= NAME_LIMIT:
        return f"name must have 1 to {NAME_LIMIT} characters, has {len(record.name)}"
    if not record.original_name:
        return "original_name is missing"
    return _object_problem("definition", record.definition)


def _resource_problem(record: Resource) -> str | None:
    if not 0 < len(record.uri) <= URI_LIMIT:
        return f"uri must have 1 to {URI_LIMIT} characters, has {len(record.uri)}"
    return _object_problem("definition", record.definition)


def _upstream_problem(record: Upstream) -> str | None:
    if not record.url.startswith(("http://", "https://")):
        return "url must start with http:// or https://"
    return (
        _one_of("transport", record.transport, ("STREAMABLEHTTP", "SSE"))
        or _one_of("era", record.era, ("modern", "legacy"))
        or _object_problem("capabilities", record.capabilities)
    )


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> str | None:
    if value in allowed:
        return None
    return f"{field} must be one of {', '.join(allowed)}, is {value[:40]!r}"


def _object_problem(field: str, raw: bytes) -> str | None:
    try:
        _json_object.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return f"{field} is not a JSON object: {error}"
    return None
