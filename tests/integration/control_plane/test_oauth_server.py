"""The authorization server by HTTP, as clients and browsers meet it, on a real database."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

from support.control_plane import ADMIN, PASSWORD, Plane
from support.oauth import REDIRECT, SITE, OAuthUser, challenge, hidden, said

BASE = "http://control-plane"
RESOURCE = f"{BASE}/mcp"


def browser(plane: Plane) -> httpx2.AsyncClient:
    """Nobody has logged in there."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(plane.app), base_url=BASE)


@pytest.fixture
async def user(plane: Plane) -> AsyncIterator[OAuthUser]:
    async with browser(plane) as http:
        found = OAuthUser(http, ADMIN, PASSWORD)
        await found.register()
        yield found


async def claims(user: OAuthUser, token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set((await user.http.get("/oauth/jwks")).json())
    return dict(jwt.decode(token, keys, algorithms=["Ed25519"]).claims)


def error(answer: httpx2.Response, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: str = answer.json()["error"]
    return found


async def test_the_metadata_names_what_is_served_and_is_found_below_any_path(
    user: OAuthUser,
) -> None:
    answer = await user.http.get("/.well-known/oauth-authorization-server")
    metadata = answer.json()
    found = AuthorizationServerMetadata(metadata | {"issuer": "https://example.com"})
    found.validate_response_types_supported()
    found.validate_grant_types_supported()
    assert metadata["issuer"] == BASE
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert "admin" not in metadata["scopes_supported"]
    below = await user.http.get("/.well-known/oauth-authorization-server/servers/1/mcp")
    assert below.json() == metadata
    for name in ("token", "registration", "revocation", "device_authorization"):
        endpoint = metadata[f"{name}_endpoint"].removeprefix(BASE)
        assert (await user.http.post(endpoint)).status_code in (400, 401, 422), name


async def test_it_does_not_pretend_to_be_an_openid_provider(user: OAuthUser) -> None:
    answer = await user.http.get("/.well-known/openid-configuration")
    assert answer.status_code == 404


async def test_pages_of_any_site_may_ask_what_clients_ask(user: OAuthUser) -> None:
    headers = {"origin": "https://inspector.example", "access-control-request-method": "POST"}
    for path in ("/token", "/register", "/.well-known/oauth-authorization-server"):
        answer = await user.http.options(path, headers=headers)
        assert answer.headers["access-control-allow-origin"] == "*", path
        assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in (await user.authorize()).headers


async def test_a_client_gets_tokens_for_a_login_and_a_consent(user: OAuthUser) -> None:
    issued = await user.tokens(resource=RESOURCE)
    assert issued["token_type"] == "Bearer"
    assert issued["scope"] == "mcp offline_access"
    found = await claims(user, issued["access_token"])
    assert found["sub"] == ADMIN
    assert found["aud"] == RESOURCE
    assert found["client_id"] == user.client_id
    assert found["scope"] == "mcp offline_access"
    assert found["exp"] - found["iat"] == pytest.approx(issued["expires_in"], abs=2)


async def test_the_answer_says_who_answers(user: OAuthUser) -> None:
    answer = await user.decide(await user.consent_page())
    assert said(answer.headers["location"]).keys() == {"code", "state", "iss"}
    assert said(answer.headers["location"])["iss"] == BASE
    assert answer.headers["location"].startswith(f"{REDIRECT}?")


async def test_without_a_resource_a_token_is_for_the_gateway_as_a_whole(user: OAuthUser) -> None:
    for resource in (None, BASE, f"{BASE}/"):
        issued = await user.tokens(resource=resource)
        assert (await claims(user, issued["access_token"]))["aud"] == "mcpgateway-api"


async def test_a_token_is_taken_by_the_api_as_far_as_its_scope_goes(
    plane: Plane, user: OAuthUser
) -> None:
    async with browser(plane) as http:
        narrow = (await user.tokens(scope="mcp"))["access_token"]
        wide = (await user.tokens(scope="admin"))["access_token"]
        body = {"name": "a-team", "description": "made by a token"}
        seen = [
            (await http.post("/teams", json=body, headers={"authorization": f"Bearer {token}"}))
            for token in (narrow, wide)
        ]
    assert [answer.status_code for answer in seen] == [403, 201], [each.text for each in seen]


async def test_a_refresh_token_is_changed_at_each_use(user: OAuthUser) -> None:
    first = await user.tokens()
    second = (await user.refresh(first["refresh_token"])).json()
    third = (await user.refresh(second["refresh_token"])).json()
    assert len({each["refresh_token"] for each in (first, second, third)}) == 3
    assert len({each["access_token"] for each in (first, second, third)}) == 3


async def test_a_refresh_token_that_comes_twice_ends_all_that_came_of_it(
    plane: Plane, user: OAuthUser
) -> None:
    first = await user.tokens()
    second = (await user.refresh(first["refresh_token"])).json()
    assert error(await user.refresh(first["refresh_token"])) == "invalid_grant"
    assert error(await user.refresh(second["refresh_token"])) == "invalid_grant"
    for each in (first, second):
        header = {"authorization": f"Bearer {each['access_token']}"}
        async with browser(plane) as http:
            assert (await http.get("/tags", headers=header)).status_code == 401


async def test_a_code_that_comes_twice_ends_the_tokens_of_the_first_time(
    plane: Plane, user: OAuthUser
) -> None:
    code = await user.code()
    issued = (await user.redeem(code)).json()
    assert error(await user.redeem(code)) == "invalid_grant"
    assert error(await user.refresh(issued["refresh_token"])) == "invalid_grant"
    async with browser(plane) as http:
        header = {"authorization": f"Bearer {issued['access_token']}"}
        assert (await http.get("/tags", headers=header)).status_code == 401


async def test_a_code_counts_for_a_minute(plane: Plane, user: OAuthUser) -> None:
    code = await user.code()
    plane.clock.move(61)
    assert error(await user.redeem(code)) == "invalid_grant"


async def test_a_code_is_of_no_use_to_another_client(user: OAuthUser) -> None:
    code = await user.code()
    mine = user.client_id
    await user.register()
    assert error(await user.redeem(code)) == "invalid_grant"
    assert (await user.redeem(code, client_id=mine)).status_code == 200, "and it was not used up"


async def test_a_refresh_token_is_of_no_use_to_another_client(user: OAuthUser) -> None:
    token = (await user.tokens())["refresh_token"]
    await user.register()
    assert error(await user.refresh(token)) == "invalid_grant"


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": "another-verifier-of-more-than-forty-three-characters"},
        {"code_verifier": challenge()},
        {"code_verifier": "short"},
        {"code_verifier": None},
        {"redirect_uri": "http://127.0.0.1:41235/callback"},
        {"redirect_uri": SITE},
    ],
)
async def test_a_code_needs_the_verifier_and_the_address_that_it_was_asked_for_with(
    user: OAuthUser, wrong: dict[str, str | None]
) -> None:
    code = await user.code()
    assert error(await user.redeem(code, **wrong)) in ("invalid_grant", "invalid_request")
    assert (await user.redeem(code)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "mcp everything"}, "invalid_scope"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://example.com/r"}, "request_uri_not_supported"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"resource": "http://control-plane.evil.example/mcp"}, "invalid_target"),
        ({"resource": "http://control-plane@evil.example/mcp"}, "invalid_target"),
        ({"resource": "http://control-plane:81/mcp"}, "invalid_target"),
        ({"resource": "https://control-plane/mcp"}, "invalid_target"),
        ({"resource": f"{RESOURCE}#part"}, "invalid_target"),
        ({"resource": f"{BASE}/tools"}, "invalid_target"),
        ({"resource": "/mcp"}, "invalid_target"),
    ],
)
async def test_what_is_wrong_is_told_to_the_client_with_state_and_issuer(
    user: OAuthUser, asked: dict[str, str | None], wrong: str
) -> None:
    answer = await user.authorize(**asked)
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(f"{REDIRECT}?error=")
    told = said(answer.headers["location"])
    assert told["error"] == wrong
    assert (told["state"], told["iss"]) == ("a state", BASE)


