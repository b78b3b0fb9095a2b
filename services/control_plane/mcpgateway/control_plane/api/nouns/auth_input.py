"""Credentials in bodies: what the gateway sends to an upstream, a REST operation or an agent. Pure.

Secrets become header lines; answers show none of them, and a problem never repeats one.
"""

import base64
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import UNSET, UnsetType

from mcpgateway.common.policy.passthrough import may_be_set
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.nouns.shared_input import MASK
from mcpgateway.control_plane.registry.drafts import NewAuth
from mcpgateway.control_plane.registry.model import Auth

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")  # RFC 9110 field name
_HEADERS = 50
_SECRET = 16 * 1024  # characters
_NOT_SETTABLE = "must be the name of a header that the gateway does not set itself"
_AUTH_TYPES = ("none", "basic", "bearer", "authheaders")
_TEXT: Schema = {"type": "string", "maxLength": _SECRET}
_TYPE: Schema = {"type": "string", "enum": [*_AUTH_TYPES, ""]}
_LINE: Schema = {
    "type": "object",
    "properties": {"key": {"type": "string", "maxLength": 128}, "value": _TEXT},
    "required": ["key", "value"],
}
_LINES: Schema = {"type": "array", "minItems": 1, "maxItems": _HEADERS, "items": _LINE}
_TAKEN = {"auth_type": _TYPE, "auth_headers": _LINES}
_INSTEAD = "send credentials as basic, bearer or authheaders"
# Kinds of ContextForge that are not understood here, by field.
OTHER_AUTH = dict.fromkeys(
    ("oauth_config", "auth_query_param_key", "auth_query_param_value"), _INSTEAD
)


AuthReader = Callable[[Fields, bool], NewAuth | UnsetType]


def read_auth(
    fields: Fields, new: bool, more: Mapping[str, AuthReader] = MappingProxyType({})
) -> NewAuth | UnsetType | None:
    """UNSET: keep what there is. A masked secret, as answers show it, is no new one. `more` are
    kinds beside those that everything has."""
    kinds = (*_AUTH_TYPES, *more)
    word = fields.raw("auth_type", {"type": "string", "enum": [*kinds, ""]})
    if isinstance(word, UnsetType):
        return UNSET
    if word == "":
        return None
    kind = fields.choice("auth_type", kinds)
    if kind is UNSET or kind == "none":
        return UNSET if kind is UNSET else None
    readers = {"basic": _basic, "bearer": _bearer, "authheaders": _auth_headers, **more}
    return readers[kind](fields, new)


def _basic(fields: Fields, new: bool) -> NewAuth | UnsetType:
    user = read_secret(fields, "auth_username", new)
    password = read_secret(fields, "auth_password", new)
    if user is not UNSET and ":" in user:
        fields.problem("auth_username", "must not hold a colon (RFC 7617)", "basic")
    if user is UNSET or password is UNSET:
        return UNSET
    value = base64.b64encode(f"{user}:{password}".encode()).decode()
    return NewAuth(Auth("basic", username=user), (("Authorization", f"Basic {value}"),))


def _bearer(fields: Fields, new: bool) -> NewAuth | UnsetType:
    token = read_secret(fields, "auth_token", new)
    if token is UNSET:
        return UNSET
    return NewAuth(Auth("bearer"), (("Authorization", f"Bearer {token}"),))


def _auth_headers(fields: Fields, new: bool) -> NewAuth | UnsetType:
    given = fields.raw("auth_headers", _LINES)
    if given is UNSET:
        return _one_header(fields, new)
    if not isinstance(given, list) or not 0 < len(given) <= _HEADERS:
        problem = f'must be a list of 1 to {_HEADERS} {{"key", "value"}} objects'
        fields.problem("auth_headers", problem, "list")
        return UNSET
    lines = [_line(item) for item in given]
    good = [line for line in lines if line is not None]
    if len(good) < len(lines):
        problem = f'needs {{"key", "value": printable text}} in each item; key {_NOT_SETTABLE}'
        fields.problem("auth_headers", problem, "header")
        return UNSET
    if any(value == MASK for _, value in good):
        if new:
            fields.problem(
                "auth_headers", f"must hold the secrets themselves, not {MASK}", "masked"
            )
        return UNSET
    return _headers(tuple(good))


def _one_header(fields: Fields, new: bool) -> NewAuth | UnsetType:
    key = fields.filled("auth_header_key", 128, required=new)
    value = read_secret(fields, "auth_header_value", new)
    if key is UNSET or value is UNSET:
        return UNSET
    if not is_settable(key):
        fields.problem("auth_header_key", _NOT_SETTABLE, "header")
        return UNSET
    return _headers(((key, value),))


def _headers(lines: tuple[tuple[str, str], ...]) -> NewAuth:
    return NewAuth(Auth("authheaders", headers=tuple(name for name, _ in lines)), lines)


def _line(item: object) -> tuple[str, str] | None:
    if not isinstance(item, dict):
        return None
    key, value = item.get("key"), item.get("value")
    if not isinstance(key, str) or not isinstance(value, str):
        return None
    good = is_settable(key) and _printable(value)
    return (key, value) if good else None


def read_secret(fields: Fields, name: str, required: bool) -> str | UnsetType:
    """Never echoed; it becomes part of a header line, so it must be printable."""
    value = fields.filled(name, _SECRET, required=required)
    if value == MASK:
        if required:
            fields.problem(name, f"must be the secret itself, not {MASK}", "masked")
        return UNSET
    if value is not UNSET and not _printable(value):
        fields.problem(name, "must be printable ASCII on one line", "header")
        return UNSET
    return value


def is_settable(key: str) -> bool:
    return bool(HEADER_NAME.fullmatch(key)) and may_be_set(key)


def _printable(value: str) -> bool:
    return value.isascii() and value.isprintable()


# Members of ContextForge's `auth` object, and the fields that say the same beside it.
_NESTED = {
    "auth_type": "auth_type",
    "username": "auth_username",
    "password": "auth_password",
    "token": "auth_token",
    "auth_header_key": "auth_header_key",
    "auth_header_value": "auth_header_value",
    "auth_headers": "auth_headers",
}


def read_nested_auth(fields: Fields, new: bool) -> NewAuth | UnsetType | None:
    """As `read_auth`, from an `auth` object, or without one from the fields themselves."""
    nested = fields.mapping("auth")
    if nested is UNSET:
        return read_auth(fields, new)
    outer = Fields(nested)
    flat = {name: outer.raw(member, _TAKEN.get(name, _TEXT)) for member, name in _NESTED.items()}
    inner = Fields({name: value for name, value in flat.items() if value not in (UNSET, "")})
    found = read_auth(inner, new)
    members = {name: outer.spelled(member) for member, name in _NESTED.items()}
    where = fields.spelled("auth")
    fields.problems += [
        each._replace(field=f"{where}.{members.get(each.field, each.field)}")
        for each in inner.problems
    ]
    return found
