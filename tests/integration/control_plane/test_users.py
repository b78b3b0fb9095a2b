"""Users as administrators make, change and remove them, and who may."""

from typing import Any

import pytest

from support.control_plane import ADMIN, Plane, bearer, client, open_plane, upstream_with
from support.people import ANN, BOB, PASSWORD, add, log_in, stranger, try_login

USERS = "/auth/email/admin/users"


async def test_a_new_user_has_the_default_role_and_a_team_of_his_own(plane: Plane) -> None:
    made = await add(plane, full_name="Ann")
    user = await plane.ports.store.read.user(ANN)
    assert user is not None
    assert len(made["teams"]) == 1
    assert {grant.scope for grant in user.grants} == {"global", "team"}
    assert "password_hash" not in made
    again = await plane.http.post(USERS, json={"email": ANN.upper(), "password": PASSWORD})
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody", "password": PASSWORD}, "email"),
        ({"email": ANN, "password": "short"}, "password"),
        ({"email": ANN}, "password"),
        ({"email": ANN, "password": "fourteen chars", "is_admin": True}, "password"),
        ({"email": "a@b\r\nBcc: c@d", "password": PASSWORD}, "email"),
    ],
)
async def test_a_user_who_is_no_good_is_refused_by_field(
    plane: Plane, body: dict[str, Any], field: str
) -> None:
    answer = await plane.http.post(USERS, json=body)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {field}


async def test_only_administrators_manage_users(plane: Plane) -> None:
    await add(plane)
    ann = await log_in(plane)
    refused = [
        await ann.get(USERS),
        await ann.post(USERS, json={"email": BOB, "password": PASSWORD}),
        await ann.patch(f"{USERS}/{ANN}", json={"is_admin": True}),
        await ann.delete(f"{USERS}/{ADMIN}"),
        await ann.post(f"{USERS}/{ANN}/unlock"),
        await ann.get("/auth/email/admin/events"),
    ]
    assert {answer.status_code for answer in refused} == {403}
    own = await ann.get("/auth/email/me")
    assert own.json()["email"] == ANN