@pytest.mark.parametrize(
    "asked",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1:41234/callback/more"},
        {"redirect_uri": "http://127.0.0.1:41234/callback?more"},
        {"redirect_uri": "http://127.0.0.1.evil.example:41234/callback"},
        {"redirect_uri": "http://127.0.0.1:41234@evil.example/callback"},
        {"redirect_uri": "http://localhost:41234/callback"},
        {"redirect_uri": "https://app.example.com.evil.example/callback"},
        {"redirect_uri": "https://app.example.com:8443/callback"},
        {"redirect_uri": "https://APP.example.com/callback"},
        {"redirect_uri": "https://app.example.com/callback/../evil"},
        {"redirect_uri": "https://app.example.com/callback#x"},
        {"redirect_uri": "https://app.example.com\\@evil.example/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": None},
        {"client_id": "0" * 32},
        {"client_id": "<script>alert(1)</script>"},
        {"client_id": None},
    ],
)
async def test_nobody_is_sent_to_an_address_that_the_client_did_not_register(
    user: OAuthUser, asked: dict[str, str | None]
) -> None:
    answer = await user.authorize(**asked, response_type="token")
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "<script>" not in answer.text


async def test_the_port_of_the_machine_is_free(user: OAuthUser) -> None:
    asked = "http://127.0.0.1:52345/callback"
    code = await user.code(redirect_uri=asked)
    assert (await user.redeem(code, redirect_uri=asked)).status_code == 200


