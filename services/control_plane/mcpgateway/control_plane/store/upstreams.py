"""SQL of upstreams. Of the write statements see `rows.Sql`; `xmax = 0` tells a new row."""

from mcpgateway.control_plane.store.rows import Sql

ROWS = Sql(
    get="""
SELECT row_to_json(u)::text FROM upstreams u WHERE u.id = ANY ($1)
""",
    save="""
INSERT INTO upstreams SELECT * FROM json_populate_recordset(NULL::upstreams, $1::text::json)
ON CONFLICT (id) DO UPDATE SET (
    revision, version, enabled, visibility, team_id, owner_email, tags, created_at,
    updated_at, created, modified, name, slug, url, description, auth, passthrough_headers,
    timeout_ms, refresh_interval_seconds, transport, era, protocol_version, capabilities,
    instructions, server_name, server_version, adds_result_type, ca_certificate, client_cert
) = (
    excluded.revision, excluded.version, excluded.enabled, excluded.visibility,
    excluded.team_id, excluded.owner_email, excluded.tags, excluded.created_at,
    excluded.updated_at, excluded.created, excluded.modified, excluded.name, excluded.slug,
    excluded.url, excluded.description, excluded.auth, excluded.passthrough_headers,
    excluded.timeout_ms, excluded.refresh_interval_seconds, excluded.transport,
    excluded.era, excluded.protocol_version, excluded.capabilities, excluded.instructions,
    excluded.server_name, excluded.server_version, excluded.adds_result_type,
    excluded.ca_certificate, excluded.client_cert
) RETURNING id, (xmax = 0) AS created
""",
    remove="""
DELETE FROM upstreams WHERE id = ANY ($1) RETURNING id
""",
)

# $1-$11 as in `reader.arguments`.
PAGE = """
SELECT row_to_json(v)::text FROM (
    SELECT u.*, h.last_seen, h.last_refresh, h.last_error,
        coalesce(h.reachable, true) AS reachable,
        coalesce(h.problems, '{}') AS problems,
        (SELECT count(*) FROM tools c WHERE c.upstream_id = u.id) AS tool_count,
        (SELECT count(*) FROM prompts c WHERE c.upstream_id = u.id) AS prompt_count,
        (SELECT count(*) FROM resources c WHERE c.upstream_id = u.id) AS resource_count
    FROM upstreams u LEFT JOIN upstream_health h ON h.upstream_id = u.id
    WHERE ($1::text[] IS NULL OR u.id = ANY ($1))
        AND visible(u.visibility, u.team_id, u.owner_email, $2, $3, $4)
        AND ($5::boolean OR u.enabled)
        AND ($6::text[] IS NULL OR u.tags && $6)
        AND ($7::text IS NULL OR u.visibility = $7)
        AND ($8::text IS NULL OR u.team_id = $8)
        AND ($9::text IS NULL OR (u.name, u.id) > ($9, $10::text))
    ORDER BY u.name, u.id LIMIT $11
) v
"""

CLASH = """
SELECT row_to_json(u)::text FROM upstreams u
WHERE (u.name = $1 OR u.slug = $2 OR u.url = $3) AND u.id <> $4
ORDER BY u.created_at LIMIT 1
"""

REPORT_HEALTH = """
INSERT INTO upstream_health AS h
    (upstream_id, reachable, last_seen, last_refresh, last_error, problems)
SELECT $1, $2, $3, $4, $5, $6 WHERE EXISTS (SELECT 1 FROM upstreams WHERE id = $1)
ON CONFLICT (upstream_id) DO UPDATE SET
    reachable = excluded.reachable,
    last_seen = coalesce(excluded.last_seen, h.last_seen),
    last_refresh = coalesce(excluded.last_refresh, h.last_refresh),
    last_error = excluded.last_error,
    problems = CASE WHEN excluded.last_refresh IS NULL THEN h.problems ELSE excluded.problems END
"""

# What data planes get: $1 ids, or null for all.
OFFERED = """
SELECT row_to_json(u)::text FROM upstreams u
WHERE ($1::text[] IS NULL OR u.id = ANY ($1)) AND u.enabled
"""
