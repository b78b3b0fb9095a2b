"""SQL of resources."""

from mcpgateway.control_plane.registry.model import Resource
from mcpgateway.control_plane.store.statements import (
    held_in,
    of_server,
    of_upstream,
    offered,
    page,
    rows_of,
)

ROWS = rows_of("resources", Resource, key="uri")
HELD = held_in("server_resources")

OF_UPSTREAM = """
SELECT row_to_json(r)::text FROM resources r WHERE r.upstream_id = $1 ORDER BY r.uri
"""

PAGE = page(
    """SELECT r.*, coalesce(u.enabled, true) AS upstream_enabled
    FROM resources r LEFT JOIN upstreams u ON u.id = r.upstream_id""",
    "r",
    "uri",
    "r.enabled AND coalesce(u.enabled, true)",
    of_upstream("r"),
    of_server("r", "server_resources"),
    "($14::boolean IS NULL OR r.template = $14)",
)

OFFERED = offered("resources")