async def test_a_parameter_that_comes_twice_is_refused(user: OAuthUser) -> None:
    asked = urlencode([*user.request().items(), ("scope", "admin")])
    told = said((await user.http.get(f"/authorize?{asked}")).headers["location"])
    assert told["error"] == "invalid_request"
    for name in ("client_id", "redirect_uri"):
        twice = urlencode([*user.request().items(), (name, user.request()[name])])
        assert (await user.http.get(f"/authorize?{twice}")).status_code == 400, name
    code = await user.code()
    body = f"grant_type=authorization_code&code={code}&code={code}&client_id={user.client_id}"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await user.http.post("/token", content=body, headers=headers)
    assert error(answer) == "invalid_request"


async def test_parameters_without_end_are_refused(user: OAuthUser) -> None:
    assert (await user.authorize(state="x" * 9000)).status_code == 400
    assert (await user.token(grant_type="x" * 5000)).status_code == 400
    assert (await user.token(grant_type="x" * 20_000)).status_code == 413
    many = {f"p{number}": "1" for number in range(100)}
    assert (await user.token(**many)).status_code == 400
    assert (await user.register(client_name="x" * 40_000)).status_code == 413


async def test_a_refresh_may_narrow_and_never_widen(user: OAuthUser) -> None:
    issued = await user.tokens(scope="mcp offline_access", resource=RESOURCE)
    token = issued["refresh_token"]
    for wide in ("admin", "mcp admin", "a2a"):
        assert error(await user.refresh(token, scope=wide)) == "invalid_scope"
    assert error(await user.refresh(token, resource=f"{BASE}/servers/1/mcp")) == "invalid_target"
    narrow = (await user.refresh(token, scope="mcp:tools")).json()
    assert (await claims(user, narrow["access_token"]))["scope"] == "mcp:tools"
    again = (await user.refresh(narrow["refresh_token"])).json()
    found = await claims(user, again["access_token"])
    assert (found["scope"], found["aud"]) == ("mcp offline_access", RESOURCE)


async def test_without_offline_access_a_family_ends_with_the_day(
    plane: Plane, user: OAuthUser
) -> None:
    token = (await user.tokens(scope="mcp"))["refresh_token"]
    plane.clock.move(7 * 3600)
    token = (await user.refresh(token)).json()["refresh_token"]
    plane.clock.move(2 * 3600)
    assert error(await user.refresh(token)) == "invalid_grant"


async def test_whoever_may_not_log_in_any_more_refreshes_nothing(
    plane: Plane, user: OAuthUser
) -> None:
    token = (await user.tokens())["refresh_token"]
    async with plane.pool.acquire() as connection:
        await connection.execute("UPDATE users SET active = false WHERE email = $1", ADMIN)
    assert error(await user.refresh(token)) == "invalid_grant"


async def test_a_client_gives_its_tokens_back(plane: Plane, user: OAuthUser) -> None:
    for which in ("access_token", "refresh_token"):
        issued = await user.tokens()
        body = {"token": issued[which], "client_id": user.client_id}
        assert (await user.http.post("/revoke", data=body)).status_code == 200
        assert error(await user.refresh(issued["refresh_token"])) == "invalid_grant"
        async with browser(plane) as http:
            header = {"authorization": f"Bearer {issued['access_token']}"}
            assert (await http.get("/tags", headers=header)).status_code == 401


async def test_nobody_gives_back_the_tokens_of_another_client(user: OAuthUser) -> None:
    issued, mine = await user.tokens(), user.client_id
    await user.register()
    body = {"token": issued["refresh_token"], "client_id": user.client_id}
    assert (await user.http.post("/revoke", data=body)).status_code == 200
    assert (await user.refresh(issued["refresh_token"], client_id=mine)).status_code == 200


