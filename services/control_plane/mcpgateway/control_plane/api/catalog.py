"""/catalog and /admin/mcp-registry: public MCP servers, listed and registered, in ContextForge's
shapes."""

import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common import ids
from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import actor_of, at, json, read_object, viewer_of
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.registry.catalog import cataloguing
from mcpgateway.control_plane.registry.catalog.catalog import Entry, Facets, Wanted, facets
from mcpgateway.control_plane.registry.catalog.cataloguing import Done, Listed, Looked, Registration
from mcpgateway.control_plane.registry.ports import CatalogSource, Change, Ports

Json = dict[str, Any]

MAX_LIMIT = 1000
MAX_BULK = 100
_NAME = 100  # characters
_KEY = 16 * 1024
_ID: Schema = {"type": "string", "maxLength": 1000}
_REGISTERED: Schema = {
    "type": "object",
    "properties": {
        "success": {"type": "boolean"},
        "server_id": {"type": "string"},
        "message": {"type": "string"},
        "error": {"type": ["string", "null"]},
        "oauth_required": {"type": "boolean"},
    },
    "required": ["success", "server_id", "message", "error", "oauth_required"],
}


class CatalogRoutes:
    def __init__(self, ports: Ports, writes: Writes, source: CatalogSource, page_size: int) -> None:
        """`page_size`: of lists that name no limit."""
        self._ports = ports
        self._writes = writes
        self._source = source
        self._page_size = page_size

    def routes(self) -> Sequence[Route]:
        says = "List servers that can be registered"
        listing = Operation(self.list, says, {200: Shown(show_list)})
        says = "Register a server of the catalog"
        registering = Operation(self.register, says, {200: _REGISTERED}, (403, 409, 502, 504))
        says = "Ask whether a server of the catalog is there"
        looking = Operation(self.status, says, {200: Shown(show_status)})
        says = "Register many servers of the catalog"
        many = Operation(self.register_all, says, {200: Shown(show_all)}, (403,))
        return (
            at("/catalog", GET=listing),
            at("/catalog/{id}/register", POST=registering),
            at("/admin/mcp-registry/servers", GET=listing),
            at("/admin/mcp-registry/{id}/register", POST=registering),
            at("/admin/mcp-registry/{id}/status", GET=looking),
            at("/admin/mcp-registry/bulk-register", POST=many),
        )

    async def list(self, request: Request) -> Response:
        params, viewer = request.query_params, viewer_of(request)
        wanted = read_wanted(params)
        registered = paging.flag(params, "show_registered_only")
        available = paging.flag(params, "show_available_only", absent=True)
        limit = _number(params, "limit", 1, MAX_LIMIT, self._page_size)
        offset = _number(params, "offset", 0, 10**6, 0)
        catalog = await self._source.current()
        found = [
            each
            for each in await cataloguing.listed(self._ports.store.read, viewer, catalog, wanted)
            if (each.standing or not registered) and (each.available or not available)
        ]
        page = found[offset : offset + limit]
        return json(show_list(page, len(found), facets(catalog)))

    async def register(self, request: Request) -> Response:
        """Where one signs in and gives no token nothing is done, and the answer says so."""
        actor, id = actor_of(request), _id(request)
        wanted = read_registration(id, await _body(request))
        to_sign_in: list[Entry] = []

        async def act(ports: Ports) -> Change:
            catalog = await self._source.current()
            entry = catalog.find(id)
            if entry is not None and entry.by_oauth and not wanted.key:
                to_sign_in.append(entry)
                return Change("", None)
            return await cataloguing.register(ports, actor, catalog, wanted)

        async def show(change: Change) -> Written:
            if to_sign_in:
                return Written(show_signing_in(to_sign_in[0]), None, None)
            return Written(show_registered(change), Key("upstream", change.id), change.revision)

        return await self._writes.run(request, act, show)

    async def status(self, request: Request) -> Response:
        id, catalog = _id(request), await self._source.current()
        viewer, clock = viewer_of(request), time.monotonic
        looked = await cataloguing.look(self._ports, viewer, catalog, id, clock)
        return json(show_status(looked, self._ports.clock()))

    async def register_all(self, request: Request) -> Response:
        """Servers that need a key are told as failed: none can be given here."""
        actor, (wanted, go_on) = actor_of(request), read_bulk(await read_object(request))
        done: list[Done] = []

        async def act(ports: Ports) -> Change:
            catalog = await self._source.current()
            done.extend(await cataloguing.register_all(ports, actor, catalog, wanted, go_on=go_on))
            changes = [each.change for each in done if each.change]
            return changes[-1] if changes else Change("", None)

        async def show(change: Change) -> Written:
            return Written(show_all(done), None, change.revision)

        return await self._writes.run(request, act, show)


