"""Which room answers which request."""

import pytest

from mcpgateway.data_plane.edge.routes import Route, resolve, server_and_tool

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
        ("/rpc", Route("rpc")),
        ("/v1/rpc/", Route("rpc")),
        ("/initialize", Route("protocol", "initialize")),
        ("/protocol/initialize", Route("protocol", "initialize")),
        ("/protocol/completion/complete", Route("protocol", "completion/complete")),
        ("/protocol/nonsense", Route("absent")),
        ("/prompts/up-greet", Route("prompt", "up-greet")),
        ("/prompts/up-greet/state", Route("control-plane")),
        ("/health", Route("health")),
        ("/ready", Route("ready")),
        ("/sse", Route("sse")),
        ("/message", Route("message")),
        ("/ws", Route("ws")),
        (f"/servers/{ID}/sse", Route("sse", ID)),
        (f"/servers/{DASHED}/message", Route("message", ID)),
        (f"/v1/servers/{ID}/ws", Route("ws", ID)),
        (f"/servers/{DASHED}/openapi.json", Route("tools-document", ID)),
        (f"/servers/{ID}/tools/up-add", Route("tool", f"{ID}/up-add")),
        (f"/v1/servers/{DASHED}/tools/a%2Fb%2525", Route("tool", f"{DASHED}/a%2Fb%2525")),
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


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"/resources/{ID}", ID),
        ("/resources/memo%3A%2F%2Fnotes%2F7", "memo://notes/7"),
        ("/v1/resources/memo:%2f%2Fa%2520b%2F", "memo://a%20b/"),
        ("/resources/test/memo://notes/7", "memo://notes/7"),
        ("/resources/test/memo%3A%2F%2Fnotes%2F7", "memo://notes/7"),
    ],
)
def test_an_encoded_slash_belongs_to_the_name_of_a_resource(path: str, name: str) -> None:
    assert resolve("GET", path) == Route("resource", name)


def test_a_resource_itself_is_the_control_planes() -> None:
    assert resolve("GET", f"/resources/{ID}/info") == Route("control-plane")
    assert resolve("PUT", f"/resources/{ID}") == Route("control-plane")


def test_a_tools_route_names_its_server_and_the_tool() -> None:
    name = resolve("POST", f"/servers/{DASHED}/tools/a%2Fb%20%2525").name
    assert server_and_tool(name) == (ID, "a/b %25")
