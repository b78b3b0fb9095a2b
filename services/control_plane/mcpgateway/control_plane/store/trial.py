"""A store for dry runs: writes as the real one does, and takes all of it back.

It holds the counter row from its first write on, without raising it: else it could stand in a
circle of row locks with a real write, and the real one might be the one that is refused.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import asyncpg
import msgspec

from mcpgateway.common.routing.model import Record
from mcpgateway.control_plane.registry.history.model import GONE, Change, Tried
from mcpgateway.control_plane.registry.model import (
    Credential,
    Entity,
    Health,
    Prompt,
    Resource,
    Server,
    Tool,
    Upstream,
    Who,
)
from mcpgateway.control_plane.registry.ports import Trial
from mcpgateway.control_plane.registry.routing_records import Routes
from mcpgateway.control_plane.store import prompts, resources, servers, tools, upstreams
from mcpgateway.control_plane.store.changes import Changes
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.history import Fetches, PostgresHistory
from mcpgateway.control_plane.store.people.teams import PostgresTeamRequests
from mcpgateway.control_plane.store.reader import PostgresReader
from mcpgateway.control_plane.store.rows import Connection, fetch
from mcpgateway.control_plane.store.transaction import Transaction, transaction

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

_HOLD = "SELECT n, registry::text AS registry FROM registry_revision FOR UPDATE"
_HOLDERS = """
SELECT server_id FROM server_tools WHERE item_id = ANY ($1)
UNION SELECT server_id FROM server_prompts WHERE item_id = ANY ($2)
UNION SELECT server_id FROM server_resources WHERE item_id = ANY ($3)
"""
_SAME_URI = "SELECT id FROM resources WHERE uri = ANY ($1)"


class _Kind(NamedTuple):
    offered: str
    type: type[Entity]
    record: Callable[[Any], Record]


# Only compared with each other: which cluster it is does not matter.
_ROUTES = Routes("", loopback_allowed=False, private_allowed=False)
_KINDS: Mapping[str, _Kind] = {
    "upstream": _Kind(upstreams.OFFERED, Upstream, _ROUTES.upstream),
    "tool": _Kind(tools.OFFERED, Tool, _ROUTES.tool),
    "prompt": _Kind(prompts.OFFERED, Prompt, _ROUTES.prompt),
    "resource": _Kind(resources.OFFERED, Resource, _ROUTES.resource),
    "server": _Kind(servers.OFFERED, Server, _ROUTES.server),
}
_CHILDREN = ("tool", "prompt", "resource")


class PostgresTrial:
    """Implements ports.Trial. No connection is held before the first write: what comes before it
    may be a discovery, which takes as long as the network does."""

    def __init__(
        self, pool: Pool, clock: Callable[[], datetime], stack: AsyncExitStack, wait: float
    ) -> None:
        """`stack` ends the trial; `wait`: seconds, at most, for a connection."""
        self._pool = pool
        self._clock = clock
        self._stack = stack
        self._wait = wait
        self._connection: Connection | None = None
        self._registry, self._revision = "", 0
        self._changes = Changes(0)

    @property
    def read(self) -> PostgresReader:
        return PostgresReader(self._source)

    @property
    def history(self) -> PostgresHistory:
        return PostgresHistory(self._source)

    @property
    def team_requests(self) -> PostgresTeamRequests:
        return PostgresTeamRequests(self._source)

    @property
    def _source(self) -> Fetches:
        return self._connection or self._pool

    @asynccontextmanager
    async def write(self, who: Who) -> AsyncIterator[Transaction]:
        with translated():
            connection = await self._open()
            async with connection.transaction():
                made = transaction(connection, self._registry, self._revision + 1, self._clock())
                yield made
            self._revision = made.revision
            for each in made.changes:
                self._changes.add(each.noun, each.id, each.op, each.body)

    async def report_health(self, health: Health) -> None:
        """What a trial saw of an upstream is true, and still it writes nothing."""

    async def note_login(self, email: str, at: datetime) -> None: ...

    async def reseal_kept(self, rows: Sequence[Credential]) -> None: ...

    @asynccontextmanager
    async def trial(self) -> AsyncIterator[Trial]:
        """Tries the same thing."""
        yield self

    async def outcome(self) -> Tried:
        if self._connection is None or not self._changes:
            return Tried()
        with translated():
            changes = await self._compared(PostgresHistory(self._connection))
            scope = _Scope.of(changes)
            after = await scope.records(self._connection)
            await self._undo()
            return Tried(changes, await scope.records(self._connection), after)

    async def _open(self) -> Connection:
        if self._connection is None:
            connection = await self._stack.enter_async_context(
                self._pool.acquire(timeout=self._wait)
            )
            outer = connection.transaction()
            await outer.start()
            self._stack.push_async_callback(outer.rollback)
            [position] = await connection.fetch(_HOLD)
            self._registry, self._revision = position["registry"], position["n"]
            await connection.execute("SAVEPOINT before")
            self._connection = connection
        return self._connection

    async def _undo(self) -> None:
        """What was there before, still with no other writer about."""
        assert self._connection is not None
        await self._connection.execute("ROLLBACK TO SAVEPOINT before")

    async def _compared(self, history: PostgresHistory) -> tuple[Change, ...]:
        nouns = sorted({each.noun for each in self._changes})
        known = await history.at(1 << 62, nouns, [each.id for each in self._changes])
        before = {(each.noun, each.id): each.body for each in known}
        changed = (
            Change(each.noun, each.id, before.get((each.noun, each.id), GONE), each.body)
            for each in self._changes
        )
        return tuple(sorted(changed, key=lambda each: (each.noun, each.id)))


class _Uri(msgspec.Struct):
    uri: str


class _Scope(NamedTuple):
    """What has to be looked at to tell what a change does to what is offered: ids by kind, and URIs
    of resources, which several upstreams may offer."""

    ids: Mapping[str, frozenset[str]]
    uris: frozenset[str]

    @staticmethod
    def of(changes: Sequence[Change]) -> "_Scope":
        ids = {kind: frozenset(each.id for each in changes if each.noun == kind) for kind in _KINDS}
        bodies = [
            body
            for each in changes
            if each.noun == "resource"
            for body in (each.before, each.after)
            if body != GONE
        ]
        return _Scope(ids, frozenset(msgspec.json.decode(body, type=_Uri).uri for body in bodies))

    async def records(self, connection: Connection) -> tuple[Record, ...]:
        """As data planes get them. Nothing when nothing of the kind was changed."""
        if not any(self.ids.values()):
            return ()
        wanted = {kind: set(ids) for kind, ids in self.ids.items()}
        wanted["tool"] |= await _ids(connection, tools.ALL_MAKERS, wanted["tool"])
        holders = await connection.fetch(_HOLDERS, *(list(wanted[kind]) for kind in _CHILDREN))
        wanted["server"] |= {row["server_id"] for row in holders}
        shared = await connection.fetch(_SAME_URI, list(self.uris))
        wanted["resource"] |= {row["id"] for row in shared}
        found = await _rows(connection, "server", wanted)
        for server in found:
            for kind in _CHILDREN:
                wanted[kind] |= set(getattr(server, f"{kind}s"))
        wanted["tool"] |= await _ids(connection, tools.ALL_PARTS, wanted["tool"])
        for kind in _CHILDREN:
            members = await _rows(connection, kind, wanted)
            wanted["upstream"] |= {row.upstream_id for row in members if row.upstream_id}
            found += members
        found += await _rows(connection, "upstream", wanted)
        return tuple(_record(row) for row in found)


async def _ids(connection: Connection, sql: str, ids: set[str]) -> set[str]:
    return {row["id"] for row in await connection.fetch(sql, list(ids))} if ids else set()


async def _rows(connection: Connection, kind: str, wanted: Mapping[str, set[str]]) -> list[Any]:
    if not wanted[kind]:
        return []
    of = _KINDS[kind]
    return await fetch(connection, of.type, of.offered, list(wanted[kind]))


def _record(row: Any) -> Record:
    return _BY_TYPE[type(row)](row)


_BY_TYPE = {of.type: of.record for of in _KINDS.values()}
