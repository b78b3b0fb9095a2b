"""SQL of servers, and how one is written together with what it holds."""

from collections.abc import Iterable, Sequence

import asyncpg
import msgspec
from typing_extensions import override

from mcpgateway.control_plane.registry.model import Server
from mcpgateway.control_plane.store import prompts, resources, tools
from mcpgateway.control_plane.store.rows import Context, EntityRows, Sql

ROWS = Sql(
    get="""
SELECT row_to_json(v)::text FROM (
    SELECT s.*,
        ARRAY(SELECT item_id FROM server_tools WHERE server_id = s.id ORDER BY position) AS tools,
        ARRAY(SELECT item_id FROM server_prompts WHERE server_id = s.id ORDER BY position)
            AS prompts,
        ARRAY(SELECT item_id FROM server_resources WHERE server_id = s.id ORDER BY position)
            AS resources
    FROM servers s WHERE s.id = ANY ($1)
) v
""",
    save="""
INSERT INTO servers SELECT * FROM json_populate_recordset(NULL::servers, $1::text::json)
ON CONFLICT (id) DO UPDATE SET (
    revision, version, enabled, visibility, team_id, owner_email, tags, created_at,
    updated_at, created, modified, name, description, icon, naming, anonymous_access,
    oauth_enabled, oauth_config, protocol_versions
) = (
    excluded.revision, excluded.version, excluded.enabled, excluded.visibility,
    excluded.team_id, excluded.owner_email, excluded.tags, excluded.created_at,
    excluded.updated_at, excluded.created, excluded.modified, excluded.name,
    excluded.description, excluded.icon, excluded.naming, excluded.anonymous_access,
    excluded.oauth_enabled, excluded.oauth_config, excluded.protocol_versions
) RETURNING id, (xmax = 0) AS created
""",
    remove="""
DELETE FROM servers WHERE id = ANY ($1) RETURNING id
""",
)

# $1-$11 as in `reader.arguments`. Of what a server holds, only what the viewer may see is named.
PAGE = """
SELECT row_to_json(v)::text FROM (
    SELECT s.*,
        ARRAY(SELECT c.id FROM server_tools i JOIN tools c ON c.id = i.item_id
            WHERE i.server_id = s.id
                AND visible(c.visibility, c.team_id, c.owner_email, $2, $3, $4)
            ORDER BY i.position) AS tools,
        ARRAY(SELECT c.name FROM server_tools i JOIN tools c ON c.id = i.item_id
            WHERE i.server_id = s.id
                AND visible(c.visibility, c.team_id, c.owner_email, $2, $3, $4)
            ORDER BY i.position) AS tool_names,
        ARRAY(SELECT c.id FROM server_prompts i JOIN prompts c ON c.id = i.item_id
            WHERE i.server_id = s.id
                AND visible(c.visibility, c.team_id, c.owner_email, $2, $3, $4)
            ORDER BY i.position) AS prompts,
        ARRAY(SELECT c.id FROM server_resources i JOIN resources c ON c.id = i.item_id
            WHERE i.server_id = s.id
                AND visible(c.visibility, c.team_id, c.owner_email, $2, $3, $4)
            ORDER BY i.position) AS resources
    FROM servers s
    WHERE ($1::text[] IS NULL OR s.id = ANY ($1))
        AND visible(s.visibility, s.team_id, s.owner_email, $2, $3, $4)
        AND ($5::boolean OR s.enabled)
        AND ($6::text[] IS NULL OR s.tags && $6)
        AND ($7::text IS NULL OR s.visibility = $7)
        AND ($8::text IS NULL OR s.team_id = $8)
        AND ($9::text IS NULL OR (s.name, s.id) > ($9, $10::text))
    ORDER BY s.name, s.id LIMIT $11
) v
"""

# What data planes get, holding only what is offered: $1 ids, or null for all.
OFFERED = """
SELECT row_to_json(v)::text FROM (
    SELECT s.*,
        ARRAY(SELECT c.id FROM server_tools i JOIN tools c ON c.id = i.item_id
            JOIN upstreams u ON u.id = c.upstream_id
            WHERE i.server_id = s.id AND c.enabled AND u.enabled ORDER BY i.position) AS tools,
        ARRAY(SELECT c.id FROM server_prompts i JOIN prompts c ON c.id = i.item_id
            JOIN upstreams u ON u.id = c.upstream_id
            WHERE i.server_id = s.id AND c.enabled AND u.enabled ORDER BY i.position) AS prompts,
        ARRAY(SELECT c.id FROM server_resources i JOIN resources c ON c.id = i.item_id
            JOIN upstreams u ON u.id = c.upstream_id
            WHERE i.server_id = s.id AND c.enabled AND u.enabled ORDER BY i.position) AS resources
    FROM servers s
    WHERE ($1::text[] IS NULL OR s.id = ANY ($1)) AND s.enabled
) v
"""


class ServerRows(EntityRows[Server]):
    """A server and its three association tables, kept as one thing."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "server", Server, ROWS)

    @override
    async def save(self, rows: Sequence[Server]) -> None:
        await super().save(rows)
        for row in rows:
            await self._hold(row)

    async def _hold(self, row: Server) -> None:
        for drop, add, items in (
            (tools.DROP_ITEMS, tools.ADD_ITEMS, row.tools),
            (prompts.DROP_ITEMS, prompts.ADD_ITEMS, row.prompts),
            (resources.DROP_ITEMS, resources.ADD_ITEMS, row.resources),
        ):
            await self._connection.execute(drop, row.id)
            await self._connection.execute(add, row.id, list(items))

    async def touch(self, holders: Iterable[asyncpg.Record], edits: int) -> None:
        """A new revision of each server named in `holders`, its version raised by `edits`."""
        touched = await self.get(sorted({row["server_id"] for row in holders}))
        await super().save(
            [msgspec.structs.replace(row, version=row.version + edits) for row in touched]
        )
