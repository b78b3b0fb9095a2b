"""SQL of tools."""

from mcpgateway.control_plane.registry.model import Tool
from mcpgateway.control_plane.store.statements import (
    held_in,
    of_server,
    of_upstream,
    offered,
    page,
    rows_of,
)

ROWS = rows_of("tools", Tool)
HELD = held_in("server_tools")

OF_UPSTREAM = """
SELECT row_to_json(t)::text FROM tools t WHERE t.upstream_id = $1 ORDER BY t.name
"""

NAMES_LIKE = """
SELECT name FROM tools WHERE starts_with(name, $1)
"""

# What tools that are made of others are made of: `tools_recipe` is an index of it.
_PARTS = "jsonb_path_query_array(t.recipe, '$.**.tool')"

# What is made of one of $1, at once.
MAKERS = f"""
SELECT row_to_json(t)::text FROM tools t WHERE t.recipe IS NOT NULL AND {_PARTS} ?| $1::text[]
"""

# $1 and all that these come to, by what they are made of; and by what is made of them.
ALL_PARTS = f"""
WITH RECURSIVE found (id) AS (
    SELECT unnest($1::text[])
    UNION SELECT part FROM found JOIN tools t ON t.id = found.id,
        jsonb_array_elements_text({_PARTS}) AS part
    WHERE t.recipe IS NOT NULL
) SELECT id FROM found
"""
ALL_MAKERS = f"""
WITH RECURSIVE found (id) AS (
    SELECT unnest($1::text[])
    UNION SELECT t.id FROM found JOIN tools t ON {_PARTS} ? found.id WHERE t.recipe IS NOT NULL
) SELECT id FROM found
"""

_SHOWN = f"""SELECT t.*, u.slug AS upstream_slug, u.url AS upstream_url,
        u.transport AS upstream_transport, coalesce(u.enabled, true) AS upstream_enabled,
        coalesce(h.reachable, true) AS reachable,
        CASE WHEN t.recipe IS NULL THEN '{{}}'::jsonb ELSE (
            SELECT coalesce(jsonb_object_agg(p.id, p.name), '{{}}') FROM tools p
            WHERE {_PARTS} ? p.id AND visible(p.visibility, p.team_id, p.owner_email, $2, $3, $4)
        ) END AS parts
    FROM tools t LEFT JOIN upstreams u ON u.id = t.upstream_id
        LEFT JOIN upstream_health h ON h.upstream_id = u.id"""
_ACTIVE = "t.enabled AND coalesce(u.enabled, true)"
_WHERE = (of_upstream("t"), of_server("t", "server_tools"))

PAGE = page(_SHOWN, "t", "name", _ACTIVE, *_WHERE)
# $14 states.
DRIFTED = page(_SHOWN, "t", "name", _ACTIVE, *_WHERE, "t.drift ->> 'state' = ANY ($14::text[])")

# A tool that its upstream reworded may be kept from clients until somebody approves it.
WITHHELD = "coalesce(t.drift ->> 'state', '') = 'withdrawn'"
OFFERED = offered("tools", f"NOT {WITHHELD}")