async def test_who_may_manage_users_does_not_become_an_administrator_by_it(plane: Plane) -> None:
    await add(plane)
    await add(plane, BOB)
    role = await plane.http.post(
        "/rbac/roles",
        json={"name": "people", "scope": "global", "permissions": ["admin.user_management"]},
    )
    assert role.is_success, role.text
    given = {"role_id": role.json()["id"], "scope": "global"}
    granted = await plane.http.post(f"/rbac/users/{ANN}/roles", json=given)
    assert granted.is_success, granted.text
    ann = await log_in(plane)
    secret = {"password": "another long password"}
    refused = [
        await ann.patch(f"{USERS}/{ANN}", json={"is_admin": True}),
        await ann.patch(f"{USERS}/{ADMIN}", json=secret),
        await ann.delete(f"{USERS}/{ADMIN}"),
        await ann.post(USERS, json={"email": "c@example.com", "is_admin": True, **secret}),
    ]
    allowed = [
        await ann.patch(f"{USERS}/{BOB}", json=secret),
        await ann.post(USERS, json={"email": "d@example.com", **secret}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    assert [answer.status_code for answer in allowed] == [200, 201]


async def _role(plane: Plane, name: str, *permissions: str) -> str:
    body = {"name": name, "scope": "global", "permissions": permissions}
    answer = await plane.http.post("/rbac/roles", json=body)
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


async def _give(plane: Plane, email: str, role: str) -> None:
    given = {"role_id": role, "scope": "global"}
    answer = await plane.http.post(f"/rbac/users/{email}/roles", json=given)
    assert answer.is_success, answer.text


async def test_who_may_manage_users_does_not_act_on_who_can_more(plane: Plane) -> None:
    await add(plane)
    await add(plane, BOB)
    await _give(plane, ANN, await _role(plane, "people", "admin.user_management"))
    await _give(plane, BOB, await _role(plane, "rules", "admin.system_config"))
    ann = await log_in(plane)
    refused = [
        await ann.patch(f"{USERS}/{BOB}", json={"password": "another long password"}),
        await ann.post(f"{USERS}/{BOB}/unlock"),
        await ann.delete(f"{USERS}/{BOB}"),
        await ann.post("/tokens", json={"name": "his", "user_email": BOB}),
        await ann.post("/tokens", json={"name": "its", "user_email": ADMIN}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 5
    assert "admin.system_config" in refused[0].json()["detail"]
    assert "administrator" in refused[-1].json()["detail"]


async def test_tokens_of_who_can_more_are_not_widened(plane: Plane) -> None:
    await add(plane)
    await _give(plane, ANN, await _role(plane, "people", "admin.user_management"))
    narrow = {"name": "narrow", "scope": {"permissions": ["tools.read"]}}
    made = (await plane.http.post("/tokens", json=narrow)).json()["token"]["id"]
    ann = await log_in(plane)
    widened = await ann.put(f"/tokens/{made}", json={"scope": {}})
    assert widened.status_code == 403


async def test_a_narrowed_token_of_an_administrator_makes_and_becomes_no_administrator(
    plane: Plane,
) -> None:
    await add(plane)
    scope = {"permissions": ["admin.user_management", "tokens.create"]}
    made = await plane.http.post("/tokens", json={"name": "narrow", "scope": scope})
    narrow = client(plane.app, {"Authorization": f"Bearer {made.json()['access_token']}"})
    secret = {"password": "another quite long password"}
    refused = [
        await narrow.post(USERS, json={"email": "c@example.com", "is_admin": True, **secret}),
        await narrow.patch(f"{USERS}/{ANN}", json={"is_admin": True}),
        await narrow.patch(f"{USERS}/{ADMIN}", json=secret),
    ]
    allowed = await narrow.patch(f"{USERS}/{ANN}", json=secret)
    assert [answer.status_code for answer in refused] == [403] * 3
    assert allowed.status_code == 200, allowed.text


async def test_roles_of_others_do_not_tell_who_has_an_account(plane: Plane) -> None:
    await add(plane)
    await add(plane, BOB)
    ann = await log_in(plane)
    there, gone = BOB, "nobody@example.com"
    answers = [await ann.get(f"/rbac/users/{email}/roles") for email in (there, gone)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert (await ann.get(f"/rbac/users/{ANN}/roles")).status_code == 200


async def test_the_list_is_searched_and_paged(plane: Plane) -> None:
    for name in ("carol", "dave", "erin"):
        await add(plane, f"{name}@example.com", full_name=name.title())
    page = (await plane.http.get(USERS, params={"limit": 2, "offset": 1})).json()
    found = (await plane.http.get(USERS, params={"search": "Dav"})).json()
    wild = (await plane.http.get(USERS, params={"search": "%"})).json()
    assert [user["email"] for user in page["users"]] == ["carol@example.com", "dave@example.com"]
    assert page["total_count"] == 4
    assert [user["full_name"] for user in found["users"]] == ["Dave"]
    assert wild["users"] == []


async def test_deactivating_ends_every_token_at_once_also_after_coming_back(plane: Plane) -> None:
    await add(plane)
    ann = await log_in(plane)
    await plane.http.patch(f"{USERS}/{ANN}", json={"is_active": False})
    gone = (await ann.get("/auth/validate")).status_code
    refused = (await try_login(plane)).status_code
    await plane.http.put(f"{USERS}/{ANN}", json={"is_active": True})
    still = (await ann.get("/auth/validate")).status_code
    assert (gone, refused, still) == (401, 401, 401)
    assert (await try_login(plane)).status_code == 200


async def test_another_password_by_an_administrator_ends_what_was_and_may_be_for_once(
    plane: Plane,
) -> None:
    await add(plane)
    ann = await log_in(plane)
    body = {"password": "handed over once", "password_change_required": True}
    assert (await plane.http.patch(f"{USERS}/{ANN}", json=body)).status_code == 200
    assert (await ann.get("/auth/validate")).status_code == 401
    answer = await try_login(plane, "handed over once")
    assert (answer.status_code, answer.json()["code"]) == (403, "password_change_required")
    assert answer.headers["x-password-change-required"] == "true"


async def test_there_is_always_an_administrator(plane: Plane) -> None:
    await add(plane)
    ann_too = await plane.http.patch(f"{USERS}/{ADMIN}", json={"is_admin": False})
    off = await plane.http.patch(f"{USERS}/{ADMIN}", json={"is_active": False})
    self = await plane.http.delete(f"{USERS}/{ADMIN}")
    assert (ann_too.status_code, off.status_code, self.status_code) == (409, 409, 403)
    assert "last active administrator" in off.json()["message"]
    await plane.http.patch(f"{USERS}/{ANN}", json={"is_admin": True})
    assert (await plane.http.patch(f"{USERS}/{ADMIN}", json={"is_admin": False})).status_code == 200


async def test_who_owns_something_is_deleted_only_when_another_gets_it(plane: Plane) -> None:
    await add(plane)
    await add(plane, BOB)
    ann = client(plane.app, bearer(plane.clock, ANN))
    own = (await ann.post("/servers", json={"name": "hers"})).json()
    refused = await plane.http.delete(f"{USERS}/{ANN}")
    nobody = await plane.http.delete(f"{USERS}/{ANN}", params={"transfer_to": "n@example.com"})
    given = await plane.http.delete(f"{USERS}/{ANN}", params={"transfer_to": BOB})
    server = (await plane.http.get(f"/servers/{own['id']}")).json()

    assert refused.status_code == 409
    assert f"/servers/{own['id']} (hers)" in refused.json()["message"]
    assert nobody.status_code == 400
    assert given.status_code == 200
    assert server["ownerEmail"] == BOB
    assert (await plane.http.get(f"{USERS}/{ANN}")).status_code == 404
    assert (await ann.get("/tools")).status_code == 401


async def test_an_upstream_goes_to_the_heir_with_all_that_came_with_it(plane: Plane) -> None:
    await add(plane)
    await add(plane, BOB)
    shared = await plane.register("shared", upstream_with(["x", "y"]), owner_email=ANN)
    assert (await plane.http.delete(f"{USERS}/{ANN}", params={"transfer_to": BOB})).is_success
    owners = {tool["ownerEmail"] for tool in (await plane.http.get("/tools")).json()}
    assert owners == {BOB}
    assert (await plane.http.get(f"/gateways/{shared['id']}")).json()["ownerEmail"] == BOB


async def test_the_only_owner_of_a_team_is_not_deleted_before_there_is_another(
    plane: Plane,
) -> None:
    await add(plane)
    await add(plane, BOB)
    ann = client(plane.app, bearer(plane.clock, ANN))
    made = await ann.post("/teams", json={"name": "Hers"})
    assert made.status_code == 201, made.text
    team = made.json()
    alone = await plane.http.delete(f"{USERS}/{ANN}", params={"transfer_to": BOB})
    await plane.http.post(f"/teams/{team['id']}/members", json={"email": BOB, "role": "member"})
    done = await plane.http.delete(f"{USERS}/{ANN}", params={"transfer_to": BOB})
    members = (await plane.http.get(f"/teams/{team['id']}/members")).json()
    assert (alone.status_code, done.status_code) == (409, 200)
    assert [(each["user_email"], each["role"]) for each in members] == [(BOB, "owner")]


async def test_a_service_account_has_no_password_and_never_logs_in(plane: Plane) -> None:
    made = await plane.http.post(USERS, json={"email": "bot@example.com", "is_service": True})
    with_one = await plane.http.post(
        USERS, json={"email": "b@example.com", "is_service": True, "password": PASSWORD}
    )
    later = await plane.http.patch(f"{USERS}/bot@example.com", json={"password": PASSWORD})
    admin = await plane.http.patch(f"{USERS}/bot@example.com", json={"is_admin": True})
    login = await try_login(plane, PASSWORD, "bot@example.com")
    token = client(plane.app, bearer(plane.clock, "bot@example.com"))

    assert (made.status_code, made.json()["is_service"], made.json()["teams"]) == (201, True, [])
    assert [answer.status_code for answer in (with_one, later, admin)] == [400, 400, 400]
    assert login.status_code == 401
    assert (await token.get("/tools")).status_code == 200


async def test_nobody_registers_himself_unless_the_operator_opens_that(plane: Plane) -> None:
    async with stranger(plane) as http:
        answer = await http.post("/auth/email/register", json={"email": ANN, "password": PASSWORD})
    assert answer.status_code == 403


async def test_who_registers_himself_is_no_administrator_and_not_verified(registry: str) -> None:
    async with open_plane(registry, registration=True) as plane, stranger(plane) as http:
        body = {"email": ANN, "password": PASSWORD, "is_admin": True, "full_name": "Ann"}
        made = await http.post("/auth/email/register", json=body)
        more = [
            await http.post("/auth/email/register", json={**body, "email": f"a{n}@example.com"})
            for n in range(10)
        ]
        login = await try_login(plane)
    assert made.status_code == 201
    assert (made.json()["is_admin"], made.json()["email_verified"]) == (False, False)
    assert login.status_code == 200
    assert more[-1].status_code == 429
