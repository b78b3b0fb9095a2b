"""Who may be a client of the authorization server, how clients show who they are, devices, and
programs."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from mcpgateway.common import api_tokens
from mcpgateway.common.policy.access.narrowing import scope_of
from mcpgateway.control_plane.registry.discovered.ports import Reached
from support.control_plane import ADMIN, PASSWORD, Plane, open_plane
from support.oauth import REDIRECT, SITE, OAuthUser, hidden, said

BASE = "http://control-plane"
DOCUMENT = "https://client.example.com/oauth/client.json"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def browser(plane: Plane) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(plane.app), base_url=BASE)


@pytest.fixture
async def user(plane: Plane) -> AsyncIterator[OAuthUser]:
    async with browser(plane) as http:
        yield OAuthUser(http, ADMIN, PASSWORD)


def error(answer: httpx2.Response, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    found: str = answer.json()["error"]
    return found


@pytest.mark.parametrize(
    "uri",
    [
        "https://*.example.com/callback",
        "https://example.com/*",
        "https://example.com/callback#fragment",
        "https://user@example.com/callback",
        "http://example.com/callback",
        "http://127.0.0.1.example.com/callback",
        "http://10.0.0.1/callback",
        "javascript:alert(1)",
        "javascript://x/%0aalert(1)",
        "data:text/html,x",
        "unknown://callback",
        "file:///etc/passwd",
        "//example.com/callback",
        "/callback",
        "https://exa mple.com/",
        "https://example.com\\@evil.example/",
        "https://example.com/" + "x" * 2000,
        "https://münchen.example/",
        "",
    ],
)
async def test_a_redirect_uri_that_could_lead_elsewhere_is_not_registered(
    user: OAuthUser, uri: str
) -> None:
    answer = await user.register(redirect_uris=[REDIRECT, uri])
    assert error(answer) == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "uri",
    [
        SITE,
        "http://localhost/callback",
        "http://[::1]:8080/callback",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "com.example.app:/callback",
    ],
)
async def test_sites_machines_and_applications_are_registered(user: OAuthUser, uri: str) -> None:
    answer = await user.register(redirect_uris=[uri])
    assert answer.status_code == 201, answer.text
    assert answer.json()["redirect_uris"] == [uri]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://example.com"}, "invalid_client_metadata"),
        ({"redirect_uris": [1]}, "invalid_client_metadata"),
        ({"application_type": "web"}, "invalid_redirect_uri"),
        ({"application_type": "other"}, "invalid_client_metadata"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "invalid_client_metadata"),
        ({"jwks": {"keys": [1]}}, "invalid_client_metadata"),
        ({"client_name": "x" * 201}, "invalid_client_metadata"),
        ({"client_name": 5}, "invalid_client_metadata"),
        ({"client_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
    ],
)
async def test_what_is_wrong_with_a_registration_is_said(
    user: OAuthUser, wrong: dict[str, Any], code: str
) -> None:
    assert error(await user.register(**wrong)) == code


async def test_registering_can_be_switched_off_or_need_a_token(registry: str) -> None:
    async with open_plane(registry, oauth_registration="off") as plane, browser(plane) as http:
        user = OAuthUser(http, ADMIN, PASSWORD)
        assert error(await user.register(), 403) == "access_denied"
        metadata = (await http.get("/.well-known/oauth-authorization-server")).json()
        assert "registration_endpoint" not in metadata
    token: dict[str, Any] = {
        "oauth_registration": "token",
        "oauth_registration_token": "what-some-know",
    }
    async with open_plane(registry, **token) as plane, browser(plane) as http:
        user = OAuthUser(http, ADMIN, PASSWORD)
        assert error(await user.register(), 401) == "invalid_token"
        http.headers["authorization"] = "Bearer what-some-know"
        assert (await user.register()).status_code == 201


async def test_registrations_from_one_address_are_paced(plane: Plane, user: OAuthUser) -> None:
    for _ in range(100):
        assert (await user.register()).status_code == 201
    assert (await user.register()).status_code == 429
    plane.clock.move(3600)
    assert (await user.register()).status_code == 201


async def test_a_client_that_nobody_let_in_is_forgotten_after_a_day(
    plane: Plane, user: OAuthUser
) -> None:
    await user.register()
    await user.code()
    used = user.client_id
    await user.register()
    unused = user.client_id
    plane.clock.move(25 * 3600)
    await user.register()
    assert (await user.authorize(client_id=unused)).status_code == 400
    assert (await user.authorize(client_id=used)).status_code == 200


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_client_with_a_secret_has_to_show_it(user: OAuthUser, method: str) -> None:
    await user.register(token_endpoint_auth_method=method)
    secret = user.registered["client_secret"]
    code = await user.code()
    assert error(await user.redeem(code), 401) == "invalid_client"
    assert error(await user.redeem(code, client_secret="wrong"), 401) == "invalid_client"
    if method == "client_secret_post":
        assert (await user.redeem(code, client_secret=secret)).status_code == 200
        return
    pair = base64.b64encode(f"{user.client_id}:{secret}".encode()).decode()
    user.http.headers["authorization"] = f"Basic {pair}"
    assert error(await user.redeem(code, client_secret=secret)) == "invalid_request"
    assert error(await user.redeem(code, client_id="0" * 32)) == "invalid_request"
    assert (await user.redeem(code, client_id=None)).status_code == 200


async def test_a_secret_is_kept_as_a_hash_only(plane: Plane, user: OAuthUser) -> None:
    await user.register(token_endpoint_auth_method="client_secret_post")
    code = await user.code()
    issued = (await user.redeem(code, client_secret=user.registered["client_secret"])).json()
    secrets = (code, issued["refresh_token"], user.registered["client_secret"])
    async with plane.pool.acquire() as connection:
        for table in ("oauth_clients", "oauth_handles", "oauth_grants"):
            kept = str(await connection.fetch(f"SELECT row_to_json(t)::text FROM {table} t"))
            assert not any(secret in kept for secret in secrets), table


def assertion(user: OAuthUser, plane: Plane, key: ECKey | OctKey, **changes: Any) -> str:
    now = int(plane.clock.now.timestamp())
    claims = {
        "iss": user.client_id,
        "sub": user.client_id,
        "aud": BASE,
        "exp": now + 60,
        "jti": "one",
    }
    algorithm = "ES256" if isinstance(key, ECKey) else "HS256"
    return jwt.encode({"alg": algorithm}, claims | changes, key, algorithms=[algorithm])


async def test_a_client_with_a_key_signs_each_request_once(plane: Plane, user: OAuthUser) -> None:
    key, other = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    public = key.as_dict(private=False)
    await user.register(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [dict(public)]})
    code = await user.code()
    shared = OctKey.import_key(json.dumps(public))
    wrong = [
        assertion(user, plane, other),
        assertion(user, plane, shared),
        assertion(user, plane, key, aud="https://other.example"),
        assertion(user, plane, key, iss="another"),
        assertion(user, plane, key, exp=1),
        assertion(user, plane, key, exp=int(plane.clock.now.timestamp()) + 90_000),
        assertion(user, plane, key, jti=""),
        "e30.e30.",
    ]
    kind = {"client_assertion_type": ASSERTION}
    for each in wrong:
        answer = await user.redeem(code, client_assertion=each, **kind)
        assert error(answer, 401) == "invalid_client", each
    right = assertion(user, plane, key)
    issued = (await user.redeem(code, client_assertion=right, **kind)).json()
    again = await user.refresh(issued["refresh_token"], client_assertion=right, **kind)
    assert error(again, 401) == "invalid_client"
    fresh = assertion(user, plane, key, jti="two")
    assert (
        await user.refresh(issued["refresh_token"], client_assertion=fresh, **kind)
    ).status_code == 200


def publish(plane: Plane, url: str = DOCUMENT, **changes: Any) -> None:
    body = {"client_id": url, "client_name": "Published", "redirect_uris": [REDIRECT, SITE]}
    text = json.dumps(body | changes).encode()
    plane.reacher.at[url] = Reached(200, "application/json", text)


async def test_the_url_of_a_document_is_a_client(plane: Plane, user: OAuthUser) -> None:
    publish(plane, grant_types=["authorization_code", "refresh_token"])
    user.client_id = DOCUMENT
    page = await user.consent_page()
    assert "client.example.com" in page.text
    issued = await user.tokens()
    assert issued["refresh_token"]
    fetched = [each for each in plane.reacher.seen if each.url == DOCUMENT]
    assert len(fetched) == 1, "it is kept for a while"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "https://client.example.com/other.json"},
        {"client_id": DOCUMENT.upper()},
        {"client_secret": "not a secret any more"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"redirect_uris": ["https://*.example.com/"]},
        {"redirect_uris": []},
    ],
)
async def test_a_document_that_can_not_be_believed_is_no_client(
    plane: Plane, user: OAuthUser, changes: dict[str, Any]
) -> None:
    publish(plane, **changes)
    user.client_id = DOCUMENT
    answer = await user.authorize()
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "url",
    [
        "https://client.example.com",
        "https://client.example.com/",
        "https://client.example.com/a/../client.json",
        "https://client.example.com/client.json?x=1",
        "https://client.example.com/client.json#x",
        "https://user@client.example.com/client.json",
        "http://client.example.com/client.json",
    ],
)
async def test_a_url_that_is_no_plain_https_url_with_a_path_is_not_fetched(
    plane: Plane, user: OAuthUser, url: str
) -> None:
    publish(plane, url)
    user.client_id = url
    assert (await user.authorize()).status_code == 400
    assert url not in [each.url for each in plane.reacher.seen]


async def test_a_document_that_is_too_long_moved_or_no_json_is_no_client(
    plane: Plane, user: OAuthUser
) -> None:
    user.client_id = DOCUMENT
    bad = [
        Reached(302, "application/json", b"{}"),
        Reached(200, "text/html", b"{}"),
        Reached(200, "application/json", b"[]"),
        Reached(200, "application/json", b" " * 40_000),
    ]
    for answer in bad:
        plane.reacher.at[DOCUMENT] = answer
        assert (await user.authorize()).status_code == 400
        plane.clock.move(31)
    publish(plane)
    assert (await user.authorize()).status_code == 200


async def start(user: OAuthUser) -> dict[str, Any]:
    body = {"client_id": "mcpgateway-cli", "scope": "mcp offline_access"}
    answer = await user.http.post("/device_authorization", data=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def poll(user: OAuthUser, started: dict[str, Any], **said: str) -> httpx2.Response:
    code = started["device_code"]
    return await user.token(
        **{"grant_type": DEVICE, "device_code": code, "client_id": "mcpgateway-cli"} | said
    )


async def device_page(user: OAuthUser, code: str) -> httpx2.Response:
    page = await user.http.get("/device", params={"user_code": code})
    if 'name="password"' in page.text:
        entered = await user.log_in(page)
        page = await user.http.get(entered.headers["location"])
    return page


async def test_a_device_is_let_in_by_the_code_that_it_shows(plane: Plane, user: OAuthUser) -> None:
    started = await start(user)
    assert error(await poll(user, started)) == "authorization_pending"
    assert error(await poll(user, started)) == "slow_down"
    page = await device_page(user, started["user_code"].lower().replace("-", " "))
    form = {"ticket": hidden(page.text), "decision": "allow"}
    assert (await user.http.post("/device", data=form)).status_code == 200
    plane.clock.move(10)
    stranger = await user.register(grant_types=["authorization_code", DEVICE])
    assert error(await poll(user, started, client_id=stranger.json()["client_id"])) == (
        "invalid_grant"
    )
    issued = (await poll(user, started)).json()
    assert issued["refresh_token"]
    assert error(await poll(user, started)) == "invalid_grant"


async def test_a_device_that_is_refused_or_late_is_told_so(plane: Plane, user: OAuthUser) -> None:
    started = await start(user)
    page = await device_page(user, started["user_code"])
    form = {"ticket": hidden(page.text), "decision": "deny"}
    await user.http.post("/device", data=form)
    assert error(await poll(user, started)) == "access_denied"
    late = await start(user)
    plane.clock.move(601)
    assert error(await poll(user, late)) == "expired_token"


async def test_codes_of_devices_can_not_be_guessed_at_will(user: OAuthUser) -> None:
    await device_page(user, "BBBB-BBBB")
    seen = [(await device_page(user, f"BBBB-BBB{letter}")).status_code for letter in "CDFGHJKLMN"]
    assert seen[-1] == 429
    assert set(seen[:-1]) == {400}


async def service_token(plane: Plane, **changes: Any) -> tuple[str, str]:
    """The id and the text of an API token of a service account."""
    made = api_tokens.make(bytes(range(48)))
    values: dict[str, Any] = {
        "id": made.id,
        "revision": 1,
        "version": 1,
        "email": "robot@example.com",
        "name": "robot",
        "sha256": made.sha256,
        "permissions": [],
        "ip_restrictions": [],
        "time_restrictions": "{}",
        "usage_limits": "{}",
        "tags": [],
        "active": True,
        "created_at": plane.clock.now,
        "updated_at": plane.clock.now,
    } | changes
    people = "INSERT INTO users (email, revision, admin, active, not_before, created_at, updated_at"
    async with plane.pool.acquire() as connection:
        await connection.execute(
            f"{people}, service) VALUES ($1, 1, false, true, 0, $2, $2, $3)",
            values["email"],
            plane.clock.now,
            values["email"].startswith("robot"),
        )
        names = ", ".join(values)
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await connection.execute(
            f"INSERT INTO api_tokens ({names}) VALUES ({places})", *values.values()
        )
    return made.id, made.text


async def test_a_service_account_gets_a_short_token_for_its_api_token(
    plane: Plane, user: OAuthUser
) -> None:
    id, text = await service_token(plane, permissions=["tools.read"])
    asked = {"grant_type": "client_credentials", "client_id": id}
    whole = await user.token(**asked, client_secret=text)
    assert whole.status_code == 200, whole.text
    answer = await user.token(**asked, client_secret=text[len(f"mcpgw_{id}_") :])
    assert answer.status_code == 200, answer.text
    issued = answer.json()
    assert issued["expires_in"] == 300
    assert "refresh_token" not in issued
    payload = issued["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims["sub"] == "robot@example.com"
    assert scope_of(claims).permissions == ("tools.read",)
    wrong = await user.token(**asked, client_secret="wrong")
    assert error(wrong, 401) == "invalid_client"
    wide = await user.token(**asked, client_secret=text, scope="mcp offline_access")
    assert error(wide) == "invalid_scope"


async def test_what_was_made_from_an_api_token_ends_with_it(plane: Plane, user: OAuthUser) -> None:
    id, text = await service_token(plane)
    asked = {"grant_type": "client_credentials", "client_id": id, "client_secret": text}
    made = (await user.token(**asked)).json()["access_token"]
    header = {"authorization": f"Bearer {made}"}
    async with browser(plane) as http:
        assert (await http.get("/rbac/my/permissions", headers=header)).status_code == 200
        word = {"email": ADMIN, "password": PASSWORD}
        admin = (await http.post("/auth/login", json=word)).json()["access_token"]
        path, own = f"/tokens/admin/{id}", {"authorization": f"Bearer {admin}"}
        assert (await http.delete(path, headers=own)).status_code < 300
        refused = await http.get("/rbac/my/permissions", headers=header)
    assert refused.status_code == 401
    assert "the API token that it was made from ended" in refused.text


async def test_an_api_token_of_a_person_is_no_client(plane: Plane, user: OAuthUser) -> None:
    id, text = await service_token(plane, email="ann@example.com")
    asked = {"grant_type": "client_credentials", "client_id": id, "client_secret": text}
    assert error(await user.token(**asked)) == "unauthorized_client"


async def test_the_command_line_may_be_any_port_of_this_machine_and_nothing_else(
    user: OAuthUser,
) -> None:
    user.client_id = "mcpgateway-cli"
    asked = "http://127.0.0.1:5555/callback"
    assert (await user.authorize(redirect_uri=asked)).status_code == 200
    for other in (SITE, "http://127.0.0.1:5555/", "http://localhost:5555/callback"):
        assert (await user.authorize(redirect_uri=other)).status_code == 400
    code = said(
        (await user.decide(await user.consent_page(redirect_uri=asked))).headers["location"]
    )
    answer = await user.redeem(code["code"], redirect_uri=asked)
    assert answer.status_code == 200
