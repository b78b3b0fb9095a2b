"""Resources that tokens are for: endpoints of this gateway alone."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError
from mcpgateway.control_plane.identity.oauth_server.resources import checked

BASE = "https://gateway.example.com/base"
pieces = st.lists(
    st.sampled_from(
        [
            "https://",
            "http://",
            "gateway.example.com",
            "evil.example",
            ":443",
            "@",
            "/",
            "base",
            "/base",
            "/mcp",
            "/servers/1/mcp",
            "..",
            "%2e",
            "#",
            "?",
            "\\",
            "sse",
            "/tools",
            "/v1",
        ]
    ),
    max_size=7,
).map("".join)


@pytest.mark.parametrize(
    "url",
    [
        f"{BASE}/mcp",
        f"{BASE}/servers/0123/mcp",
        f"{BASE}/servers/0123/sse/",
        f"{BASE}/v1/mcp",
        "https://GATEWAY.example.com:443/base/mcp",
    ],
)
def test_an_endpoint_is_taken_as_it_was_written(url: str) -> None:
    assert checked(url, BASE) == url


@pytest.mark.parametrize("url", ["", BASE, f"{BASE}/"])
def test_the_gateway_as_a_whole_is_no_resource_of_its_own(url: str) -> None:
    assert checked(url, BASE) == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example.com/mcp",
        "https://gateway.example.com/basement/mcp",
        "http://gateway.example.com/base/mcp",
        "https://gateway.example.com:444/base/mcp",
        "https://gateway.example.com.evil.example/base/mcp",
        "https://gateway.example.com@evil.example/base/mcp",
        f"{BASE}/mcp?x=1",
        f"{BASE}/mcp#x",
        f"{BASE}/tools",
        f"{BASE}/servers/../mcp/x",
        "gateway.example.com/base/mcp",
        "x" * 2001,
    ],
)
def test_anything_else_is_refused_by_name(url: str) -> None:
    with pytest.raises(OAuthError) as caught:
        checked(url, BASE)
    assert caught.value.error == "invalid_target"


@given(pieces | st.text(max_size=50))
def test_what_is_taken_is_always_of_this_gateway(url: str) -> None:
    try:
        taken = checked(url, BASE)
    except OAuthError:
        return
    parts = urlsplit(taken)
    assert taken == "" or (parts.scheme, parts.hostname) == ("https", "gateway.example.com")
