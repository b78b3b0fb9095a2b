"""SQL of servers, and how one is written together with what it holds."""

from collections.abc import Iterable, Sequence

import asyncpg
import msgspec
from typing_extensions import override

from mcpgateway.control_plane.registry.model import Server
from mcpgateway.control_plane.store import tools
from mcpgateway.control_plane.store.rows import Context, EntityRows
from mcpgateway.control_plane.store.statements import Sql, hold, page, rows_of

_HELD = ("tools", "prompts", "resources", "agents")
_HOLD = hold([f"server_{noun}" for noun in _HELD])


def _items(noun: str) -> str:
    return f"ARRAY(SELECT item_id FROM server_{noun} WHERE server_id = s.id ORDER BY position)"


def _seen(noun: str, column: str) -> str:
    """Of what a server holds, only what the viewer may see is named."""
    return f"""ARRAY(SELECT c.{column} FROM server_{noun} i JOIN {noun} c ON c.id = i.item_id
            WHERE i.server_id = s.id
                AND visible(c.visibility, c.team_id, c.owner_email, $2, $3, $4)
            ORDER BY i.position)"""


def _offered(noun: str, *more: str) -> str:
    """Only what is offered, of upstreams' things and of our own."""
    conditions = "".join(f" AND {each}" for each in more)
    return f"""ARRAY(SELECT t.id FROM server_{noun} i JOIN {noun} t ON t.id = i.item_id
            LEFT JOIN upstreams u ON u.id = t.upstream_id
            WHERE i.server_id = s.id AND t.enabled AND coalesce(u.enabled, true){conditions}
            ORDER BY i.position)"""


_WRITTEN = rows_of("servers", Server, elsewhere=frozenset(_HELD))
_WHOLE = f"""
SELECT row_to_json(v)::text FROM (
    SELECT s.*, {_items("tools")} AS tools, {_items("prompts")} AS prompts,
        {_items("resources")} AS resources, {_items("agents")} AS agents
    FROM servers s WHERE s.%s = ANY ($1)
) v
"""
ROWS = Sql(
    get=_WHOLE % "id",
    keyed=_WHOLE % "name",
    save=_WRITTEN.save,
    remove=_WRITTEN.remove,
)

PAGE = page(
    f"""SELECT s.*, {_seen("tools", "id")} AS tools, {_seen("tools", "name")} AS tool_names,
        {_seen("prompts", "id")} AS prompts, {_seen("resources", "id")} AS resources,
        {_seen("agents", "id")} AS agents
    FROM servers s""",
    "s",
    "name",
    "s.enabled",
)

# What data planes get, holding only what is offered: $1 ids, or null for all.
OFFERED = f"""
SELECT row_to_json(v)::text FROM (
    SELECT s.*, {_offered("tools", f"NOT {tools.WITHHELD}")} AS tools,
        {_offered("prompts")} AS prompts, {_offered("resources")} AS resources
    FROM servers s
    WHERE ($1::text[] IS NULL OR s.id = ANY ($1)) AND s.enabled
) v
"""


class ServerRows(EntityRows[Server]):
    """A server and its association tables, kept as one thing."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "server", Server, ROWS)

    @override
    async def save(self, rows: Sequence[Server]) -> None:
        await super().save(rows)
        for row in rows:
            held = (getattr(row, noun) for noun in _HELD)
            await self._connection.execute(_HOLD, row.id, *map(list, held))

    async def touch(self, holders: Iterable[asyncpg.Record], edits: int) -> None:
        """A new revision of each server named in `holders`, its version raised by `edits`."""
        named = sorted({row["server_id"] for row in holders})
        touched = await self.get(named) if named else []
        await super().save(
            [msgspec.structs.replace(row, version=row.version + edits) for row in touched]
        )
