"""SQL of upstreams."""

from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.store.statements import page, rows_of

ROWS = rows_of("upstreams", Upstream)

PAGE = page(
    """SELECT u.*, h.last_seen, h.last_refresh, h.last_error,
        coalesce(h.reachable, true) AS reachable,
        coalesce(h.problems, '{}') AS problems,
        (SELECT count(*) FROM tools c WHERE c.upstream_id = u.id) AS tool_count,
        (SELECT count(*) FROM prompts c WHERE c.upstream_id = u.id) AS prompt_count,
        (SELECT count(*) FROM resources c WHERE c.upstream_id = u.id) AS resource_count
    FROM upstreams u LEFT JOIN upstream_health h ON h.upstream_id = u.id""",
    "u",
    "name",
    "u.enabled",
)

CLASH = """
SELECT row_to_json(u)::text FROM upstreams u
WHERE u.id <> $4 AND (
    u.name = $1 OR u.slug = $2 OR (u.url = $3 AND u.transport IN ('STREAMABLEHTTP', 'SSE'))
)
ORDER BY u.created_at LIMIT 1
"""

# $1 to $3 the viewer, $4 URLs.
STANDING = """
SELECT u.url, u.id, u.enabled, coalesce(h.reachable, true) AS reachable
FROM upstreams u LEFT JOIN upstream_health h ON h.upstream_id = u.id
WHERE u.url = ANY ($4) AND visible(u.visibility, u.team_id, u.owner_email, $1, $2, $3)
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

# Of what runners serve: $1 ids or null for all, each with its environment.
RUN = """
SELECT row_to_json(u)::text, c.sealed AS environment
FROM upstreams u LEFT JOIN credentials c ON c.id = u.id || ':env'
WHERE ($1::text[] IS NULL OR u.id = ANY ($1)) AND u.enabled AND u.transport IN ('STDIO', 'TUNNEL')
"""

# What data planes get: $1 ids, or null for all; the allow-list of all upstreams; and what a gRPC
# service is called by.
OFFERED = """
SELECT row_to_json(u)::text,
    (SELECT value::text FROM registry_config WHERE name = 'passthrough_headers') AS passed,
    d.body AS descriptors
FROM upstreams u LEFT JOIN documents d ON u.transport = 'GRPC' AND d.sha256 = u.document
WHERE ($1::text[] IS NULL OR u.id = ANY ($1)) AND u.enabled
"""
