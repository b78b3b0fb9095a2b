"""Reads of what is committed: lists, details, look-ups. One statement each, no transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import asyncpg
import msgspec

from mcpgateway.control_plane.registry.catalog.catalog import Standing
from mcpgateway.control_plane.registry.model import (
    Agent,
    Credential,
    Entity,
    Root,
    SigningKey,
    Upstream,
    Viewer,
)
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.ports import Event, Position, TagCount
from mcpgateway.control_plane.registry.search import Hit, Noun, Wanted
from mcpgateway.control_plane.registry.views import (
    PromptView,
    Query,
    ResourceView,
    ServerView,
    ToolView,
    UpstreamView,
)
from mcpgateway.control_plane.store import (
    agents,
    events,
    prompts,
    resources,
    roots,
    search,
    servers,
    tags,
    tools,
    upstreams,
)
from mcpgateway.control_plane.store.documents import PostgresDocuments
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.history import Fetches
from mcpgateway.control_plane.store.people import identities
from mcpgateway.control_plane.store.people.access_reader import PostgresAccessReader
from mcpgateway.control_plane.store.people.teams import PostgresTeams
from mcpgateway.control_plane.store.people.tokens import PostgresTokens

V = TypeVar("V", bound=Entity)

POSITION = "SELECT registry::text AS registry, n AS revision FROM registry_revision"

# Of the nouns by their names in paths: a list statement, and how many parameters it has.
_COUNTED = {
    "gateways": (upstreams.PAGE, 11),
    "tools": (tools.PAGE, 13),
    "prompts": (prompts.PAGE, 13),
    "resources": (resources.PAGE, 14),
    "servers": (servers.PAGE, 11),
    "a2a": (agents.PAGE, 13),
    "roots": (roots.PAGE, 11),
}


def arguments(query: Query, count: int) -> list[object]:
    """The first `count` parameters of the PAGE statements, all of which number them alike."""
    after_key, after_id = query.after or (None, None)
    every: list[object] = [
        None if query.ids is None else list(query.ids),
        query.viewer.admin,
        query.viewer.owner,
        list(query.viewer.teams),
        query.include_inactive,
        None if query.tags is None else list(query.tags),
        query.visibility,
        query.team_id,
        after_key,
        after_id,
        query.limit,
        query.upstream_id,
        query.server_id,
        query.template,
    ]
    return every[:count]


class PostgresReader:
    """Implements ports.Reader. All methods raise Unavailable."""

    def __init__(self, source: Fetches) -> None:
        self._source = source
        self.access = PostgresAccessReader(source)
        self.teams = PostgresTeams(source)
        self.tokens = PostgresTokens(source)
        self.document = PostgresDocuments(source).get

    async def upstreams(self, query: Query) -> list[UpstreamView]:
        return await self._views(UpstreamView, upstreams.PAGE, *arguments(query, 11))

    async def tools(self, query: Query) -> list[ToolView]:
        return await self._views(ToolView, tools.PAGE, *arguments(query, 13))

    async def drifted(self, query: Query, states: Sequence[str]) -> list[ToolView]:
        args = (*arguments(query, 13), list(states))
        return await self._views(ToolView, tools.DRIFTED, *args)

    async def prompts(self, query: Query) -> list[PromptView]:
        return await self._views(PromptView, prompts.PAGE, *arguments(query, 13))

    async def resources(self, query: Query) -> list[ResourceView]:
        return await self._views(ResourceView, resources.PAGE, *arguments(query, 14))

    async def servers(self, query: Query) -> list[ServerView]:
        return await self._views(ServerView, servers.PAGE, *arguments(query, 11))

    async def agents(self, query: Query) -> list[Agent]:
        return await self._views(Agent, agents.PAGE, *arguments(query, 13))

    async def roots(self, query: Query) -> list[Root]:
        return await self._views(Root, roots.PAGE, *arguments(query, 11))

    async def search(self, wanted: Wanted) -> dict[Noun, list[Hit]]:
        return await search.search(self._rows, wanted)

    async def clash(self, name: str, slug: str, url: str, other_than: str) -> Upstream | None:
        args = (name, slug, url, other_than)
        found = await self._views(Upstream, upstreams.CLASH, *args)
        return found[0] if found else None

    async def count(self, noun: str, query: Query) -> int:
        sql, count = _COUNTED[noun]
        every = msgspec.structs.replace(query, limit=None, after=None)
        rows = await self._rows(f"SELECT count(*) FROM ({sql}) c", *arguments(every, count))
        return int(rows[0]["count"])

    async def tags(self, viewer: Viewer) -> list[TagCount]:
        rows = await self._rows(tags.COUNTS, viewer.admin, viewer.owner, list(viewer.teams))
        return [TagCount(*row) for row in rows]

    async def events(self, noun: str, after: int, viewer: Viewer) -> list[Event]:
        args = (viewer.admin, viewer.owner, list(viewer.teams), noun, after)
        rows = await self._rows(events.AFTER, *args)
        return [msgspec.json.decode(row[0], type=Event) for row in rows]

    async def credentials(self, upstream_ids: Sequence[str] | None) -> list[Credential]:
        ids = None if upstream_ids is None else list(upstream_ids)
        rows = await self._rows(identities.CREDENTIALS_OF, ids)
        return [identities.credential(row) for row in rows]

    async def standing_at(self, urls: Sequence[str], viewer: Viewer) -> dict[str, Standing]:
        args = (viewer.admin, viewer.owner, list(viewer.teams), list(urls))
        rows = await self._rows(upstreams.STANDING, *args)
        return {row["url"]: Standing(row["id"], row["enabled"], row["reachable"]) for row in rows}

    async def user(self, email: str) -> User | None:
        rows = await self._rows(identities.ALL_USERS, [email])
        return identities.user(rows[0]) if rows else None

    async def last_login(self, email: str) -> datetime | None:
        rows = await self._rows(identities.LAST_LOGIN, email)
        return rows[0]["last_login"] if rows else None

    async def signing_keys(self) -> list[SigningKey]:
        rows = await self._rows(identities.GET_SIGNING_KEYS, None)
        return [identities.signing_key(row) for row in rows]

    async def position(self) -> Position:
        row = (await self._rows(POSITION))[0]
        return Position(row["registry"], row["revision"])

    async def _views(self, type: type[V], sql: str, *args: object) -> list[V]:
        return [msgspec.json.decode(row[0], type=type) for row in await self._rows(sql, *args)]

    async def _rows(self, sql: str, *args: object) -> list[asyncpg.Record]:
        with translated():
            return await self._source.fetch(sql, *args)
