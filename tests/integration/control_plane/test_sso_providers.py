"""Identity providers that administrators add, and what is shown of them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.control_plane import Plane, bearer, client, open_plane
from support.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider
from support.sso import ISSUER, browser, sso_plane

PATH = "/auth/sso/admin/providers"
MADE = {
    "id": "mine",
    "display_name": "Mine",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "issuer": ISSUER,
    "role_mappings": {"devs": "platform_viewer"},
    "team_mapping": {"devs": "tools:owner"},
}


@pytest.fixture
async def scene(registry: str) -> AsyncIterator[tuple[Plane, IdentityProvider]]:
    async with sso_plane(registry) as opened:
        yield opened


Scene = tuple[Plane, IdentityProvider]


async def test_one_is_added_shown_changed_and_removed_without_its_secret(scene: Scene) -> None:
    plane, _ = scene
    made = await plane.http.post(PATH, json=MADE)
    assert made.status_code == 201, made.text
    assert made.json()["client_secret"] == "*****"
    for path in (PATH, f"{PATH}/mine"):
        assert CLIENT_SECRET not in (await plane.http.get(path)).text
    stored = await plane.pool.fetchval("SELECT secret FROM sso_providers")
    assert CLIENT_SECRET.encode() not in stored
    changes = {"display_name": "Ours", "client_secret": "*****"}
    assert (await plane.http.put(f"{PATH}/mine", json=changes)).json()["display_name"] == "Ours"
    assert (await plane.http.delete(f"{PATH}/mine")).status_code == 204
    assert (await plane.http.get(f"{PATH}/mine")).status_code == 404


async def test_people_log_in_by_it_and_stay_what_they_are_after_a_change(scene: Scene) -> None:
    plane, idp = scene
    await plane.http.post(PATH, json=MADE)
    await plane.http.post("/teams", json={"name": "tools"})
    idp.person("42", "anna@example.com", groups=["devs"])
    async with browser(plane) as page:
        assert (await page.login(idp, "mine")).status_code == 200
        sql = "SELECT role, source FROM team_members WHERE email = $1 AND source = 'mine'"
        assert [tuple(row) for row in await plane.pool.fetch(sql, "anna@example.com")] == [
            ("owner", "mine")
        ]
        changes = {"display_name": "Ours", "client_secret": "*****"}
        await plane.http.put(f"{PATH}/mine", json=changes)
        assert (await page.login(idp, "mine")).status_code == 200
        await plane.http.put(f"{PATH}/mine", json={"client_secret": "another"})
        assert (await page.login(idp, "mine")).status_code == 401
        await plane.http.put(f"{PATH}/mine", json={"is_enabled": False})
        assert (await page.http.get("/auth/sso/login/mine")).status_code == 404


async def test_of_a_provider_made_anew_for_another_issuer_no_old_account_is_known(
    scene: Scene,
) -> None:
    plane, idp = scene
    await plane.http.post(PATH, json=MADE)
    idp.person("42", "anna@example.com")
    async with browser(plane) as page:
        assert (await page.login(idp, "mine")).status_code == 200
        idp.issuer = "https://elsewhere.example"
        await plane.http.put(f"{PATH}/mine", json={"issuer": idp.issuer})
        idp.person("42", "mallory@elsewhere.example")
        entered = await page.login(idp, "mine")
        assert entered.json()["user"]["email"] == "mallory@elsewhere.example"


async def test_a_provider_of_the_settings_is_changed_there_only(scene: Scene) -> None:
    plane, _ = scene
    shown = (await plane.http.get(f"{PATH}/corp")).json()
    assert shown["source"] == "settings"
    assert (await plane.http.put(f"{PATH}/corp", json={"name": "x"})).status_code == 409
    assert (await plane.http.delete(f"{PATH}/corp")).status_code == 409
    assert (await plane.http.post(PATH, json={**MADE, "id": "corp"})).status_code == 409


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "manual"}, "id"),
        ({"id": "Not an id"}, "id"),
        ({"id": None}, "id"),
        ({"issuer": "javascript:alert(1)"}, "issuer"),
        ({"issuer": None}, "issuer"),
        ({"client_id": ""}, "client_id"),
        ({"scope": "profile"}, "scope"),
        ({"preset": "myspace"}, "preset"),
        ({"role_mappings": {"a": 1}}, "role_mappings"),
    ],
)
async def test_each_wrong_field_is_named(scene: Scene, changes: dict[str, Any], field: str) -> None:
    plane, _ = scene
    body = {name: value for name, value in (MADE | changes).items() if value is not None}
    answer = await plane.http.post(PATH, json=body)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_only_who_has_the_permission_sees_and_changes_providers(scene: Scene) -> None:
    plane, idp = scene
    idp.person("42", "anna@example.com")
    async with browser(plane) as page:
        await page.login(idp)
    async with client(plane.app, bearer(plane.clock, "anna@example.com")) as http:
        asked = [
            await http.get(PATH),
            await http.get(f"{PATH}/corp"),
            await http.post(PATH, json=MADE),
            await http.put(f"{PATH}/corp", json={}),
            await http.delete(f"{PATH}/corp"),
            await http.get("/auth/sso/pending-approvals"),
        ]
    assert [each.status_code for each in asked] == [403] * len(asked)


async def test_everybody_sees_what_he_may_log_in_by_and_nothing_more(scene: Scene) -> None:
    plane, _ = scene
    await plane.http.post(PATH, json={**MADE, "is_enabled": False})
    async with client(plane.app, {}) as http:
        [offered] = (await http.get("/auth/sso/providers")).json()
    assert offered == {
        "id": "corp",
        "name": "corp",
        "display_name": "Corporate login",
        "provider_type": "oidc",
        "is_enabled": True,
    }


async def test_nothing_of_it_is_there_when_it_is_switched_off(registry: str) -> None:
    async with open_plane(registry) as plane:
        for path in ("/auth/sso/providers", "/auth/sso/login/corp", PATH):
            assert (await plane.http.get(path)).status_code == 404
