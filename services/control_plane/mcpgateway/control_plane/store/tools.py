"""SQL of tools. Of the write statements see `rows.Sql`; `xmax = 0` tells a new row."""

from mcpgateway.control_plane.store.rows import Sql

ROWS = Sql(
    get="""
SELECT row_to_json(t)::text FROM tools t WHERE t.id = ANY ($1)
""",
    save="""
INSERT INTO tools SELECT * FROM json_populate_recordset(NULL::tools, $1::text::json)
ON CONFLICT (id) DO UPDATE SET (
    revision, version, enabled, visibility, team_id, owner_email, tags, created_at,
    updated_at, created, modified, upstream_id, name, original_name, definition, read_only,
    idempotent
) = (
    excluded.revision, excluded.version, excluded.enabled, excluded.visibility,
    excluded.team_id, excluded.owner_email, excluded.tags, excluded.created_at,
    excluded.updated_at, excluded.created, excluded.modified, excluded.upstream_id,
    excluded.name, excluded.original_name, excluded.definition, excluded.read_only,
    excluded.idempotent
) RETURNING id, (xmax = 0) AS created
""",
    remove="""
DELETE FROM tools WHERE id = ANY ($1) RETURNING id
""",
)

OF_UPSTREAM = """
SELECT row_to_json(t)::text FROM tools t WHERE t.upstream_id = $1 ORDER BY t.name
"""

NAMES_LIKE = """
SELECT name FROM tools WHERE starts_with(name, $1)
"""

# $1-$13 as in `reader.arguments`.
PAGE = """
SELECT row_to_json(v)::text FROM (
    SELECT t.*, u.slug AS upstream_slug, u.url AS upstream_url,
        u.transport AS upstream_transport, u.enabled AS upstream_enabled,
        coalesce(h.reachable, true) AS reachable
    FROM tools t JOIN upstreams u ON u.id = t.upstream_id
        LEFT JOIN upstream_health h ON h.upstream_id = u.id
    WHERE ($1::text[] IS NULL OR t.id = ANY ($1))
        AND visible(t.visibility, t.team_id, t.owner_email, $2, $3, $4)
        AND ($5::boolean OR (t.enabled AND u.enabled))
        AND ($6::text[] IS NULL OR t.tags && $6)
        AND ($7::text IS NULL OR t.visibility = $7)
        AND ($8::text IS NULL OR t.team_id = $8)
        AND ($9::text IS NULL OR (t.name, t.id) > ($9, $10::text))
        AND ($12::text IS NULL OR t.upstream_id = $12)
        AND ($13::text IS NULL OR t.id IN (
            SELECT item_id FROM server_tools WHERE server_id = $13))
    ORDER BY t.name, t.id LIMIT $11
) v
"""

# What data planes get: $1 ids, or null for all.
OFFERED = """
SELECT row_to_json(t)::text FROM tools t JOIN upstreams u ON u.id = t.upstream_id
WHERE ($1::text[] IS NULL OR t.id = ANY ($1)) AND t.enabled AND u.enabled
"""

# $1 ids of things that are about to go; answers the servers that held one.
DROP_FROM_SERVERS = """
DELETE FROM server_tools WHERE item_id = ANY ($1) RETURNING server_id
"""

HOLDERS = """
SELECT DISTINCT server_id FROM server_tools WHERE item_id = ANY ($1)
"""

DROP_ITEMS = """
DELETE FROM server_tools WHERE server_id = $1
"""

ADD_ITEMS = """
INSERT INTO server_tools (server_id, item_id, position)
SELECT $1, item, position FROM unnest($2::text[]) WITH ORDINALITY AS given (item, position)
"""
