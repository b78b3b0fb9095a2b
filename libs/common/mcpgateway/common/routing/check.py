"""What makes a single resource unusable, judged without any other resource."""

from collections.abc import Callable
from typing import Any, get_args

import msgspec

from mcpgateway.common.routing import recipe as recipes
from mcpgateway.common.routing.model import (
    Access,
    Key,
    Kind,
    Prompt,
    Record,
    Resource,
    Root,
    Server,
    Tool,
    Transport,
    Upstream,
    Validation,
    Visibility,
)

ID_LIMIT = 256
NAME_LIMIT = 128
URI_LIMIT = 2048

KINDS: tuple[Kind, ...] = get_args(Kind)
_VISIBILITIES = get_args(Visibility)
_VALIDATIONS = get_args(Validation)


class _AnyObject(msgspec.Struct):
    """Any JSON object: members are checked for syntax and skipped."""


_json_object = msgspec.json.Decoder(_AnyObject)
_SCHEMES = {"GRPC": ("grpc://", "grpcs://")}


def key_of(record: Record) -> Key:
    return Key(record.kind, record.id)


def access_of(record: Record) -> Access | None:
    """None for resources that nobody looks at (principals, secrets)."""
    if isinstance(record, Upstream | Tool | Prompt | Resource | Root | Server):
        return record.access
    return None


def problem(record: Record) -> str | None:
    """Why the resource can not be used, or None. Says which field and what would be right."""
    if not 0 < len(record.id) <= ID_LIMIT:
        return f"id must have 1 to {ID_LIMIT} characters, has {len(record.id)}"
    access = access_of(record)
    if access is not None and (wrong := _access_problem(access)):
        return wrong
    return _PROBLEMS.get(record.kind, _none)(record)


def _access_problem(access: Access) -> str | None:
    if access.visibility == "team" and not access.team:
        return "access.team is missing, and visibility is 'team'"
    if access.visibility == "private" and not access.owner:
        return "access.owner is missing, and visibility is 'private'"
    return _one_of("access.visibility", access.visibility, _VISIBILITIES)


def _none(record: Record) -> None:
    return None


def _named_problem(record: Tool | Prompt) -> str | None:
    if not 0 < len(record.name) <= NAME_LIMIT:
        return f"name must have 1 to {NAME_LIMIT} characters, has {len(record.name)}"
    if not record.original_name:
        return "original_name is missing"
    return _object_problem("definition", record.definition)


def _tool_problem(record: Tool) -> str | None:
    return (
        _named_problem(record)
        or _made_of_problem(record)
        or _one_of("validation", record.validation, _VALIDATIONS)
    )


def _made_of_problem(record: Tool) -> str | None:
    """A tool is called at an upstream, or by a request or recipe of its own; only the request may
    be one at an upstream."""
    if record.recipe and (record.upstream or record.request):
        return "recipe is given, and so is upstream or request: one is needed"
    if not (record.upstream or record.request or record.recipe):
        return "upstream, request and recipe are all missing: one is needed"
    return _recipe_problem(record.recipe) if record.recipe else None


def _recipe_problem(recipe: bytes) -> str | None:
    try:
        recipes.decode(recipe)
    except (msgspec.DecodeError, RecursionError) as error:
        return f"recipe can not be read: {error}"
    return None


def _prompt_problem(record: Prompt) -> str | None:
    return _named_problem(record) or _own_problem(record, "messages", record.messages)


def _own_problem(record: Prompt | Resource, field: str, value: bytes) -> str | None:
    """What has no upstream has something else to be answered from."""
    if bool(record.upstream) is not bool(value):
        return None
    return f"upstream and {field} are both {'given' if value else 'missing'}: one is needed"


def _resource_problem(record: Resource) -> str | None:
    return (
        _uri_problem(record.uri)
        or _object_problem("definition", record.definition)
        or _own_problem(record, "content", record.content)
    )


def _uri_problem(uri: str) -> str | None:
    if 0 < len(uri) <= URI_LIMIT:
        return None
    return f"uri must have 1 to {URI_LIMIT} characters, has {len(uri)}"


def _upstream_problem(record: Upstream) -> str | None:
    schemes = _SCHEMES.get(record.transport, ("http://", "https://"))
    if not record.url.startswith(schemes):
        return f"url must start with {' or '.join(schemes)}"
    return (
        _one_of("transport", record.transport, get_args(Transport))
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


_PROBLEMS: dict[Kind, Callable[[Any], str | None]] = {
    "tool": _tool_problem,
    "prompt": _prompt_problem,
    "resource": _resource_problem,
    "root": lambda record: _uri_problem(record.uri),
    "upstream": _upstream_problem,
    "server": lambda record: (
        _one_of("naming", record.naming, ("prefixed", "original"))
        or _one_of("discovery", record.discovery, ("full", "search"))
    ),
    "signing_key": lambda record: None if record.algorithm else "algorithm is missing",
}
