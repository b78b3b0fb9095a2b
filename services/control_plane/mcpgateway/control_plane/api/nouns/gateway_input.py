"""Bodies of POST and PUT /gateways. Pure."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec import UNSET, UnsetType

from mcpgateway.common import ids
from mcpgateway.common.policy.passthrough import may_be_passed, may_be_set
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.certificate_input import read_certificates
from mcpgateway.control_plane.api.nouns.shared_input import MASK, access, tags, unwrapped
from mcpgateway.control_plane.registry.drafts import NewAuth, UpstreamDraft
from mcpgateway.control_plane.registry.model import Auth, Transport

NAME_LIMIT = 100
URL_LIMIT = 2048
_HEADERS = 50
_SECRET = 16 * 1024  # characters
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")  # RFC 9110 field name
_NOT_SETTABLE = "must be the name of a header that the gateway does not set itself"
_TRANSPORTS: dict[str, Transport | None] = {
    "SSE": "SSE",
    "STREAMABLEHTTP": "STREAMABLEHTTP",
    "HTTP": "STREAMABLEHTTP",
    "AUTO": None,
}
_AUTH_TYPES = ("none", "basic", "bearer", "authheaders")
_UNSUPPORTED = {
    "oauth_config": "send credentials as basic, bearer or authheaders",
    "auth_query_param_key": "send credentials as basic, bearer or authheaders",
    "auth_query_param_value": "send credentials as basic, bearer or authheaders",
    "one_time_auth": "credentials are kept, sealed, for refreshes and calls",
    "ca_certificate_sig": "whoever may write the registry's database could write it too",
    "identity_propagation": "the caller's identity is not sent to upstreams",
}


def read_gateway(body: Mapping[str, Any], *, new: bool, now: datetime) -> UpstreamDraft:
    """Raises InvalidCall that names every problem. `now` is aware."""
    fields = Fields(unwrapped(body, "gateway"))
    _refuse_unsupported(fields)
    certificates = read_certificates(fields, now, new=new)
    draft = UpstreamDraft(
        name=_name(fields, new),
        url=_url(fields, new),
        description=fields.text("description", 8192),
        transport=_transport(fields),
        auth=_auth(fields, new),
        ca_certificate=certificates.ca_certificate,
        identity=certificates.identity,
        passthrough_headers=_passthrough(fields),
        timeout_ms=fields.integer("timeout_ms", 100, 3_600_000),
        refresh_interval_seconds=fields.integer("refresh_interval_seconds", 10, 86_400),
        tags=tags(fields),
        **access(fields),
    )
    fields.check()
    return draft


def _refuse_unsupported(fields: Fields) -> None:
    for name, instead in _UNSUPPORTED.items():
        fields.unsupported(name, instead)
    if fields.raw("gateway_mode") not in (UNSET, "cache"):
        fields.problem("gateway_mode", "must be cache", "enum")


def _name(fields: Fields, required: bool) -> str | UnsetType:
    name = fields.filled("name", NAME_LIMIT, required=required)
    if name is not UNSET and not ids.slug(name):
        fields.problem("name", "must hold a letter or a digit: it prefixes tool names", "slug")
        return UNSET
    return name


def _url(fields: Fields, required: bool) -> str | UnsetType:
    url = fields.filled("url", URL_LIMIT, required=required)
    if url is UNSET:
        return UNSET
    problem = _url_problem(url)
    if problem:
        fields.problem("url", problem, "url")
        return UNSET
    return url


def _url_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        good_port = parts.port is None or parts.port > 0
    except ValueError:
        good_port = False
        parts = urlsplit("")
    if not good_port or parts.scheme not in ("http", "https") or not parts.hostname:
        return "must look like http://host:port/path or https://..."
    if parts.username is not None:
        return "must not hold credentials: use auth_type and its fields"
    if parts.fragment or any(character.isspace() for character in url):
        return "must have no fragment and no white space"
    return None


def _transport(fields: Fields) -> Transport | UnsetType | None:
    """UNSET and AUTO: find out."""
    value = fields.raw("transport")
    if isinstance(value, UnsetType):
        return UNSET
    word = re.sub(r"[-_ ]", "", value).upper() if isinstance(value, str) else ""
    if word not in _TRANSPORTS:
        fields.problem("transport", "must be STREAMABLEHTTP, SSE, or absent to find out", "enum")
        return UNSET
    return _TRANSPORTS[word]


def _passthrough(fields: Fields) -> tuple[str, ...] | UnsetType:
    names = fields.texts("passthrough_headers", _HEADERS, 128)
    if names is UNSET:
        return UNSET
    where = "passthrough_headers"
    for name in names:
        if not _TOKEN.fullmatch(name):
            fields.problem(where, f"{name!r} is no header name", "header")
        elif not may_be_passed(name):
            fields.problem(
                where, f"{name!r} is never passed from a client to an upstream", "header"
            )
    return names


def _auth(fields: Fields, new: bool) -> NewAuth | UnsetType | None:
    """UNSET: keep what there is. A masked secret, as answers show it, is no new one."""
    word = fields.raw("auth_type")
    if isinstance(word, UnsetType):
        return UNSET
    if word == "":
        return None
    kind = fields.choice("auth_type", _AUTH_TYPES)
    if kind is UNSET or kind == "none":
        return UNSET if kind is UNSET else None
    readers = {"basic": _basic, "bearer": _bearer, "authheaders": _auth_headers}
    return readers[kind](fields, new)


def _basic(fields: Fields, new: bool) -> NewAuth | UnsetType:
    user = _secret(fields, "auth_username", new)
    password = _secret(fields, "auth_password", new)
    if user is not UNSET and ":" in user:
        fields.problem("auth_username", "must not hold a colon (RFC 7617)", "basic")
    if user is UNSET or password is UNSET:
        return UNSET
    value = base64.b64encode(f"{user}:{password}".encode()).decode()
    return NewAuth(Auth("basic", username=user), (("Authorization", f"Basic {value}"),))


def _bearer(fields: Fields, new: bool) -> NewAuth | UnsetType:
    token = _secret(fields, "auth_token", new)
    if token is UNSET:
        return UNSET
    return NewAuth(Auth("bearer"), (("Authorization", f"Bearer {token}"),))


def _auth_headers(fields: Fields, new: bool) -> NewAuth | UnsetType:
    given = fields.raw("auth_headers")
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
    value = _secret(fields, "auth_header_value", new)
    if key is UNSET or value is UNSET:
        return UNSET
    if not _is_settable(key):
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
    good = _is_settable(key) and _printable(value)
    return (key, value) if good else None


def _secret(fields: Fields, name: str, required: bool) -> str | UnsetType:
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


def _is_settable(key: str) -> bool:
    return bool(_TOKEN.fullmatch(key)) and may_be_set(key)


def _printable(value: str) -> bool:
    return value.isascii() and value.isprintable()
