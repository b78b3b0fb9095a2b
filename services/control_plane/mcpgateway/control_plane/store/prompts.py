"""SQL of prompts."""

from mcpgateway.control_plane.registry.model import Prompt
from mcpgateway.control_plane.store.statements import (
    held_in,
    of_server,
    of_upstream,
    offered,
    page,
    rows_of,
)

ROWS = rows_of("prompts", Prompt)
HELD = held_in("server_prompts")

OF_UPSTREAM = """
SELECT row_to_json(p)::text FROM prompts p WHERE p.upstream_id = $1 ORDER BY p.name
"""

NAMES_LIKE = """
SELECT name FROM prompts WHERE starts_with(name, $1)
"""

PAGE = page(
    """SELECT p.*, u.slug AS upstream_slug, coalesce(u.enabled, true) AS upstream_enabled
    FROM prompts p LEFT JOIN upstreams u ON u.id = p.upstream_id""",
    "p",
    "name",
    "p.enabled AND coalesce(u.enabled, true)",
    of_upstream("p"),
    of_server("p", "server_prompts"),
)

OFFERED = offered("prompts")
