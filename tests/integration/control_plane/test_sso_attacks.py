"""Attacks on logins by identity providers, each with its precise refusal."""

import base64
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from support.control_plane import Plane
from support.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider
from support.sso import Browser, browser, sso_plane

ANNA = "anna@example.com"


@pytest.fixture
async def scene(registry: str) -> AsyncIterator[tuple[Plane, IdentityProvider, Browser]]:
    async with sso_plane(registry) as (plane, idp), browser(plane) as page:
        idp.person("42", ANNA)
        yield plane, idp, page


Scene = tuple[Plane, IdentityProvider, Browser]


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def refusal(page: Browser, query: dict[str, str], status: int = 401) -> str:
    answer = await page.finish(query)
    assert answer.status_code == status, answer.text
    assert "set-cookie" not in answer.headers
    return str(answer.json()["message"])


async def test_each_login_has_its_own_state_nonce_and_challenge(scene: Scene) -> None:
    _, _, page = scene
    first, second = asked(await page.begin()), asked(await page.begin())
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name]) == 43
    assert first["redirect_uri"] == "http://test/auth/sso/callback/corp"
    assert first["code_challenge_method"] == "S256"


async def test_a_state_that_nobody_made_is_refused(scene: Scene) -> None:
    _, idp, page = scene
    query = idp.authorize(await page.begin())
    assert "began in this browser" in await refusal(page, {**query, "state": "made-up"})
    del query["state"]
    assert "no state" in await refusal(page, query)


async def test_the_answer_of_another_browsers_login_is_refused(scene: Scene) -> None:
    """Login CSRF and code injection: a victim is sent to an attacker's answer."""
    plane, idp, page = scene
    query = idp.authorize(await page.begin())
    async with browser(plane) as victim:
        await victim.begin()
        assert "began in this browser" in await refusal(victim, query)


async def test_a_stolen_code_is_worth_nothing_in_ones_own_login(scene: Scene) -> None:
    """Its challenge is of another verifier (PKCE), whoever shows it."""
    plane, idp, page = scene
    stolen = idp.authorize(await page.begin())
    async with browser(plane) as thief:
        query = idp.authorize(await thief.begin())
        message = await refusal(thief, {**query, "code": stolen["code"]})
    assert message == "the provider refused the code: invalid_grant"


async def test_an_answer_counts_once(scene: Scene) -> None:
    _, idp, page = scene
    query = idp.authorize(await page.begin())
    assert (await page.finish(query)).status_code == 200
    assert "began in this browser" in await refusal(page, query)


async def test_a_login_that_took_too_long_is_refused(scene: Scene) -> None:
    plane, idp, page = scene
    query = idp.authorize(await page.begin())
    plane.clock.move(601)
    assert "more than 600 s" in await refusal(page, query)


async def test_an_answer_of_another_issuer_is_refused(scene: Scene) -> None:
    _, idp, page = scene
    query = idp.authorize(await page.begin())
    message = await refusal(page, {**query, "iss": "https://evil.example"})
    assert "https://evil.example" in message
    assert idp.fetched("/token") == 0


async def test_an_answer_without_an_issuer_is_refused_where_the_provider_says_one(
    scene: Scene,
) -> None:
    _, idp, page = scene
    query = idp.authorize(await page.begin())
    del query["iss"]
    assert "RFC 9207" in await refusal(page, query)


async def test_an_answer_for_one_provider_is_nothing_to_another(scene: Scene) -> None:
    """Mix-up: a second provider, which is an attacker's, would be shown the first one's code."""
    plane, idp, page = scene
    other = {"id": "other", "client_id": "x", "issuer": "https://evil.example"}
    other |= {"token_url": "https://evil.example/token", "jwks_uri": "https://evil.example/keys"}
    other |= {"authorization_url": "https://evil.example/authorize"}
    made = await plane.http.post("/auth/sso/admin/providers", json=other)
    assert made.status_code == 201, made.text
    query = idp.authorize(await page.begin())
    seen = len(idp.seen)
    answer = await page.finish(query, "other")
    assert answer.status_code == 401
    assert len(idp.seen) == seen  # the code went nowhere


async def test_an_error_of_the_provider_is_told_only_to_who_asked(scene: Scene) -> None:
    _, idp, page = scene
    state = asked(await page.begin())["state"]
    query = {"error": "access_denied", "error_description": "<b>no</b>", "iss": idp.issuer}
    assert "began in this browser" in await refusal(page, {**query, "state": "made-up"})
    answer = await page.finish({**query, "state": state}, page=True)
    assert answer.status_code == 401
    assert "access_denied (&lt;b&gt;no&lt;/b&gt;)" in answer.text


