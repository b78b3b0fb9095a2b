"""How the authorization server of an upstream is found: what is believed, and what is not."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from mcpgateway.common.errors import GatewayError, InvalidCall, UpstreamRejected
from mcpgateway.control_plane.registry.upstream_auth import oauth_config
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import Client, OAuthConfig
from mcpgateway.control_plane.registry.upstream_auth.ports import NONE, Answered
from mcpgateway.control_plane.registry.upstream_auth.protected import protected, scopes_in
from mcpgateway.control_plane.registry.upstream_auth.servers import (
    OFFLINE,
    described,
    metadata_places,
    settled,
)

UP = "https://up.example/mcp"
AS = "https://as.example/tenant"
META = f"{UP.removesuffix('/mcp')}/.well-known/oauth-protected-resource/mcp"


class Web:
    """Answers by URL; anything else is a 404."""

    def __init__(self, pages: Mapping[str, Any], challenge: str = "", posted: str = "") -> None:
        self.pages = pages
        self.challenge = challenge
        self.posted = posted
        self.asked: list[str] = []

    async def get(self, url: str, accept: str = "") -> Answered:
        self.asked.append(url)
        if url == UP:
            return Answered(401, b"", (self.challenge,) if self.challenge else ())
        page = self.pages.get(url)
        return Answered(404, b"") if page is None else Answered(200, msgspec.json.encode(page))

    async def post_form(self, url: str, params: Mapping[str, str], client: Client) -> Answered:
        raise AssertionError(url)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str] = NONE) -> Answered:
        assert (url, self.asked[-1]) == (UP, UP)
        self.asked.append(f"POST {url}")
        found = (self.posted,) if self.posted else ()
        return Answered(401 if found else 405, b"", found)


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
    assert (await protected(web, UP)).authorization_servers == (AS,)
    assert web.asked == [UP, place]


async def test_metadata_at_another_origin_is_not_even_fetched() -> None:
    web = Web({}, 'Bearer resource_metadata="http://169.254.169.254/latest"')
    with pytest.raises(GatewayError):
        await protected(web, UP)
    assert not [url for url in web.asked if "169.254" in url]


async def test_metadata_of_another_resource_names_nobody() -> None:
    pages = {META: {"resource": "https://other.example", "authorization_servers": [AS]}}
    with pytest.raises(UpstreamRejected, match="another resource"):
        await protected(Web(pages), UP)


async def test_what_is_configured_is_not_looked_for() -> None:
    config = OAuthConfig("client_credentials", token_url=f"{AS}/token")
    web = Web({})
    found = await settled(web, config, UP, discovery=True)
    assert (found.server.token_endpoint, web.asked) == (f"{AS}/token", [])
    assert found.config == config
    with pytest.raises(InvalidCall, match="OAUTH_DISCOVERY_ENABLED"):
        await settled(web, OAuthConfig("authorization_code"), UP, discovery=False)


def pages(**more: Any) -> dict[str, Any]:
    """Of an upstream and its authorization server."""
    told = {"resource": UP, "authorization_servers": [AS]} | more
    return {META: told, metadata_places(AS)[0]: metadata(scopes_supported=["a", OFFLINE])}


CODE = OAuthConfig("authorization_code")


async def test_an_upstream_that_refuses_nothing_but_posts_is_asked_by_one() -> None:
    place = "https://up.example/meta"
    web = Web({place: {"resource": UP, "authorization_servers": [AS]}}, "", _challenge(place))
    assert (await protected(web, UP)).authorization_servers == (AS,)
    assert web.asked == [UP, f"POST {UP}", place]


def _challenge(place: str) -> str:
    return f'Bearer resource_metadata="{place}"'


@pytest.mark.parametrize(
    ("challenge", "supported", "asked"),
    [
        ('Bearer scope="a b"', ["c"], ("a", "b", OFFLINE)),
        ("Bearer", ["c"], ("c", OFFLINE)),
        ("Bearer", [], ()),
    ],
)
async def test_scopes_are_those_of_the_refusal_else_those_of_the_metadata_else_none(
    challenge: str, supported: list[str], asked: tuple[str, ...]
) -> None:
    web = Web(pages(scopes_supported=supported), challenge)
    assert (await settled(web, CODE, UP, discovery=True)).config.scopes == asked


async def test_configured_scopes_are_asked_for_as_they_are() -> None:
    config = OAuthConfig("authorization_code", scopes=("mine",))
    web = Web(pages(), 'Bearer scope="a"')
    assert (await settled(web, config, UP, discovery=True)).config.scopes == ("mine",)


async def test_nothing_is_renewed_of_a_machine_so_it_asks_for_no_offline_access() -> None:
    config = OAuthConfig("client_credentials", issuer=AS)
    web = Web(pages(), 'Bearer scope="a"')
    assert (await settled(web, config, UP, discovery=True)).config.scopes == ("a",)


@pytest.mark.parametrize("resource", ["https://up.example", "https://up.example/"])
async def test_the_resource_is_named_as_it_names_itself(resource: str) -> None:
    config = (await settled(Web(pages(resource=resource)), CODE, UP, discovery=True)).config
    assert oauth_config.refresh_params(config, UP, "r")["resource"] == resource


async def test_a_configured_issuer_needs_no_word_of_the_upstream_which_can_name_no_other() -> None:
    config = OAuthConfig("authorization_code", issuer=AS)
    silent = {metadata_places(AS)[0]: metadata()}
    found = await settled(Web(silent), config, UP, discovery=True)
    assert (found.server.issuer, found.config) == (AS, config)
    elsewhere = pages(authorization_servers=["https://evil.example"])
    assert (await settled(Web(elsewhere), config, UP, discovery=True)).server.issuer == AS


async def test_metadata_can_not_say_that_it_is_the_operators_word() -> None:
    web = Web({metadata_places(AS)[0]: metadata(discovered=False)})
    assert (await described(web, AS)).discovered


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('Bearer scope="a b", error="x"', ("a", "b")),
        ('Bearer error="x",scope="a"', ("a",)),
        ('Bearer myscope="a"', ()),
        ("Bearer", ()),
    ],
)
def test_scopes_are_read_from_a_refusal(line: str, found: tuple[str, ...]) -> None:
    assert scopes_in(line) == found
