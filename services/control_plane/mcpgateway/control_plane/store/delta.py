"""What changed after a revision, as data planes get it. Implements ports.RoutingSource."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import asyncpg
import msgspec

from mcpgateway.common.routing.check import KINDS, key_of
from mcpgateway.common.routing.model import Delta, Key, Kind, Record
from mcpgateway.control_plane.registry import model
from mcpgateway.control_plane.registry.people import model as people
from mcpgateway.control_plane.registry.routing_records import Routes
from mcpgateway.control_plane.store import prompts, resources, roots, servers, tools, upstreams
from mcpgateway.control_plane.store.descriptors import Descriptors
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.people import access, identities
from mcpgateway.control_plane.store.rows import Connection

E = TypeVar("E", bound=model.Kept)

_ENVIRONMENT = model.environment_id("")

# Where the registry is, and in the same round trip what changed after $1; nothing of that when $1
# is 0 or ahead of it, which asks for everything.
_CHANGED = """
SELECT r.registry::text AS registry, r.n AS revision, h.noun, h.id
FROM registry_revision r LEFT JOIN (
    SELECT DISTINCT noun, id FROM history WHERE revision > $1
) h ON 0 < $1 AND $1 <= r.n
"""


class Source(NamedTuple):
    """Where one kind comes from. `offered` takes $1 ids or null for all; a thing that is
    disabled, or whose upstream is, is not among its rows."""

    kind: Kind
    offered: str
    record: Callable[[asyncpg.Record], Record]


class PostgresRoutingSource:
    """Compiles deltas of absolute state: whatever a history row names is read as it is now."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", routes: Routes) -> None:
        self._pool = pool
        self._routes = routes
        self._sources = _sources(routes)

    async def delta(self, base: int) -> Delta:
        """A base ahead of the registry (an older copy of it was restored) gets a snapshot.
        Raises Unavailable."""
        with translated():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                return await self._compile(connection, base)

    async def _compile(self, connection: Connection, base: int) -> Delta:
        changed = await connection.fetch(_CHANGED, base)
        registry, revision = changed[0]["registry"], changed[0]["revision"]
        if base == 0 or base > revision:
            return Delta(registry, 0, revision, tuple(await self._everything(connection)))
        named = {Key(row["noun"], row["id"]) for row in changed if row["noun"] in KINDS}
        upserts = await self._among(connection, named)
        if self._routes.runners:
            run = _run_by(named)
            upserts += await self._tickets(connection, list(run))
            named |= {Key("credential", model.ticket_id(id)) for id in run}
        deletes = named - {key_of(record) for record in upserts}
        return Delta(registry, base, revision, tuple(upserts), tuple(sorted(deletes)))

    async def _everything(self, connection: Connection) -> list[Record]:
        records: list[Record] = []
        for source in self._sources:
            records += map(source.record, await connection.fetch(source.offered, None))
        return records + await self._tickets(connection, None)

    async def _among(self, connection: Connection, named: set[Key]) -> list[Record]:
        records: list[Record] = []
        for source in self._sources:
            ids = [key.id for key in named if key.kind == source.kind]
            if ids:
                records += map(source.record, await connection.fetch(source.offered, ids))
        return records

    async def _tickets(self, connection: Connection, ids: list[str] | None) -> list[Record]:
        """They are of no row: each is made of an upstream and of what its process is to know."""
        if self._routes.runners is None or ids == []:
            return []
        rows = await connection.fetch(upstreams.RUN, ids)
        made = (
            self._routes.ticket(
                msgspec.json.decode(row[0], type=model.Upstream), row["environment"]
            )
            for row in rows
        )
        return [ticket for ticket in made if ticket is not None]


def _run_by(named: set[Key]) -> set[str]:
    """Upstreams whose ticket is another one now, if they have one."""
    upstreams_named = {key.id for key in named if key.kind == "upstream"}
    environments = {key.id for key in named if key.kind == "credential"}
    return upstreams_named | {
        id.removesuffix(_ENVIRONMENT) for id in environments if id.endswith(_ENVIRONMENT)
    }


def _sources(routes: Routes) -> tuple[Source, ...]:
    return (
        Source("upstream", upstreams.OFFERED, _upstream(routes)),
        Source("tool", tools.OFFERED, _json(model.Tool, routes.tool)),
        Source("prompt", prompts.OFFERED, _json(model.Prompt, routes.prompt)),
        Source("resource", resources.OFFERED, _json(model.Resource, routes.resource)),
        Source("root", roots.OFFERED, _json(model.Root, routes.root)),
        Source("server", servers.OFFERED, _json(model.Server, routes.server)),
        Source(
            "principal",
            identities.ALL_USERS,
            lambda row: routes.principal(identities.user(row)),
        ),
        Source(
            "credential",
            identities.OFFERED_CREDENTIALS,
            lambda row: routes.credential(identities.credential(row)),
        ),
        Source(
            "signing_key",
            identities.GET_SIGNING_KEYS,
            lambda row: routes.signing_key(identities.signing_key(row)),
        ),
        Source("role", access.OFFERED_ROLES, _json(people.Role, routes.role)),
        Source("rule", access.OFFERED_RULES, _json(people.AccessRule, routes.rule)),
        Source("api_token", access.OFFERED_TOKENS, _json(people.ApiToken, routes.api_token)),
        Source(
            "revocation", access.OFFERED_REVOCATIONS, _json(people.Revocation, routes.revocation)
        ),
    )


def _upstream(routes: Routes) -> Callable[[asyncpg.Record], Record]:
    descriptors = Descriptors()

    def record(row: asyncpg.Record) -> Record:
        passed = row["passed"] and msgspec.json.decode(row["passed"], type=list[str])
        upstream = msgspec.json.decode(row[0], type=model.Upstream)
        return routes.upstream(upstream, passed, descriptors.of(upstream, row["descriptors"]))

    return record


def _json(type: type[E], convert: Callable[[E], Record]) -> Callable[[asyncpg.Record], Record]:
    return lambda row: convert(msgspec.json.decode(row[0], type=type))
