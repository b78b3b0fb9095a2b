"""As which client the gateway comes to the authorization server of an upstream."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from support.control_plane import Plane, open_plane, upstream_with

ISSUER = "https://as.example"
PUBLIC = "https://gw.example"
DOCUMENT = f"{PUBLIC}/oauth/client-metadata.json"
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "registration_endpoint": f"{ISSUER}/register",
    "code_challenge_methods_supported": ["S256"],
    "client_id_metadata_document_supported": True,
}


async def begun(plane: Plane, metadata: dict[str, Any], **config: Any) -> dict[str, str]:
    """What the browser of a user takes to the authorization server."""
    plane.auth_servers.put(f"{ISSUER}/.well-known/oauth-authorization-server", metadata)
    plane.auth_servers.put(f"{ISSUER}/register", {"client_id": "registered"}, 201)
    settings = {"grant_type": "authorization_code", "issuer": ISSUER, **config}
    seen = upstream_with(["x"])
    made = await plane.register("theirs", seen, auth_type="oauth", oauth_config=settings)
    answer = await plane.http.get(f"/oauth/authorize/{made['id']}")
    assert answer.status_code == 302, answer.text
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in asked.items()}


def registrations(plane: Plane) -> list[Any]:
    return [sent for url, sent, _ in plane.auth_servers.seen if url == f"{ISSUER}/register"]


async def test_where_both_sides_can_it_is_the_document_that_the_gateway_serves(
    registry: str,
) -> None:
    async with open_plane(registry, public_url=PUBLIC) as plane:
        asked = await begun(plane, METADATA)
        assert asked["client_id"] == DOCUMENT
        assert registrations(plane) == []
        served = await plane.http.get(urlsplit(DOCUMENT).path, headers={"Authorization": ""})
        assert served.status_code == 200
        document = served.json()
        assert document["client_id"] == DOCUMENT
        assert asked["redirect_uri"] in document["redirect_uris"]
        assert document["token_endpoint_auth_method"] == "none"

        plane.auth_servers.put(f"{ISSUER}/token", {"access_token": "t", "token_type": "Bearer"})
        answer = {"state": asked["state"], "code": "c", "iss": ISSUER}
        cookie = "; ".join(f"{each.name}={each.value}" for each in plane.http.cookies.jar)
        done = await plane.http.get("/oauth/callback", params=answer, headers={"Cookie": cookie})
        assert done.status_code == 200, done.text
        _, sent, client = plane.auth_servers.seen[-1]
        assert sent["redirect_uri"] == asked["redirect_uri"]
        assert client is not None
        assert (client.id, client.secret) == (DOCUMENT, "")


@pytest.mark.parametrize(
    ("public", "supported"), [("http://gw.example", True), ("", True), (PUBLIC, False)]
)
async def test_it_registers_where_no_server_could_fetch_or_would_read_the_document(
    registry: str, public: str, supported: bool
) -> None:
    async with open_plane(registry, public_url=public) as plane:
        metadata = METADATA | {"client_id_metadata_document_supported": supported}
        assert (await begun(plane, metadata))["client_id"] == "registered"
        assert len(registrations(plane)) == 1


async def test_a_client_that_is_given_comes_before_all(registry: str) -> None:
    async with open_plane(registry, public_url=PUBLIC) as plane:
        assert (await begun(plane, METADATA, client_id="given"))["client_id"] == "given"
        assert registrations(plane) == []


async def test_without_a_way_to_be_one_it_says_what_is_missing(registry: str) -> None:
    async with open_plane(registry, dcr_enabled=False) as plane:
        plane.auth_servers.put(f"{ISSUER}/.well-known/oauth-authorization-server", METADATA)
        config = {"grant_type": "authorization_code", "issuer": ISSUER}
        made = await plane.register("theirs", upstream_with(), oauth_config=config)
        refused = await plane.http.get(f"/oauth/authorize/{made['id']}")
        assert refused.status_code == 422
        assert "DCR_ENABLED" in refused.text
