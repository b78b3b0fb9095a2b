"""Which room answers which request."""

import pytest

from mcpgateway.data_plane.edge.routes import Route, resolve

ID = "0123456789abcdef0123456789abcdef"
DASHED = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/mcp", Route("mcp")),
        ("/mcp/", Route("mcp")),
        ("/v1/mcp", Route("mcp")),
        (f"/servers/{ID}/mcp", Route("mcp", ID)),
        (f"/v1/servers/{ID}/mcp/", Route("mcp", ID)),
        (f"/servers/{DASHED}/mcp", Route("mcp", ID)),
        ("/servers/nonsense/mcp", Route("mcp", "nonsense")),
        ("/servers/a%20b/mcp", Route("mcp", "a b")),
        ("/health", Route("health")),
        ("/ready", Route("ready")),
        ("/sse", Route("absent")),
        (f"/servers/{ID}/ws", Route("absent")),
        (f"/servers/{ID}", Route("control-plane")),
        ("/gateways", Route("control-plane")),
        ("/admin", Route("admin")),
        ("/admin/static/app.js", Route("admin")),
        ("/admin/tools/import", Route("control-plane")),
        ("/", Route("control-plane")),
    ],
)
def test_a_path_leads_to_its_room(path: str, route: Route) -> None:
    assert resolve("POST", path) == route


def test_an_escaped_path_belongs_to_the_owner_of_what_it_spells() -> None:
    assert resolve("GET", "/%61dmin") == Route("admin")
