"""How the authorization server of an upstream is found: what is believed, and what is not."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from mcpgateway.common.errors import GatewayError, InvalidCall, UpstreamRejected
from mcpgateway.control_plane.registry.oauth import Client, OAuthConfig
from mcpgateway.control_plane.registry.upstream_auth.ports import Answered
from mcpgateway.control_plane.registry.upstream_auth.servers import (
    described,
    issuer_of,
    metadata_places,
    server_of,
)

UP = "https://up.example/mcp"
AS = "https://as.example/tenant"
META = f"{UP.removesuffix('/mcp')}/.well-known/oauth-protected-resource/mcp"


class Web:
    """Answers by URL; anything else is a 404."""

    def __init__(self, pages: Mapping[str, Any], challenge: str = "") -> None:
        self.pages = pages
        self.challenge = challenge
        self.asked: list[str] = []

    async def get(self, url: str, accept: str = "") -> Answered:
        self.asked.append(url)
        if url == UP:
            return Answered(401, b"", (self.challenge,) if self.challenge else ())
        page = self.pages.get(url)
        return Answered(404, b"") if page is None else Answered(200, msgspec.json.encode(page))

    async def post_form(self, url: str, params: Mapping[str, str], client: Client) -> Answered:
        raise AssertionError(url)

    async def post_json(self, url: str, body: object) -> Answered:
        raise AssertionError(url)


def metadata(issuer: str = AS, **more: Any) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{AS}/authorize",
        "token_endpoint": f"{AS}/token",
    } | more


def test_metadata_is_looked_for_in_the_order_of_the_standard() -> None:
    assert metadata_places(AS) == [
        "https://as.example/.well-known/oauth-authorization-server/tenant",
        "https://as.example/.well-known/openid-configuration/tenant",
        "https://as.example/tenant/.well-known/openid-configuration",
    ]


@pytest.mark.parametrize("issuer", ["ftp://x", "https://", "https://x?a=b", "https://x#f"])
def test_what_can_be_no_issuer_is_never_called(issuer: str) -> None:
    with pytest.raises(InvalidCall):
        metadata_places(issuer)


@pytest.mark.parametrize(
    "other", ["https://as.example/tenant/", "https://AS.example/tenant", "https://evil.example"]
)
async def test_metadata_of_another_issuer_is_not_believed_byte_by_byte(other: str) -> None:
    web = Web({metadata_places(AS)[0]: metadata(other)})
    with pytest.raises(UpstreamRejected, match="another issuer"):
        await described(web, AS)


@pytest.mark.parametrize("url", ["http://as.example/token", "file:///etc/passwd", "https:///x"])
async def test_metadata_by_tls_names_no_endpoint_without(url: str) -> None:
    web = Web({metadata_places(AS)[0]: metadata(token_endpoint=url)})
    with pytest.raises(UpstreamRejected, match="token_endpoint"):
        await described(web, AS)


async def test_the_refusal_of_an_upstream_says_where_its_metadata_is() -> None:
    place = "https://up.example/meta"
    pages = {place: {"resource": UP, "authorization_servers": [AS]}}
    web = Web(pages, f'Bearer error="x", resource_metadata="{place}"')
    assert await issuer_of(web, UP) == AS
    assert web.asked == [UP, place]


async def test_metadata_at_another_origin_is_not_even_fetched() -> None:
    web = Web({}, 'Bearer resource_metadata="http://169.254.169.254/latest"')
    with pytest.raises(GatewayError):
        await issuer_of(web, UP)
    assert not [url for url in web.asked if "169.254" in url]


async def test_metadata_of_another_resource_names_nobody() -> None:
    pages = {META: {"resource": "https://other.example", "authorization_servers": [AS]}}
    with pytest.raises(UpstreamRejected, match="another resource"):
        await issuer_of(Web(pages), UP)


async def test_what_is_configured_is_not_looked_for() -> None:
    config = OAuthConfig("client_credentials", token_url=f"{AS}/token")
    web = Web({})
    found = await server_of(web, config, UP, discovery=True)
    assert (found.token_endpoint, web.asked) == (f"{AS}/token", [])
    with pytest.raises(InvalidCall, match="OAUTH_DISCOVERY_ENABLED"):
        await server_of(web, OAuthConfig("authorization_code"), UP, discovery=False)
