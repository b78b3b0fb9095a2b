"""SQL of roots."""

from mcpgateway.control_plane.registry.model import Root
from mcpgateway.control_plane.store.statements import page, rows_of

ROWS = rows_of("roots", Root, key="uri")
PAGE = page("SELECT r.* FROM roots r", "r", "uri", "r.enabled")

# What data planes get: $1 ids, or null for all.
OFFERED = """
SELECT row_to_json(r)::text FROM roots r
WHERE ($1::text[] IS NULL OR r.id = ANY ($1)) AND r.enabled
"""
