"""Lists: what the query string asks for, cursors, and the bare or wrapped array. Pure."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common.routing.model import Visibility
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.fields import text_problem
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.registry.model import Viewer
from mcpgateway.control_plane.registry.views import After, Query

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
_FLAGS = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(
    ("false", "0", "no", "off"), False
)
_DIGITS = 9  # enough for any number that is in its limits
_LIMIT: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": MAX_LIMIT,
    "default": DEFAULT_LIMIT,
    "description": "0: all of them.",
}
MAX_TEXT = 1000  # characters of a parameter
_CURSOR = 16 * 1024  # it holds a URI, escaped twice


class Page(NamedTuple):
    """`query` asks for one more than `limit`, which tells whether there is a next page."""

    query: Query
    limit: int | None
    wrapped: bool


def read_page(params: Mapping[str, str], viewer: Viewer) -> Page:
    """limit (0: all), cursor, include_inactive, include_pagination, tags, visibility, team_id,
    gateway_id. Raises InvalidCall."""
    limit = _limit(params)
    tags = text(params, "tags", "Comma-separated: things with any of them.")
    words = [tag.strip().lower() for tag in tags.split(",") if tag.strip()]
    query = Query(
        viewer=viewer,
        include_inactive=flag(params, "include_inactive"),
        tags=tuple(words) or None,
        visibility=_visibility(params),
        team_id=text(params, "team_id", "Only things of this team.") or None,
        upstream_id=text(params, "gateway_id", "Only things of this upstream.") or None,
        after=_after(params),
        limit=None if limit is None else limit + 1,
    )
    return Page(query, limit, flag(params, "include_pagination"))


def flag(params: Mapping[str, str], name: str, *, absent: bool = False) -> bool:
    """Raises InvalidCall."""
    note(params, name, {"type": "boolean", "default": absent})
    said = params.get(name, "").lower()
    if said and said not in _FLAGS:
        raise bad_query(name, "must be true or false")
    return _FLAGS.get(said, absent)


def text(params: Mapping[str, str], name: str, what: str, limit: int = MAX_TEXT) -> str:
    """At most `limit` characters, none of control; empty when absent. Raises InvalidCall."""
    note(params, name, {"type": "string", "maxLength": limit, "description": what})
    said = params.get(name, "")
    problem = text_problem(said, limit)
    if problem:
        raise bad_query(name, problem)
    return said


def answer(page: Page, noun: str, shown: Sequence[Any], keys: Sequence[After]) -> Any:
    """`keys` say where each of `shown` stands; one over the limit is not shown."""
    more = page.limit is not None and len(shown) > page.limit
    rows = list(shown[: page.limit])
    if not page.wrapped:
        return rows
    return {noun: rows, "nextCursor": cursor(keys[len(rows) - 1]) if more else None}


def cursor(after: After) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(after)).decode().rstrip("=")


def _after(params: Mapping[str, str]) -> After | None:
    said = text(params, "cursor", "The `nextCursor` of the page before.", _CURSOR)
    if not said:
        return None
    try:
        padded = said.encode("ascii") + b"=" * (-len(said) % 4)
        after = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=After)
    except (UnicodeError, binascii.Error, msgspec.DecodeError):
        after = None
    if after is None or "\0" in after.key + after.id:
        raise bad_query("cursor", "must be a nextCursor of an earlier answer")
    return after


def _limit(params: Mapping[str, str]) -> int | None:
    note(params, "limit", _LIMIT)
    said = params.get("limit", "")
    if not said:
        return DEFAULT_LIMIT
    if not re.fullmatch(f"[0-9]{{1,{_DIGITS}}}", said) or int(said) > MAX_LIMIT:
        raise bad_query("limit", f"must be 1 to {MAX_LIMIT}, or 0 for all")
    return int(said) or None


def _visibility(params: Mapping[str, str]) -> Visibility | None:
    note(params, "visibility", {"type": "string", "enum": ["public", "team", "private"]})
    match params.get("visibility", ""):
        case "":
            return None
        case "public" | "team" | "private" as said:
            return said
    raise bad_query("visibility", "must be public, team or private")


def activate(params: Mapping[str, str]) -> bool:
    """`?activate=`; absent means true, as in ContextForge. Raises InvalidCall."""
    return flag(params, "activate", absent=True)
