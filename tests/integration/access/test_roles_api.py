"""/rbac: roles are made, given and taken away, and nobody gives what he does not have."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
import pytest

from mcpgateway.control_plane.registry.access.default_roles import role_id
from support.control_plane import Plane, bearer, client

ANN, BOB, CID = "ann@example.com", "bob@example.com", "cid@example.com"
TOOL = {"url": "http://rest.example/add", "integration_type": "REST", "request_type": "POST"}


def as_user(plane: Plane, email: str) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    return client(plane.app, bearer(plane.clock, email))


async def make(plane: Plane, name: str, **members: Any) -> dict[str, Any]:
    body = {"name": name, "scope": "global", "permissions": ["tools.read"]} | members
    answer = await plane.http.post("/rbac/roles", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def give(plane: Plane, email: str, role: str, **members: Any) -> httpx2.Response:
    body = {"role_id": role, "scope": "global"} | members
    return await plane.http.post(f"/rbac/users/{email}/roles", json=body)


async def test_a_role_is_made_shown_changed_and_deleted(plane: Plane) -> None:
    made = await make(plane, "auditor", description="Looks", permissions=["admin.security_audit"])
    assert made["effective_permissions"] == ["admin.security_audit"]
    assert not made["is_system_role"]
    one = await plane.http.get(f"/rbac/roles/{made['id']}")
    assert one.json() == made

    changed = await plane.http.put(
        f"/rbac/roles/{made['id']}",
        json={"permissions": ["tools.read"], "is_active": False},
        headers={"If-Match": one.headers["etag"]},
    )
    assert changed.json()["permissions"] == ["tools.read"]
    assert not changed.json()["is_active"]
    stale = await plane.http.put(
        f"/rbac/roles/{made['id']}", json={}, headers={"If-Match": one.headers["etag"]}
    )
    assert stale.status_code == 412
    gone = await plane.http.delete(f"/rbac/roles/{made['id']}")
    assert gone.json() == {"message": "Role deleted successfully"}
    assert (await plane.http.get(f"/rbac/roles/{made['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "scope": "global"}, "permissions"),
        ({"name": "x", "scope": "galaxy", "permissions": []}, "scope"),
        ({"name": "x", "scope": "global", "permissions": ["tools.fly"]}, "permissions"),
        ({"name": "x", "scope": "global", "permissions": [], "inherits_from": "0" * 32},
         "inherits_from"),
        ({"scope": "global", "permissions": []}, "name"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_role_is_named(
    plane: Plane, body: dict[str, Any], field: str
) -> None:
    answer = await plane.http.post("/rbac/roles", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


async def test_a_role_has_what_it_inherits_and_circles_are_refused(plane: Plane) -> None:
    base = await make(plane, "base", permissions=["tools.read"])
    heir = await make(plane, "heir", permissions=["tools.update"], inherits_from=base["id"])
    assert heir["effective_permissions"] == ["tools.read", "tools.update"]
    circle = await plane.http.put(f"/rbac/roles/{base['id']}", json={"inherits_from": heir["id"]})
    assert circle.status_code == 422
    assert "base -> heir -> base" in circle.json()["message"]
    itself = await plane.http.put(f"/rbac/roles/{base['id']}", json={"inherits_from": base["id"]})
    assert itself.status_code == 422
    used = await plane.http.delete(f"/rbac/roles/{base['id']}")
    assert (used.status_code, "heir inherit" in used.json()["message"]) == (409, True)


async def test_built_in_roles_stay_and_a_role_that_somebody_has_says_who(plane: Plane) -> None:
    refused = await plane.http.delete(f"/rbac/roles/{role_id('viewer')}")
    assert refused.status_code == 409
    assert "built in" in refused.json()["message"]
    role = await make(plane, "reader")
    assert (await give(plane, CID, role["id"])).status_code == 200
    used = await plane.http.delete(f"/rbac/roles/{role['id']}")
    assert (used.status_code, CID in used.json()["message"]) == (409, True)


async def test_a_role_that_is_given_counts_at_once_and_one_that_expired_does_not(
    plane: Plane,
) -> None:
    role = await make(plane, "historian", permissions=["admin.security_audit"])
    async with as_user(plane, CID) as cid:
        assert (await cid.get("/revisions")).status_code == 403
        until = plane.clock.now.replace(hour=13).isoformat()
        given = await give(plane, CID, role["id"], expires_at=until)
        assert given.json()["role_name"] == "historian"
        assert (await cid.get("/revisions")).status_code == 200
        assert "admin.security_audit" in (await cid.get("/rbac/my/permissions")).json()
        plane.clock.move(3000)
        assert (await cid.get("/revisions")).status_code == 200
        plane.clock.move(599)
        await plane.pool.execute("UPDATE role_grants SET expires_at = $1 WHERE email = $2",
                                 plane.clock.now, CID)  # fmt: skip
        assert (await cid.get("/revisions")).status_code == 403


async def test_a_role_is_taken_away_where_it_is_said(plane: Plane) -> None:
    role = await make(plane, "reader")
    await give(plane, CID, role["id"])
    path = f"/rbac/users/{CID}/roles/{role['id']}"
    assert (await plane.http.delete(f"{path}?scope=team")).status_code == 404
    gone = await plane.http.delete(path)
    assert gone.json() == {"message": "Role revoked successfully"}
    names = [row["role_name"] for row in (await plane.http.get(f"/rbac/users/{CID}/roles")).json()]
    assert names == ["platform_viewer"]


async def test_owners_of_a_team_give_roles_in_it_and_nowhere_else(plane: Plane) -> None:
    developer, admin = role_id("developer"), role_id("platform_admin")
    async with as_user(plane, ANN) as ann, as_user(plane, BOB) as bob:
        body = {"role_id": developer, "scope": "team", "scope_id": "red"}
        path = f"/rbac/users/{BOB}/roles"
        assert (await ann.post(path, json=body)).status_code == 200
        assert (await ann.post(path, json=body | {"scope_id": "blue"})).status_code == 403
        everywhere = {"role_id": admin, "scope": "global"}
        assert (await ann.post(path, json=everywhere)).status_code == 403
        seen = {row["role_name"] for row in (await ann.get(path)).json()}
        assert seen == {"viewer", "developer"}, "not what he has elsewhere"
        assert (await bob.post(path, json=body)).status_code == 403


async def test_nobody_gives_more_than_he_has(plane: Plane) -> None:
    keeper = await make(plane, "keeper", permissions=["admin.user_management"])
    await give(plane, CID, keeper["id"])
    async with as_user(plane, CID) as cid:
        body = {"role_id": role_id("platform_admin"), "scope": "global"}
        more = await cid.post(f"/rbac/users/{CID}/roles", json=body)
        assert (more.status_code, "you do not have *" in more.json()["message"]) == (403, True)
        grown = await cid.put(
            f"/rbac/roles/{keeper['id']}", json={"permissions": ["admin.system_config"]}
        )
        assert (grown.status_code, "admin.system_config" in grown.text) == (403, True)


async def test_what_a_member_may_do_with_a_teams_things_is_what_his_role_says(
    plane: Plane,
) -> None:
    async with as_user(plane, ANN) as ann, as_user(plane, BOB) as bob:
        team = {"name": "add", "team_id": "red", "visibility": "team", **TOOL}
        assert (await bob.post("/tools", json={"tool": team})).status_code == 403
        made = await ann.post("/tools", json={"tool": team})
        assert made.status_code == 200, made.text
        id = made.json()["id"]
        refused = await bob.put(f"/tools/{id}", json={"description": "mine"})
        assert (refused.status_code, "tools.update" in refused.text) == (403, True)

        body = {"role_id": role_id("developer"), "scope": "team", "scope_id": "red"}
        assert (await ann.post(f"/rbac/users/{BOB}/roles", json=body)).status_code == 200
        assert (await bob.put(f"/tools/{id}", json={"description": "b"})).status_code == 200
        assert (await bob.delete(f"/tools/{id}")).status_code == 200


async def test_everybody_keeps_what_is_his_own(plane: Plane) -> None:
    async with as_user(plane, CID) as cid, as_user(plane, BOB) as bob:
        made = await cid.post("/tools", json={"tool": {"name": "own", **TOOL}})
        assert made.status_code == 200, made.text
        path = f"/tools/{made.json()['id']}"
        assert (await bob.put(path, json={"description": "b"})).status_code == 403
        assert (await bob.put(f"{path}?dry_run=true", json={"description": "b"})).status_code == 403
        assert (await cid.put(path, json={"description": "c"})).status_code == 200
        assert (await cid.delete(path)).status_code == 200


async def test_permissions_are_checked_for_others_only_by_who_may(plane: Plane) -> None:
    asked = {"user_email": BOB, "permission": "tools.update"}
    for more, granted in (({}, False), ({"team_id": "red"}, False)):
        answer = await plane.http.post("/rbac/permissions/check", json=asked | more)
        assert answer.json()["granted"] is granted, answer.text
    ann = {"user_email": ANN, "permission": "tools.update", "team_id": "red"}
    assert (await plane.http.post("/rbac/permissions/check", json=ann)).json()["granted"] is True
    async with as_user(plane, BOB) as bob:
        assert (await bob.post("/rbac/permissions/check", json=asked)).status_code == 200
        assert (await bob.post("/rbac/permissions/check", json=ann)).status_code == 403
        assert (await bob.get(f"/rbac/permissions/user/{ANN}")).status_code == 403
    of_ann = await plane.http.get(f"/rbac/permissions/user/{ANN}?team_id=red")
    assert "teams.manage_members" in of_ann.json()


async def test_all_permissions_are_listed_by_what_they_are_about(plane: Plane) -> None:
    listed = (await plane.http.get("/rbac/permissions/available")).json()
    assert listed["total_count"] == len(listed["all_permissions"]) > 50
    assert "tools.execute" in listed["permissions_by_resource"]["tools"]
