"""/search: one query over all nouns, in ContextForge's shape: grouped by noun, and flat."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import at, json, viewer_of
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.registry.model import Viewer
from mcpgateway.control_plane.registry.ports import Reader
from mcpgateway.control_plane.registry.search import MAX_TEXT, NOUNS, Hit, Noun, Wanted

Json = dict[str, Any]

DEFAULT_LIMIT = 8
_OTHER_NAMES: dict[str, Noun] = {"a2a": "agents"}
_LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": paging.MAX_LIMIT}
_TEXT: Schema = {"type": "string", "maxLength": MAX_TEXT, "description": "What is searched for."}


class Search:
    def __init__(self, read: Reader) -> None:
        self._read = read

    def routes(self) -> Sequence[Route]:
        searching = Operation(self.search, "Search all nouns", {200: Shown(_found)})
        return at("/search", GET=searching), at("/admin/search", GET=searching)

    async def search(self, request: Request) -> Response:
        """Nothing asked for finds nothing."""
        wanted = read_wanted(request.query_params, viewer_of(request))
        found: Mapping[Noun, Sequence[Hit]] = dict.fromkeys(wanted.nouns, ())
        if not wanted.empty:
            found = await self._read.search(wanted)
        return json(_found(wanted, found))


def read_wanted(params: Mapping[str, str], viewer: Viewer) -> Wanted:
    """Raises InvalidCall."""
    return Wanted(
        viewer=viewer,
        text=_text(params),
        nouns=_nouns(params),
        limit=_limit(params),
        include_inactive=paging.flag(params, "include_inactive"),
        tags=_tags(params),
        team_id=paging.text(params, "team_id", "Only things of this team.") or None,
        upstream_ids=_words(params, "gateway_id", "Only things of these upstreams.") or None,
    )


def _text(params: Mapping[str, str]) -> str:
    note(params, "q", _TEXT)
    said = params.get("q", "").strip()
    if len(said) > MAX_TEXT:
        raise bad_query("q", f"has {len(said)} characters, {MAX_TEXT} is the limit")
    if "\0" in said:
        raise bad_query("q", "must not hold the character NUL")
    return said


def _nouns(params: Mapping[str, str]) -> tuple[Noun, ...]:
    named = _words(params, "entity_types", f"Any of {', '.join(NOUNS)}.")
    found: list[Noun] = []
    for word in named:
        name = _OTHER_NAMES.get(word.lower(), word.lower())
        known = [noun for noun in NOUNS if noun == name]
        if not known:
            raise bad_query("entity_types", f"{word[:40]!r} is none of {', '.join(NOUNS)}")
        found += known
    return tuple(dict.fromkeys(found)) or NOUNS


def _limit(params: Mapping[str, str]) -> int:
    """`limit_per_type` says the same, and wins."""
    for name in ("limit_per_type", "limit"):
        note(params, name, _LIMIT | {"description": "Of each noun."})
        said = params.get(name, "")
        if not said:
            continue
        if not re.fullmatch("[0-9]{1,9}", said) or not 1 <= int(said) <= paging.MAX_LIMIT:
            raise bad_query(name, f"must be 1 to {paging.MAX_LIMIT}")
        return int(said)
    return DEFAULT_LIMIT


def _tags(params: Mapping[str, str]) -> tuple[tuple[str, ...], ...] | None:
    """`a,b+c`: things with a, or with b and c. A plus that was not encoded arrives as a space."""
    groups = []
    for word in _words(params, "tags", "`a,b+c`: things with a, or with b and c."):
        group = tuple(part for part in re.split(r"[+ ]+", word.lower()) if part)
        groups += [group] if group else []
    return tuple(groups) or None


def _words(params: Mapping[str, str], name: str, what: str) -> tuple[str, ...]:
    said = paging.text(params, name, f"Comma-separated. {what}")
    return tuple(dict.fromkeys(word.strip() for word in said.split(",") if word.strip()))


def shown(hit: Hit) -> Json:
    """One thing found, in the spelling of ContextForge's searches."""
    own = {"resources": "uri", "roots": "uri", "gateways": "slug", "agents": "slug"}
    return {
        "id": hit.id,
        "name": hit.name,
        "display_name": hit.title or hit.name,
        own.get(hit.noun, "original_name"): hit.own or hit.name,
        "description": hit.description,
        "is_active": hit.enabled,
        "tags": hit.tags,
        "visibility": hit.visibility,
        "team_id": hit.team_id,
        "owner_email": hit.owner_email,
        "gateway_id": hit.upstream_id,
        "match": hit.match,
    }


def _found(wanted: Wanted, found: Mapping[Noun, Sequence[Hit]]) -> Json:
    results = {noun: [shown(hit) for hit in found[noun]] for noun in wanted.nouns}
    tags = ",".join("+".join(group) for group in wanted.tags or ())
    groups = [list(group) for group in wanted.tags or ()]
    items = [item | {"entity_type": noun} for noun, rows in results.items() for item in rows]
    return {
        "query": wanted.text,
        "tags": tags,
        "entity_types": list(wanted.nouns),
        "limit_per_type": wanted.limit,
        "filters_applied": {"q": wanted.text, "tags": tags, "tag_groups": groups},
        "results": results,
        "groups": [
            {"entity_type": noun, "count": len(rows), "items": rows}
            for noun, rows in results.items()
        ],
        "items": items,
        "count": len(items),
    }
