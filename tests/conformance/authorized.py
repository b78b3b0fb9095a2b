"""The clients of the suite's `auth/*` scenarios: the official SDK's, which gets tokens itself, and
the gateway, which gets them for its upstream. The suite's authorization servers consent at once, so
that a browser is no more than following redirects.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

REDIRECT = "http://127.0.0.1:3000/callback"
# The suite's own: it is not fetched.
DOCUMENT = "https://conformance-test.local/client-metadata.json"


class Kept:
    """Tokens in memory. Implements the SDK's TokenStorage."""

    def __init__(self, client: OAuthClientInformationFull | None = None) -> None:
        self._tokens: OAuthToken | None = None
        self._client = client

    async def get_tokens(self) -> OAuthToken | None:
        return self._tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self._tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._client = client_info


class Browser:
    """Goes where it is sent, and says where it came out."""

    def __init__(self) -> None:
        self._came = ""

    async def open(self, url: str) -> None:
        async with httpx2.AsyncClient() as http:
            answer = await http.get(url)
        self._came = answer.headers["location"]

    async def result(self) -> AuthorizationCodeResult:
        said = {name: each[0] for name, each in parse_qs(urlsplit(self._came).query).items()}
        return AuthorizationCodeResult(
            code=said.get("code", ""), state=said.get("state"), iss=said.get("iss")
        )


def by_itself(scenario: str, url: str, context: Mapping[str, Any]) -> httpx2.Auth:
    """How the SDK's client gets tokens."""
    if scenario == "auth/client-credentials-basic":
        return ClientCredentialsOAuthProvider(
            url, Kept(), context["client_id"], context["client_secret"]
        )
    if scenario == "auth/client-credentials-jwt":
        key = SignedJWTParameters(
            issuer=context["client_id"],
            subject=context["client_id"],
            signing_key=context["private_key_pem"],
            signing_algorithm=context["signing_algorithm"],
        )
        provider = key.create_assertion_provider()
        return PrivateKeyJWTOAuthProvider(url, Kept(), context["client_id"], provider)
    known = None
    if "client_id" in context:
        known = OAuthClientInformationFull(
            client_id=context["client_id"],
            client_secret=context.get("client_secret"),
            token_endpoint_auth_method="client_secret_basic",
            redirect_uris=[AnyUrl(REDIRECT)],
            issuer=context.get("issuer"),
        )
    browser = Browser()
    return OAuthClientProvider(
        url,
        OAuthClientMetadata(
            client_name="conformance",
            redirect_uris=[AnyUrl(REDIRECT)],
            grant_types=["authorization_code", "refresh_token"],
            response_types=["code"],
        ),
        Kept(known),
        browser.open,
        browser.result,
        DOCUMENT,
    )


async def by_the_gateway(
    http: httpx2.AsyncClient, scenario: str, url: str, context: Mapping[str, Any]
) -> dict[str, Any]:
    """What a gateway is told of an upstream that wants tokens. `http` is an administrator's."""
    known = ("client_id", "client_secret", "issuer")
    config = {name: context[name] for name in known if name in context}
    if not scenario.startswith("auth/client-credentials"):
        return {"auth_type": "oauth", "oauth_config": {"grant_type": "authorization_code"} | config}
    # A client that is known to one issuer is shown to no other, whatever the upstream may name.
    found = await http.post("/admin/gateways/discover-oauth", json={"url": url})
    assert found.status_code == 200, found.text
    config |= {"grant_type": "client_credentials", "issuer": found.json()["issuer"]}
    if "private_key_pem" in context:
        config["private_key"] = context["private_key_pem"]
        config["token_endpoint_auth_method"] = "private_key_jwt"
    return {"auth_type": "oauth", "oauth_config": config}


async def consent(http: httpx2.AsyncClient, page: str) -> None:
    """To the authorization server of a gateway's upstream, and back, as who `http` is."""
    begun = await http.get(page)
    assert begun.status_code == 302, begun.text
    async with httpx2.AsyncClient() as outside:
        there = await outside.get(begun.headers["location"])
    back = urlsplit(there.headers["location"])
    done = await http.get(f"{back.path}?{back.query}", headers={"Authorization": ""})
    assert done.status_code == 200, done.text
