"""What clients may do in a user's name is seen and withdrawn by him, and by who manages users."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from support.control_plane import ADMIN, PASSWORD, Plane
from support.oauth import SITE, OAuthUser

BASE = "http://control-plane"
OTHER = "other@example.com"
WORD = "a Correct-horse battery 9 staple"


def browser(plane: Plane) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(plane.app), base_url=BASE)


async def login(http: httpx2.AsyncClient, email: str, word: str) -> dict[str, str]:
    answer = await http.post("/auth/login", json={"email": email, "password": word})
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
async def user(plane: Plane) -> AsyncIterator[OAuthUser]:
    """An ordinary user, whose browser has a client registered."""
    async with browser(plane) as http:
        body = {"email": OTHER, "password": WORD, "full_name": "Other"}
        admin = await login(http, ADMIN, PASSWORD)
        made = await http.post("/auth/email/admin/users", json=body, headers=admin)
        assert made.status_code in (200, 201), made.text
    async with browser(plane) as http:
        found = OAuthUser(http, OTHER, WORD)
        await found.register(client_name="An editor")
        yield found


async def test_a_user_sees_one_entry_for_each_client(plane: Plane, user: OAuthUser) -> None:
    await user.tokens(scope="mcp", resource=f"{BASE}/mcp")
    await user.tokens(scope="a2a offline_access")
    async with browser(plane) as http:
        mine = await login(http, OTHER, WORD)
        told = (await http.get("/oauth/consents", headers=mine)).json()
    assert told["total"] == 1
    (one,) = told["consents"]
    assert (one["client_id"], one["client_name"]) == (user.client_id, "An editor")
    assert one["scopes"] == ["a2a", "mcp", "offline_access"]
    assert one["resources"] == [f"{BASE}/mcp"]
    assert one["user_email"] == OTHER
    assert one["remembered"] is False


async def test_a_withdrawn_consent_ends_every_token_and_the_client_has_to_ask_again(
    plane: Plane, user: OAuthUser
) -> None:
    families = [await user.tokens(), await user.tokens()]
    await user.code(redirect_uri=SITE)
    assert (await user.authorize(redirect_uri=SITE)).status_code == 302, "it is remembered"
    async with browser(plane) as http:
        mine = await login(http, OTHER, WORD)
        (one,) = (await http.get("/oauth/consents", headers=mine)).json()["consents"]
        assert one["remembered"] is True
        path = f"/oauth/consents/{one['id']}"
        assert (await http.delete(path, headers=mine)).status_code == 204
        for each in families:
            refused = await user.refresh(each["refresh_token"])
            assert refused.json()["error"] == "invalid_grant"
            header = {"authorization": f"Bearer {each['access_token']}"}
            assert (await http.get("/tags", headers=header)).status_code == 401
        assert (await http.get("/oauth/consents", headers=mine)).json()["total"] == 0
        assert (await http.delete(path, headers=mine)).status_code == 404
    assert (await user.authorize(redirect_uri=SITE)).status_code == 200, "he is asked again"


async def test_consents_of_others_are_for_who_manages_users(plane: Plane, user: OAuthUser) -> None:
    issued = await user.tokens()
    async with browser(plane) as http:
        mine = await login(http, OTHER, WORD)
        admin = await login(http, ADMIN, PASSWORD)
        assert (await http.get("/oauth/consents", headers=admin)).json()["total"] == 0
        asked = {"user": OTHER.upper()}
        told = (await http.get("/oauth/consents", params=asked, headers=admin)).json()
        path = f"/oauth/consents/{told['consents'][0]['id']}"
        others = {"user": ADMIN}
        for refused in (
            await http.get("/oauth/consents", params=others, headers=mine),
            await http.delete(path, params=others, headers=mine),
        ):
            assert refused.status_code == 403
        assert (await http.delete(path, headers=admin)).status_code == 404, "it is not his own"
        assert (await http.delete(path, params=asked, headers=admin)).status_code == 204
        header = {"authorization": f"Bearer {issued['access_token']}"}
        assert (await http.get("/tags", headers=header)).status_code == 401


async def test_a_token_that_is_for_calls_withdraws_nothing(plane: Plane, user: OAuthUser) -> None:
    token = (await user.tokens(scope="mcp"))["access_token"]
    header = {"authorization": f"Bearer {token}"}
    async with browser(plane) as http:
        assert (await http.get("/oauth/consents", headers=header)).status_code == 403
        path = f"/oauth/consents/{'0' * 32}"
        assert (await http.delete(path, headers=header)).status_code == 403


async def test_the_description_of_the_api_knows_consents(plane: Plane, user: OAuthUser) -> None:
    async with browser(plane) as http:
        mine = await login(http, OTHER, WORD)
        described = (await http.get("/openapi.json", headers=mine)).json()["paths"]
    asked = described["/oauth/consents"]["get"]
    assert {"user", "limit", "offset"} <= {each["name"] for each in asked["parameters"]}
    assert {"204", "403", "404"} <= described["/oauth/consents/{id}"]["delete"]["responses"].keys()
