"""For which endpoint a token is made, by the bytes of a URL; and what is told about each."""

import json

import pytest

from mcpgateway.common.routing.model import Server
from mcpgateway.data_plane.edge.client_view import Seen
from mcpgateway.data_plane.edge.protected_resources import ResourceMetadata, made_for
from support.exchange import RecordingExchange

BASE = "https://gw.example.com"
ID = "0123456789abcdef0123456789abcdef"
DASHED = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize(
    "url",
    [
        f"{BASE}/servers/{ID}/mcp",
        f"{BASE}/servers/{ID}/mcp/",
        f"{BASE}/v1/servers/{ID}/mcp",
        f"{BASE}/servers/{DASHED}/mcp",
        f"{BASE}/servers/{ID}/sse",
        f"HTTPS://GW.example.com:443/servers/{ID}/mcp",
    ],
)
def test_one_endpoint_may_be_written_in_several_ways(url: str) -> None:
    assert made_for([url], BASE, ID)
    assert not made_for([url], BASE, "")


@pytest.mark.parametrize(
    "url",
    [
        f"http://gw.example.com/servers/{ID}/mcp",
        f"{BASE}:8443/servers/{ID}/mcp",
        f"https://gw.example.com.evil.example/servers/{ID}/mcp",
        f"https://gw.example.com@evil.example/servers/{ID}/mcp",
        f"https://user@gw.example.com/servers/{ID}/mcp",
        f"{BASE}/servers/{ID}/mcp?x=1",
        f"{BASE}/servers/{ID}/mcp#x",
        f"{BASE}//servers/{ID}/mcp",
        f"{BASE}/servers/{ID}/mcp/more",
        f"{BASE}/servers/{ID}",
        f"{BASE}/SERVERS/{ID}/mcp",
        f"{BASE}/servers/{'f' * 32}/mcp",
        f"{BASE}/mcp",
        BASE,
        f"{BASE}/",
        f"{BASE}:99999/servers/{ID}/mcp",
        "https://[::1/mcp",
    ],
)
def test_any_other_url_is_another_resource(url: str) -> None:
    assert not made_for([url], BASE, ID)


def test_a_gateway_below_a_path_is_found_below_it() -> None:
    base = f"{BASE}/tools/gateway"
    assert made_for([f"{base}/mcp"], base, "")
    assert not made_for([f"{BASE}/mcp"], base, "")


def test_nothing_is_ours_where_the_request_names_no_address() -> None:
    assert not made_for([f"{BASE}/mcp"], "", "")


def ask(path: str, method: str = "GET", public: str = BASE) -> RecordingExchange:
    own = Server("own", "own", authorization_servers=("https://idp.example",), oauth_scopes=("x",))
    told = ResourceMetadata({"own": own}.get, Seen(public))
    exchange = RecordingExchange(method, path, [(b"host", b"localhost")])
    told.handle(exchange)
    return exchange


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/.well-known/oauth-protected-resource", "/mcp"),
        ("/.well-known/oauth-protected-resource/", "/mcp"),
        ("/.well-known/oauth-protected-resource/mcp", "/mcp"),
        (f"/.well-known/oauth-protected-resource/servers/{ID}/mcp", f"/servers/{ID}/mcp"),
        (f"/.well-known/oauth-protected-resource/servers/{ID}/sse", f"/servers/{ID}/sse"),
        (f"/.well-known/oauth-protected-resource/v1/servers/{ID}/mcp", f"/v1/servers/{ID}/mcp"),
        (f"/servers/{ID}/.well-known/oauth-protected-resource", f"/servers/{ID}/mcp"),
    ],
)
def test_metadata_names_the_url_that_the_client_uses(path: str, resource: str) -> None:
    exchange = ask(path)
    assert exchange.status == 200
    assert json.loads(exchange.answer) == {
        "resource": f"{BASE}{resource}",
        "authorization_servers": [BASE],
        "scopes_supported": ["mcp"],
        "bearer_methods_supported": ["header"],
    }
    assert exchange.sent_headers[b"access-control-allow-origin"] == b"*"


def test_a_server_with_an_authorization_server_of_its_own_names_that() -> None:
    said = json.loads(ask("/servers/own/.well-known/oauth-protected-resource").answer)
    assert said["authorization_servers"] == ["https://idp.example"]
    assert said["scopes_supported"] == ["x"]


def test_a_server_that_is_not_there_reads_like_one_that_is() -> None:
    """Else everybody could find out which there are."""
    there, absent = (ask(f"/servers/{id}/.well-known/oauth-protected-resource") for id in (ID, "x"))
    assert there.status == absent.status == 200


@pytest.mark.parametrize("path", ["/health", "/gateways", "/rpc"])
def test_what_is_no_endpoint_has_no_metadata(path: str) -> None:
    assert ask(f"/.well-known/oauth-protected-resource{path}").status == 404


def test_metadata_is_read_and_nothing_else() -> None:
    assert ask("/.well-known/oauth-protected-resource", "POST").status == 405
