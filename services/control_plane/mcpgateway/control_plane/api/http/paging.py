"""Lists: what the query string asks for, cursors, and the bare or wrapped array. Pure."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.registry.model import Viewer
from mcpgateway.control_plane.registry.views import After, Query

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
_FLAGS = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(
    ("false", "0", "no", "off"), False
)
_DIGITS = 9  # enough for any number that is in its limits


class Page(NamedTuple):
    """`query` asks for one more than `limit`, which tells whether there is a next page."""

    query: Query
    limit: int | None
    wrapped: bool


def read_page(params: Mapping[str, str], viewer: Viewer) -> Page:
    """limit (0: all), cursor, include_inactive, include_pagination, tags, visibility, team_id,
    gateway_id. Raises InvalidCall."""
    limit = _limit(params.get("limit", ""))
    words = [tag.strip().lower() for tag in params.get("tags", "").split(",") if tag.strip()]
    query = Query(
        viewer=viewer,
        include_inactive=flag(params, "include_inactive"),
        tags=tuple(words) or None,
        visibility=_visibility(params.get("visibility", "")),
        team_id=params.get("team_id") or None,
        upstream_id=params.get("gateway_id") or None,
        after=_after(params.get("cursor", "")),
        limit=None if limit is None else limit + 1,
    )
    return Page(query, limit, flag(params, "include_pagination"))


def flag(params: Mapping[str, str], name: str, *, absent: bool = False) -> bool:
    """Raises InvalidCall."""
    text = params.get(name, "").lower()
    if text and text not in _FLAGS:
        raise bad_query(name, "must be true or false")
    return _FLAGS.get(text, absent)


def answer(page: Page, noun: str, shown: Sequence[Any], keys: Sequence[After]) -> Any:
    """`keys` say where each of `shown` stands; one over the limit is not shown."""
    more = page.limit is not None and len(shown) > page.limit
    rows = list(shown[: page.limit])
    if not page.wrapped:
        return rows
    return {noun: rows, "nextCursor": cursor(keys[len(rows) - 1]) if more else None}


def cursor(after: After) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(after)).decode().rstrip("=")


def _after(text: str) -> After | None:
    if not text:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=After)
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError):
        raise bad_query("cursor", "must be a nextCursor of an earlier answer") from None


def _limit(text: str) -> int | None:
    if not text:
        return DEFAULT_LIMIT
    if not re.fullmatch(f"[0-9]{{1,{_DIGITS}}}", text) or int(text) > MAX_LIMIT:
        raise bad_query("limit", f"must be 1 to {MAX_LIMIT}, or 0 for all")
    return int(text) or None


def _visibility(text: str) -> Literal["public", "team", "private"] | None:
    match text:
        case "":
            return None
        case "public" | "team" | "private":
            return text
    raise bad_query("visibility", "must be public, team or private")


def activate(params: Mapping[str, str]) -> bool:
    """`?activate=`; absent means true, as in ContextForge. Raises InvalidCall."""
    return flag(params, "activate", absent=True)
