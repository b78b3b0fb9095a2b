"""/tags: which tags there are, on how much of what, and what has one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import at, json, viewer_of
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.api.http.operation import Operation
from mcpgateway.control_plane.api.http.paging import flag
from mcpgateway.control_plane.registry import wording
from mcpgateway.control_plane.registry.model import Entity, Viewer
from mcpgateway.control_plane.registry.ports import Reader, TagCount
from mcpgateway.control_plane.registry.views import Query

Json: TypeAlias = dict[str, Any]

# What callers call them -> what the registry does, and the word for one.
_KINDS: Mapping[str, tuple[str, str]] = {
    "tools": ("tools", "tool"),
    "resources": ("resources", "resource"),
    "prompts": ("prompts", "prompt"),
    "servers": ("servers", "server"),
    "gateways": ("upstreams", "gateway"),
    "agents": ("agents", "agent"),
    "roots": ("roots", "root"),
}
_TYPES: Schema = {
    "type": "string",
    "description": f"Comma-separated, of {', '.join(_KINDS)}; absent: all.",
}
_TAG: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "stats": {"type": "object"},
        "entities": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["name", "stats", "entities"],
}
_ENTITIES: Schema = {"type": "array", "items": {"type": "object"}}


class Tags:
    def __init__(self, read: Reader) -> None:
        self._read = read

    def routes(self) -> Sequence[Route]:
        tags: Schema = {"type": "array", "items": _TAG}
        listing = Operation(self.list, "List tags", {200: tags})
        entities = Operation(self.entities, "What has a tag", {200: _ENTITIES})
        return (
            at("/tags", GET=listing),
            at("/admin/tags", GET=listing),
            at("/tags/{tag}/entities", GET=entities),
        )

    async def list(self, request: Request) -> Response:
        """`?entity_types=tools,servers`, `?include_entities=true`."""
        kinds, viewer = _kinds_of(request), viewer_of(request)
        with_entities = flag(request.query_params, "include_entities")
        stats = counted(await self._read.tags(viewer), kinds)
        found: dict[str, list[Json]] = {tag: [] for tag in stats}
        if with_entities and stats:
            for kind in kinds:
                for row in await self._rows(kind, viewer, tuple(stats)):
                    for tag in row.tags:
                        found[tag].append(_entity(kind, row))
        shown = [
            {"name": tag, "stats": each, "entities": found[tag]} for tag, each in stats.items()
        ]
        return json(shown)

    async def entities(self, request: Request) -> Response:
        """Nothing has a tag that does not exist: an empty list."""
        note(request.path_params, "tag", {"type": "string"})
        kinds, viewer = _kinds_of(request), viewer_of(request)
        tag = request.path_params["tag"].strip().lower()
        found = [
            _entity(kind, row) for kind in kinds for row in await self._rows(kind, viewer, (tag,))
        ]
        return json(found)

    async def _rows(self, kind: str, viewer: Viewer, tags: tuple[str, ...]) -> Sequence[Entity]:
        readers: Mapping[str, Callable[[Query], Awaitable[Sequence[Entity]]]] = {
            "tools": self._read.tools,
            "resources": self._read.resources,
            "prompts": self._read.prompts,
            "servers": self._read.servers,
            "gateways": self._read.upstreams,
            "agents": self._read.agents,
            "roots": self._read.roots,
        }
        return await readers[kind](Query(viewer=viewer, tags=tags, include_inactive=True))


def counted(rows: Sequence[TagCount], kinds: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many things of each kind have a tag, for tags that any has."""
    wanted = {_KINDS[kind][0]: kind for kind in kinds}
    stats: dict[str, dict[str, int]] = {}
    for tag, noun, things in rows:
        if noun in wanted:
            each = stats.setdefault(tag, dict.fromkeys((*_KINDS, "total"), 0))
            each[wanted[noun]] = things
            each["total"] += things
    return stats


def _kinds_of(request: Request) -> tuple[str, ...]:
    """Raises InvalidCall."""
    note(request.query_params, "entity_types", _TYPES)
    text = request.query_params.get("entity_types", "")
    found = tuple(dict.fromkeys(word.strip().lower() for word in text.split(",") if word.strip()))
    unknown = [word for word in found if word not in _KINDS]
    if unknown:
        raise bad_query("entity_types", f"must be of {', '.join(_KINDS)}, not {unknown[0][:80]!r}")
    return found or tuple(_KINDS)


def _entity(kind: str, row: Any) -> Json:
    said = wording.shown(row.definition, row.overrides) if hasattr(row, "definition") else {}
    return {
        "id": row.id,
        "name": said.get("name") or getattr(row, "name", None) or row.uri,
        "type": _KINDS[kind][1],
        "description": said.get("description") or getattr(row, "description", None),
    }
