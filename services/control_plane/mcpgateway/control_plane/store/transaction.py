"""One write transaction: takes the revision first, leaves history and a notification last."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec

from mcpgateway.control_plane.registry.history import chain
from mcpgateway.control_plane.registry.model import Prompt, Resource, Root, Upstream, Who
from mcpgateway.control_plane.registry.ports import Child
from mcpgateway.control_plane.store import roots, upstreams
from mcpgateway.control_plane.store.changes import Changes
from mcpgateway.control_plane.store.children import AgentRows, ChildRows
from mcpgateway.control_plane.store.documents import PostgresDocuments
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.history import PostgresHistory
from mcpgateway.control_plane.store.people import access
from mcpgateway.control_plane.store.people.identities import (
    CredentialRows,
    SigningKeyRows,
    UserRows,
)
from mcpgateway.control_plane.store.people.teams import PostgresTeamRequests
from mcpgateway.control_plane.store.rows import Connection, Context, EntityRows
from mcpgateway.control_plane.store.servers import ServerRows
from mcpgateway.control_plane.store.tool_rows import ToolRows

# The counter row, not a sequence: its lock makes the order of revisions the order of commits,
# and taking it first makes every later lock serial, so that two writers never deadlock.
_NEXT = "UPDATE registry_revision SET n = n + 1 RETURNING n, registry::text AS registry"
# One statement, because the lock is held for as long as round trips take. The hash is made here:
# that of the revision before is not known to us, and asking for it would be a round trip more.
_FINISH = """
WITH written AS (
    INSERT INTO history (revision, noun, id, op, body)
    SELECT $1, r.noun, r.id, r.op, r.body
    FROM json_to_recordset($8::text::json) AS r (noun text, id text, op text, body json)
), before AS (
    SELECT coalesce((SELECT hash FROM revisions WHERE n = $1::bigint - 1), '') AS hash
)
INSERT INTO revisions (n, registry, at, who, entries, digest, previous, hash)
SELECT $1, $2::text::uuid, $3, $4::text::json, $5, $6, before.hash,
    encode(sha256(convert_to('{"previous":"' || before.hash || $7, 'UTF8')), 'hex')
FROM before
RETURNING pg_notify('registry', $1::bigint::text)
"""


class Transaction:
    """Implements ports.WriteTx."""

    def __init__(self, context: Context, at: datetime) -> None:
        self._context = context
        self.revision = context.revision
        self.at = at
        self.upstreams = EntityRows(context, "upstream", Upstream, upstreams.ROWS)
        self.servers = ServerRows(context)
        self.tools = ToolRows(context, self.servers)
        self.prompts = ChildRows(context, "prompt", Prompt, self.servers)
        self.resources = ChildRows(context, "resource", Resource, self.servers)
        self.agents = AgentRows(context, self.servers)
        self.roots = EntityRows(context, "root", Root, roots.ROWS)
        self.users = UserRows(context)
        self.signing_keys = SigningKeyRows(context)
        self.credentials = CredentialRows(context)
        self.teams = access.team_rows(context)
        self.members = access.MemberRows(context)
        self.roles = access.role_rows(context)
        self.grants = access.GrantRows(context)
        self.api_tokens = access.TokenRows(context)
        self.revocations = access.revocation_rows(context)
        self.rules = access.rule_rows(context)
        self.documents = PostgresDocuments(context.connection)
        self.team_requests = PostgresTeamRequests(context.connection)
        self.history = PostgresHistory(context.connection)

    @property
    def changes(self) -> Changes:
        return self._context.changes

    async def finish(self, who: Who) -> None:
        """The last statement."""
        changes, said = chain.changes_json(self.changes), msgspec.json.encode(who)
        count, digest = len(self.changes), chain.digest(changes)
        place = (self.revision, self._context.registry, self.at)
        tail = chain.tail(*place, said, count, digest).decode()
        rest = (said.decode(), count, digest, tail, changes.decode())
        await self._context.connection.execute(_FINISH, *place, *rest)

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Its statements and their history go when the block fails, and nothing else does."""
        kept = self.changes.copy()
        try:
            async with self._context.connection.transaction():
                with translated():
                    yield
        except BaseException:
            self.changes.restore(kept)
            raise

    async def touch_holders(self, noun: Child, ids: Sequence[str]) -> None:
        children: dict[Child, ChildRows[Any]] = {
            "tool": self.tools,
            "prompt": self.prompts,
            "resource": self.resources,
        }
        await children[noun].touch_holders(ids)


async def begin(connection: Connection, at: datetime) -> Transaction:
    """The first statement of a write transaction of `connection`."""
    [position] = await connection.fetch(_NEXT)
    return transaction(connection, position["registry"], position["n"], at)


def transaction(connection: Connection, registry: str, revision: int, at: datetime) -> Transaction:
    return Transaction(Context(connection, registry, revision, Changes(revision)), at)
