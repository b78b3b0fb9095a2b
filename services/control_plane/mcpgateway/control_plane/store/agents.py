"""SQL of A2A agents."""

from mcpgateway.control_plane.registry.model import Agent
from mcpgateway.control_plane.store.statements import held_in, of_server, page, rows_of

ROWS = rows_of("agents", Agent)
HELD = held_in("server_agents")
PAGE = page(
    "SELECT a.* FROM agents a",
    "a",
    "name",
    "a.enabled",
    "$12::text IS NULL",  # no upstream has agents
    of_server("a", "server_agents"),
)
