"""One write transaction: takes the revision first, leaves history and a notification last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from mcpgateway.control_plane.registry.model import Prompt, Resource, Root, Tool, Upstream, Who
from mcpgateway.control_plane.registry.ports import Child
from mcpgateway.control_plane.store import roots, upstreams
from mcpgateway.control_plane.store.changes import Changes
from mcpgateway.control_plane.store.children import AgentRows, ChildRows
from mcpgateway.control_plane.store.identities import CredentialRows, SigningKeyRows, UserRows
from mcpgateway.control_plane.store.rows import Connection, Context, EntityRows
from mcpgateway.control_plane.store.servers import ServerRows

# The counter row, not a sequence: its lock makes the order of revisions the order of commits,
# and taking it first makes every later lock serial, so that two writers never deadlock.
_NEXT = "UPDATE registry_revision SET n = n + 1 RETURNING n"
# One statement, because the lock is held for as long as round trips take.
_FINISH = """
WITH written AS (
    INSERT INTO history (revision, noun, id, op, body, who, at)
    SELECT $1, r.noun, r.id, r.op, r.body, $2::text::json, $3
    FROM json_to_recordset($4::text::json) AS r (noun text, id text, op text, body json)
)
SELECT pg_notify('registry', $1::bigint::text)
"""


class Transaction:
    """Implements ports.WriteTx."""

    def __init__(self, context: Context, at: datetime) -> None:
        self._context = context
        self.revision = context.revision
        self.at = at
        self.upstreams = EntityRows(context, "upstream", Upstream, upstreams.ROWS)
        self.servers = ServerRows(context)
        self.tools = ChildRows(context, "tool", Tool, self.servers)
        self.prompts = ChildRows(context, "prompt", Prompt, self.servers)
        self.resources = ChildRows(context, "resource", Resource, self.servers)
        self.agents = AgentRows(context, self.servers)
        self.roots = EntityRows(context, "root", Root, roots.ROWS)
        self.users = UserRows(context)
        self.signing_keys = SigningKeyRows(context)
        self.credentials = CredentialRows(context)

    @property
    def changed(self) -> bool:
        return bool(self._context.changes)

    async def finish(self, who: Who) -> None:
        """The last statement."""
        connection, revision = self._context.connection, self.revision
        said = msgspec.json.encode(who).decode()
        changes = self._context.changes.json()
        await connection.execute(_FINISH, revision, said, self.at, changes)

    async def touch_holders(self, noun: Child, ids: Sequence[str]) -> None:
        children: dict[Child, ChildRows[Any]] = {
            "tool": self.tools,
            "prompt": self.prompts,
            "resource": self.resources,
        }
        await children[noun].touch_holders(ids)


async def begin(connection: Connection, at: datetime) -> Transaction:
    """The first statement of a write transaction of `connection`."""
    revision = await connection.fetchval(_NEXT)
    return Transaction(Context(connection, revision, Changes()), at)
