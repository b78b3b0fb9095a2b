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

_SHOWN = """SELECT t.*, u.slug AS upstream_slug, u.url AS upstream_url,
        u.transport AS upstream_transport, coalesce(u.enabled, true) AS upstream_enabled,
        coalesce(h.reachable, true) AS reachable
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