async def test_a_form_of_another_browser_does_nothing(plane: Plane, user: OAuthUser) -> None:
    page = await user.consent_page()
    async with browser(plane) as other:
        form = {"ticket": hidden(page.text), "decision": "allow"}
        answer = await other.post("/authorize/consent", data=form)
        assert answer.status_code == 400
        mallory = OAuthUser(other, ADMIN, PASSWORD, user.client_id)
        await mallory.consent_page()
        assert (await other.post("/authorize/consent", data=form)).status_code == 400
    assert (await user.decide(page)).status_code == 303


async def test_a_form_of_another_site_does_nothing(user: OAuthUser) -> None:
    page = await user.consent_page()
    form = {"ticket": hidden(page.text), "decision": "allow"}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        answer = await user.http.post("/authorize/consent", data=form, headers=headers)
        assert answer.status_code == 403


async def test_a_login_form_of_another_browser_logs_nobody_in(
    plane: Plane, user: OAuthUser
) -> None:
    page = await user.authorize()
    async with browser(plane) as victim:
        mallory = OAuthUser(victim, ADMIN, PASSWORD, user.client_id)
        answer = await mallory.log_in(page)
        assert answer.status_code == 400
        assert "mcpgateway_session" not in answer.headers.get("set-cookie", "")


async def test_a_wrong_password_is_told_on_the_page(user: OAuthUser) -> None:
    page = await user.authorize()
    answer = await user.log_in(page, password="wrong")
    assert answer.status_code == 401
    assert "Wrong email or password" in answer.text
    assert (await user.log_in(answer)).status_code == 303


async def test_a_refusal_is_told_to_the_client(user: OAuthUser) -> None:
    answer = await user.decide(await user.consent_page(), "deny")
    told = said(answer.headers["location"])
    assert (told["error"], told["state"], told["iss"]) == ("access_denied", "a state", BASE)


async def test_pages_are_never_shown_in_a_frame_and_run_no_script(user: OAuthUser) -> None:
    login = await user.authorize()
    consent = await user.consent_page()
    for page in (login, consent):
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "form-action 'self' http://127.0.0.1:41234;" in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text


async def test_a_name_that_is_markup_is_shown_as_text(user: OAuthUser) -> None:
    await user.register(client_name='<img src=x onerror="alert(1)">')
    page = await user.consent_page()
    assert "<img" not in page.text
    assert "&lt;img" in page.text


async def test_a_consent_is_remembered_for_a_site_and_never_for_a_machine(
    user: OAuthUser,
) -> None:
    await user.code(redirect_uri=SITE)
    assert (await user.authorize(redirect_uri=SITE)).status_code == 302
    wider = await user.authorize(redirect_uri=SITE, scope="mcp a2a offline_access")
    assert wider.status_code == 200, "more scopes are asked for"
    await user.code()
    assert (await user.authorize()).status_code == 200, "any program may listen there"


async def test_a_consent_for_one_endpoint_is_none_for_another(user: OAuthUser) -> None:
    one, other = (f"{BASE}/servers/{digit * 32}/mcp" for digit in "ab")
    await user.code(redirect_uri=SITE, resource=one)
    assert (await user.authorize(redirect_uri=SITE, resource=one)).status_code == 302
    assert (await user.authorize(redirect_uri=SITE, resource=other)).status_code == 200
    assert (await user.authorize(redirect_uri=SITE)).status_code == 200
    await user.code(redirect_uri=SITE)
    assert (await user.authorize(redirect_uri=SITE, resource=other)).status_code == 302


async def test_administration_is_asked_for_each_time(user: OAuthUser) -> None:
    await user.code(redirect_uri=SITE, scope="admin")
    assert (await user.authorize(redirect_uri=SITE, scope="admin")).status_code == 200


async def test_a_clients_token_in_the_cookie_of_a_session_is_no_login(
    plane: Plane, user: OAuthUser
) -> None:
    token = (await user.tokens(scope="admin"))["access_token"]
    async with browser(plane) as http:
        http.cookies.set("mcpgateway_session", token)
        page = await OAuthUser(http, ADMIN, PASSWORD, user.client_id).authorize(scope="admin")
    assert 'name="password"' in page.text


async def test_what_has_expired_goes_when_something_new_comes(
    plane: Plane, user: OAuthUser
) -> None:
    await user.tokens(scope="mcp")
    plane.clock.move(24 * 3600)
    await user.code()
    async with plane.pool.acquire() as connection:
        for table in ("oauth_grants", "oauth_handles"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 1, table
        assert await connection.fetchval("SELECT count(*) FROM oauth_access_tokens") == 0
