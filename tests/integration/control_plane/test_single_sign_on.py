"""Logins by an identity provider: who gets in, as whom, and what his groups give him."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcpgateway.control_plane.registry.people.model import User
from support.control_plane import ADMIN, PASSWORD, Plane
from support.identity_provider import IdentityProvider
from support.sso import Browser, browser, sso_plane

ANNA = "anna@example.com"


class Scene:
    def __init__(self, plane: Plane, idp: IdentityProvider, browser: Browser) -> None:
        self.plane, self.idp, self.browser = plane, idp, browser

    async def login(self, status: int = 200) -> dict[str, Any]:
        answer = await self.browser.login(self.idp)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def user(self, email: str = ANNA) -> User:
        user = await self.plane.ports.store.read.user(email)
        assert user is not None
        return user

    async def roles(self, email: str = ANNA) -> dict[str, str]:
        """Names of the roles that somebody has, with who gave them."""
        sql = """SELECT r.name || CASE g.scope WHEN 'team' THEN '@' || t.slug ELSE '' END AS name,
            g.source FROM role_grants g JOIN roles r ON r.id = g.role_id
            LEFT JOIN teams t ON t.id = g.scope_id WHERE g.email = $1"""
        rows = await self.plane.pool.fetch(sql, email)
        return {row["name"]: row["source"] for row in rows}

    async def places(self, email: str = ANNA) -> dict[str, tuple[str, str]]:
        sql = """SELECT t.slug, m.role, m.source FROM team_members m JOIN teams t
            ON t.id = m.team_id WHERE m.email = $1 AND NOT t.personal"""
        rows = await self.plane.pool.fetch(sql, email)
        return {row["slug"]: (row["role"], row["source"]) for row in rows}

    async def team(self, name: str) -> str:
        answer = await self.plane.http.post("/teams", json={"name": name})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@pytest.fixture
async def scene(registry: str) -> AsyncIterator[Scene]:
    async with (
        sso_plane(
            registry,
            generic_roles=(("devs", "developer@tools"), ("readers", "platform_viewer")),
            generic_admins=("ops",),
        ) as (plane, idp),
        browser(plane) as page,
    ):
        yield Scene(plane, idp, page)


async def test_a_first_login_makes_a_user_whose_token_opens_the_api(scene: Scene) -> None:
    scene.idp.person("42", "Anna@Example.com", name="Anna Example")
    session = await scene.login()
    made = await scene.user()
    assert (made.full_name, made.auth_provider, made.password_hash) == (
        "Anna Example",
        "corp",
        None,
    )
    assert not made.admin
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    assert (await scene.browser.http.get("/tools", headers=headers)).status_code == 200


async def test_a_browser_is_sent_on_to_where_it_wanted_to_with_a_session(scene: Scene) -> None:
    scene.idp.person("42", ANNA)
    query = scene.idp.authorize(await scene.browser.begin(after="/admin/ui/tools?a=1"))
    answer = await scene.browser.finish(query, page=True)
    assert answer.status_code == 200
    assert 'content="0; url=/admin/ui/tools?a=1"' in answer.text
    cookies = answer.headers.get_list("set-cookie")
    assert any(each.startswith("mcpgateway_session=ey") and "HttpOnly" in each for each in cookies)
    assert (await scene.browser.http.get("/tools")).status_code == 200


async def test_who_changed_his_address_at_the_provider_stays_who_he_was(scene: Scene) -> None:
    scene.idp.person("42", ANNA)
    await scene.login()
    scene.idp.person("42", "anna.married@example.com")
    assert (await scene.login())["user"]["email"] == ANNA


async def test_who_got_the_address_of_somebody_else_does_not_become_him(scene: Scene) -> None:
    scene.idp.person("42", ANNA)
    await scene.login()
    scene.idp.person("43", ANNA)
    assert "another account at Corporate login" in (await scene.login(403))["message"]


async def test_an_unverified_address_makes_and_takes_no_user(scene: Scene) -> None:
    scene.idp.person("42", ANNA, email_verified=False)
    assert "verified" in (await scene.login(403))["message"]
    scene.idp.person("43", ADMIN, email_verified=False)
    assert "verified" in (await scene.login(403))["message"]
    assert await scene.plane.ports.store.read.user(ANNA) is None


async def test_a_verified_address_does_not_take_over_a_local_user(scene: Scene) -> None:
    scene.idp.person("43", ADMIN)
    message = (await scene.login(403))["message"]
    assert "MCPGATEWAY_SSO_LINK_PROVIDERS" in message


async def test_groups_give_roles_and_take_only_what_they_gave(scene: Scene) -> None:
    tools = await scene.team("tools")
    scene.idp.person("42", ANNA, groups=["devs", "nobody maps this"])
    await scene.login()
    by_hand = {"email": ANNA, "role": "owner"}
    assert (await scene.plane.http.post(f"/teams/{tools}/members", json=by_hand)).is_success
    before = await scene.roles()
    assert before["developer@tools"] == "corp"
    assert before["platform_viewer"] == "default"

    scene.idp.person("42", ANNA, groups=[])
    await scene.login()
    assert "developer@tools" not in await scene.roles()
    assert (await scene.roles())["platform_viewer"] == "default"
    assert (await scene.places())["tools"] == ("owner", "manual")


async def test_an_administrator_by_group_is_one_until_the_group_is_gone(scene: Scene) -> None:
    scene.idp.person("42", ANNA, groups=["ops"])
    assert (await scene.login())["user"]["is_admin"]
    scene.idp.person("42", ANNA, groups=[])
    assert not (await scene.login())["user"]["is_admin"]


async def test_an_administrator_by_hand_stays_one_whatever_his_groups(scene: Scene) -> None:
    scene.idp.person("42", ANNA)
    await scene.login()
    await scene.plane.pool.execute("UPDATE users SET admin = true WHERE email = $1", ANNA)
    assert (await scene.login())["user"]["is_admin"]


async def test_a_login_that_changes_nothing_makes_no_revision(scene: Scene) -> None:
    scene.idp.person("42", ANNA, groups=["readers"])
    await scene.login()
    before = await scene.plane.revision()
    await scene.login()
    assert await scene.plane.revision() == before


async def test_groups_written_as_one_text_are_one_group(scene: Scene) -> None:
    scene.idp.person("42", ANNA, groups="ops,devs")
    assert not (await scene.login())["user"]["is_admin"]


async def test_an_inactive_user_is_refused_also_with_a_link(scene: Scene) -> None:
    scene.idp.person("42", ANNA)
    await scene.login()
    await scene.plane.pool.execute("UPDATE users SET active = false WHERE email = $1", ANNA)
    assert "not active" in (await scene.login(403))["message"]


async def test_a_trusted_provider_takes_over_local_users_and_their_passwords_end(
    registry: str,
) -> None:
    async with sso_plane(registry, sso_link=("corp",)) as (plane, idp), browser(plane) as page:
        scene = Scene(plane, idp, page)
        new = {"email": ANNA, "password": "Correct-Horse-1-Battery", "full_name": "Anna"}
        assert (await plane.http.post("/auth/email/admin/users", json=new)).status_code == 201
        idp.person("42", ANNA)
        await scene.login()
        assert (await scene.user()).password_hash is None
        idp.person("1", ADMIN)
        await scene.login()
        kept = {"email": ADMIN, "password": PASSWORD}
        assert (await page.http.post("/auth/login", json=kept)).status_code == 200


async def test_nobody_is_made_where_that_is_switched_off(registry: str) -> None:
    async with sso_plane(registry, sso_auto_create=False) as (plane, idp), browser(plane) as page:
        idp.person("42", ANNA)
        message = (await Scene(plane, idp, page).login(403))["message"]
        assert "SSO_AUTO_CREATE_USERS" in message


async def test_only_trusted_domains_come_in_and_admin_domains_are_administrators(
    registry: str,
) -> None:
    changes = {"sso_trusted_domains": ("example.com",), "sso_admin_domains": ("example.com",)}
    async with sso_plane(registry, **changes) as (plane, idp), browser(plane) as page:
        scene = Scene(plane, idp, page)
        idp.person("42", "anna@example.com.evil.test")
        assert "example.com.evil.test may not" in (await scene.login(403))["message"]
        idp.person("42", ANNA)
        assert (await scene.login())["user"]["is_admin"]


async def test_who_is_new_waits_until_an_administrator_agrees(registry: str) -> None:
    async with sso_plane(registry, sso_approval=True) as (plane, idp), browser(plane) as page:
        scene = Scene(plane, idp, page)
        idp.person("42", ANNA)
        assert "waits" in (await scene.login(403))["message"]
        await scene.login(403)
        [waiting] = (await plane.http.get("/auth/sso/pending-approvals")).json()
        path = f"/auth/sso/pending-approvals/{waiting['id']}/action"
        assert (await plane.http.post(path, json={"action": "approve"})).status_code == 200
        assert (await plane.http.post(path, json={"action": "reject"})).status_code == 409
        assert (await scene.login())["user"]["email"] == ANNA
        idp.person("43", "bert@example.com")
        await scene.login(403)
        [waiting] = (await plane.http.get("/auth/sso/pending-approvals")).json()
        path = f"/auth/sso/pending-approvals/{waiting['id']}/action"
        assert (await plane.http.post(path, json={"action": "reject"})).status_code == 200
        assert "refused" in (await scene.login(403))["message"]