async def _body(request: Request) -> Mapping[str, Any]:
    """An absent body says nothing."""
    if request.headers.get("content-length", "0") == "0":
        return {}
    return await read_object(request)


def read_wanted(params: Mapping[str, str]) -> Wanted:
    """Raises InvalidCall."""
    tags = paging.text(params, "tags", "Comma-separated: servers with any of them.")
    return Wanted(
        category=paging.text(params, "category", "Only this one."),
        auth_type=paging.text(params, "auth_type", "Only this one: Open, API Key, OAuth2.1, ..."),
        provider=paging.text(params, "provider", "Only of this one."),
        search=paging.text(params, "search", "Words that all have to be there."),
        tags=tuple(tag.strip().lower() for tag in tags.split(",") if tag.strip()),
    )


def read_registration(id: str, body: Mapping[str, Any]) -> Registration:
    """Raises InvalidCall."""
    fields = Fields(body)
    name = fields.filled("name", _NAME, required=False)
    if name is not UNSET and not ids.slug(name):
        fields.problem("name", "must hold a letter or a digit: it prefixes tool names", "slug")
    key = fields.filled("api_key", _KEY, required=False)
    if key is not UNSET and not (key.isascii() and key.isprintable()):
        fields.problem("api_key", "must be printable ASCII on one line", "header")
    fields.unsupported("oauth_credentials", "sign in yourself and give the access token as api_key")
    fields.check()
    return Registration(id, "" if name is UNSET else name, "" if key is UNSET else key)


def read_bulk(body: Mapping[str, Any]) -> tuple[list[Registration], bool]:
    """Raises InvalidCall."""
    fields = Fields(body)
    named = fields.texts("server_ids", MAX_BULK, 1000)
    if not named:
        fields.problem("server_ids", f"must name 1 to {MAX_BULK} servers of the catalog", "missing")
    go_on = fields.boolean("skip_errors")
    fields.check()
    return [Registration(id) for id in named or ()], go_on is not False


def _id(request: Request) -> str:
    note(request.path_params, "id", _ID)
    return str(request.path_params["id"])


def _number(params: Mapping[str, str], name: str, low: int, high: int, absent: int) -> int:
    note(params, name, {"type": "integer", "minimum": low, "maximum": high, "default": absent})
    said = params.get(name, "")
    if not said:
        return absent
    if not re.fullmatch("[0-9]{1,9}", said) or not low <= int(said) <= high:
        raise bad_query(name, f"must be {low} to {high}")
    return int(said)


def show(listed: Listed) -> Json:
    entry = listed.entry
    return {
        "id": entry.id,
        "name": entry.name,
        "category": entry.category,
        "url": entry.url,
        "auth_type": entry.auth_type,
        "provider": entry.provider,
        "description": entry.description,
        "requires_api_key": entry.requires_api_key,
        "secure": entry.secure,
        "tags": entry.tags,
        "transport": entry.transport,
        "logo_url": entry.logo_url,
        "documentation_url": entry.documentation_url,
        "is_registered": listed.standing is not None,
        "is_available": listed.available,
        "requires_oauth_config": entry.by_oauth,
        "gateway_id": listed.standing.id if listed.standing else None,
    }


def show_list(page: Sequence[Listed], total: int, known: Facets) -> Json:
    return {
        "servers": [show(each) for each in page],
        "total": total,
        "categories": known.categories,
        "auth_types": known.auth_types,
        "providers": known.providers,
        "all_tags": known.tags,
    }


def show_registered(change: Change) -> Json:
    return {
        "success": True,
        "server_id": change.id,
        "message": f"registered as gateway {change.id}",
        "error": None,
        "oauth_required": False,
    }


def show_signing_in(entry: Entry) -> Json:
    needed = cataloguing.missing_key(entry).message
    return {
        "success": False,
        "server_id": entry.id,
        "message": f"{entry.name} is not registered: one signs in there",
        "error": needed,
        "oauth_required": True,
    }


def show_status(looked: Looked, now: datetime) -> Json:
    return {
        "server_id": looked.listed.entry.id,
        "is_available": looked.error is None,
        "is_registered": looked.listed.standing is not None,
        "last_checked": now,
        "response_time_ms": round(looked.milliseconds, 3),
        "error": looked.error,
    }


def show_all(done: Sequence[Done]) -> Json:
    good = [each.id for each in done if each.error is None]
    return {
        "successful": good,
        "failed": [
            {"server_id": each.id, "error": each.error.message} for each in done if each.error
        ],
        "total_attempted": len(done),
        "total_successful": len(good),
    }