@pytest.mark.parametrize(
    "after",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\tx",
        "",
    ],
)
async def test_nobody_is_sent_to_another_site_after_a_login(scene: Scene, after: str) -> None:
    _, idp, page = scene
    query = idp.authorize(await page.begin(after=after))
    answer = await page.finish(query, page=True)
    assert 'content="0; url=/admin"' in answer.text
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    ("claims", "claim"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"aud": "another-client"}, "aud"),
        ({"aud": ["another-client", CLIENT_ID]}, "azp"),
        ({"aud": CLIENT_ID, "azp": "another-client"}, "azp"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
        ({"exp": 1}, "expired"),
        ({"exp": "soon"}, "exp"),
        ({"nbf": 1 << 40}, "nbf"),
        ({"sub": ""}, "sub"),
    ],
)
async def test_an_id_token_that_is_not_for_this_login_is_refused(
    scene: Scene, claims: dict[str, Any], claim: str
) -> None:
    _, idp, page = scene
    idp.claims |= claims
    query = idp.authorize(await page.begin())
    assert claim in await refusal(page, query)


async def forged(scene: Scene, make: Any) -> str:
    """What is said of an ID token that is right but for its signature."""
    plane, idp, page = scene
    url = await page.begin()
    now = round(plane.clock.now.timestamp())
    claims = {"iss": idp.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, **idp.claims}
    idp.forged = make({**claims, "nonce": asked(url)["nonce"]})
    return await refusal(page, idp.authorize(url))


async def test_an_id_token_without_a_signature_is_refused(scene: Scene) -> None:
    def make(claims: dict[str, Any]) -> str:
        return f"{signing_input({'alg': 'none'}, claims)}."

    assert "'none'" in await forged(scene, make)


async def test_an_id_token_signed_with_a_shared_secret_is_refused(scene: Scene) -> None:
    """Neither the client's secret nor the public key, taken for one, signs anything."""
    _, idp, _ = scene
    for secret in (CLIENT_SECRET.encode(), idp.keys["first"].as_pem(private=False)):

        def make(claims: dict[str, Any], secret: bytes = secret) -> str:
            text = signing_input({"alg": "HS256", "kid": "first"}, claims)
            return f"{text}.{encoded(hmac.digest(secret, text.encode(), 'sha256'))}"

        assert "'HS256'" in await forged(scene, make)


def signing_input(header: dict[str, str], claims: dict[str, Any]) -> str:
    return ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def test_an_id_token_signed_with_another_key_is_refused(scene: Scene) -> None:
    own = RSAKey.generate_key(2048)
    for header in ({"alg": "RS256", "kid": "first"}, {"alg": "RS256"}):

        def make(claims: dict[str, Any], header: dict[str, str] = header) -> str:
            return jwt.encode({**header, "jku": "https://evil.example/keys"}, claims, own)

        assert "does not verify" in await forged(scene, make)


async def test_a_key_that_is_not_known_is_asked_for_once_and_not_at_each_token(
    scene: Scene,
) -> None:
    plane, idp, page = scene
    assert (await page.login(idp)).status_code == 200
    assert idp.fetched("/keys") == 1
    idp.rotate("second")
    plane.clock.move(31)
    assert (await page.login(idp)).status_code == 200
    assert idp.fetched("/keys") == 2
    own = RSAKey.generate_key(2048)
    for _ in range(3):

        def make(claims: dict[str, Any]) -> str:
            return jwt.encode({"alg": "RS256", "kid": "unheard-of"}, claims, own)

        assert "key set does not have" in await forged(scene, make)
    assert idp.fetched("/keys") <= 3


async def test_user_info_of_somebody_else_is_refused(scene: Scene) -> None:
    _, idp, page = scene
    del idp.claims["groups"]
    idp.userinfo = {"sub": "43", "groups": ["ops"]}
    assert "not of whom the ID token names" in await refusal(
        page, idp.authorize(await page.begin())
    )


async def test_a_discovery_document_of_another_issuer_is_refused(scene: Scene) -> None:
    _, idp, page = scene
    idp.metadata = {"issuer": "https://evil.example"}
    answer = await page.http.get("/auth/sso/login/corp")
    assert answer.status_code == 502
    assert "https://evil.example" in answer.json()["message"]


async def test_a_discovery_document_does_not_lead_out_of_https(scene: Scene) -> None:
    _, idp, page = scene
    for url in ("http://login.example.com/token", "javascript:alert(1)", ""):
        idp.metadata = {"token_endpoint": url}
        answer = await page.http.get("/auth/sso/login/corp")
        assert answer.status_code == 502
        assert "token_endpoint must be an https URL" in answer.json()["message"]
