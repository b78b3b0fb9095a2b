"""SQL of resources. Of the write statements see `rows.Sql`; `xmax = 0` tells a new row."""

from mcpgateway.control_plane.store.rows import Sql

ROWS = Sql(
    get="""
SELECT row_to_json(r)::text FROM resources r WHERE r.id = ANY ($1)
""",
    save="""
INSERT INTO resources SELECT * FROM json_populate_recordset(NULL::resources, $1::text::json)
ON CONFLICT (id) DO UPDATE SET (
    revision, version, enabled, visibility, team_id, owner_email, tags, created_at,
    updated_at, created, modified, upstream_id, uri, template, definition
) = (
    excluded.revision, excluded.version, excluded.enabled, excluded.visibility,
    excluded.team_id, excluded.owner_email, excluded.tags, excluded.created_at,
    excluded.updated_at, excluded.created, excluded.modified, excluded.upstream_id,
    excluded.uri, excluded.template, excluded.definition
) RETURNING id, (xmax = 0) AS created
""",
    remove="""
DELETE FROM resources WHERE id = ANY ($1) RETURNING id
""",
)

OF_UPSTREAM = """
SELECT row_to_json(r)::text FROM resources r WHERE r.upstream_id = $1 ORDER BY r.uri
"""

# $1-$14 as in `reader.arguments`.
PAGE = """
SELECT row_to_json(v)::text FROM (
    SELECT r.*, u.enabled AS upstream_enabled
    FROM resources r JOIN upstreams u ON u.id = r.upstream_id
    WHERE ($1::text[] IS NULL OR r.id = ANY ($1))
        AND visible(r.visibility, r.team_id, r.owner_email, $2, $3, $4)
        AND ($5::boolean OR (r.enabled AND u.enabled))
        AND ($6::text[] IS NULL OR r.tags && $6)
        AND ($7::text IS NULL OR r.visibility = $7)
        AND ($8::text IS NULL OR r.team_id = $8)
        AND ($9::text IS NULL OR (r.uri, r.id) > ($9, $10::text))
        AND ($12::text IS NULL OR r.upstream_id = $12)
        AND ($13::text IS NULL OR r.id IN (
            SELECT item_id FROM server_resources WHERE server_id = $13))
        AND ($14::boolean IS NULL OR r.template = $14)
    ORDER BY r.uri, r.id LIMIT $11
) v
"""

# What data planes get: $1 ids, or null for all.
OFFERED = """
SELECT row_to_json(r)::text FROM resources r JOIN upstreams u ON u.id = r.upstream_id
WHERE ($1::text[] IS NULL OR r.id = ANY ($1)) AND r.enabled AND u.enabled
"""

# $1 ids of things that are about to go; answers the servers that held one.
DROP_FROM_SERVERS = """
DELETE FROM server_resources WHERE item_id = ANY ($1) RETURNING server_id
"""

HOLDERS = """
SELECT DISTINCT server_id FROM server_resources WHERE item_id = ANY ($1)
"""

DROP_ITEMS = """
DELETE FROM server_resources WHERE server_id = $1
"""

ADD_ITEMS = """
INSERT INTO server_resources (server_id, item_id, position)
SELECT $1, item, position FROM unnest($2::text[]) WITH ORDINALITY AS given (item, position)
"""
