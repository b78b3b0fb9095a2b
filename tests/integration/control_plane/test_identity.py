"""Who may come in: tokens, login, Basic, the edge's word, and what each sees."""

import dataclasses
from typing import Any

import httpx2
import pytest

from mcpgateway.control_plane.identity import bootstrap, signing_keys
from mcpgateway.control_plane.registry.people.model import User
from support.control_plane import ADMIN, PASSWORD, Plane, bearer, open_plane, upstream_with

EDGE = "what-only-data-planes-know"


async def anonymous(plane: Plane, path: str, **headers: str) -> httpx2.Response:
    del plane.http.headers["authorization"]
    return await plane.http.get(path, headers=headers)


async def test_without_a_token_everything_but_health_is_401(plane: Plane) -> None:
    answer = await anonymous(plane, "/tools")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert (await anonymous_again(plane, "/nothing")).status_code == 401
    assert (await anonymous_again(plane, "/health")).status_code == 200
    assert (await anonymous_again(plane, "/ready")).json()["ready"] is True


async def anonymous_again(plane: Plane, path: str) -> httpx2.Response:
    return await plane.http.get(path)


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"exp": 1}, "expired"),
        ({"iss": "somebody"}, "issuer"),
        ({"aud": "others"}, "audience"),
        ({"env": "production"}, "environment"),
        ({"sub": "nobody@example.com"}, "no active user"),
        ({"jti": None}, "jti"),
    ],
)
async def test_a_token_that_breaks_a_rule_says_which(
    plane: Plane, claims: dict[str, Any], says: str
) -> None:
    answer = await plane.http.get("/tools", headers=bearer(plane.clock, **claims))
    assert answer.status_code == 401
    assert says in answer.json()["message"]


async def test_a_token_with_a_wrong_signature_is_401(plane: Plane) -> None:
    headers = bearer(plane.clock)
    headers["Authorization"] = headers["Authorization"][:-4] + "AAAA"
    assert (await plane.http.get("/tools", headers=headers)).status_code == 401


@pytest.mark.parametrize("named", ["email", "username"])
async def test_a_login_gives_a_token_that_works(plane: Plane, named: str) -> None:
    body = {named: ADMIN.upper(), "password": PASSWORD}
    answer = await plane.http.post("/auth/login", json=body)
    said = answer.json()
    token = {"Authorization": f"Bearer {said['access_token']}"}

    assert answer.status_code == 200
    assert (said["token_type"], said["expires_in"]) == ("bearer", 1200)
    assert said["user"]["is_admin"] is True
    assert (await plane.http.get("/tools", headers=token)).status_code == 200
    plane.clock.move(1201)
    assert (await plane.http.get("/tools", headers=token)).status_code == 401


async def test_a_wrong_password_and_an_unknown_user_look_alike(plane: Plane) -> None:
    wrong = await plane.http.post("/auth/email/login", json={"email": ADMIN, "password": "x"})
    nobody = await plane.http.post("/auth/login", json={"email": "n@x.org", "password": "x"})
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.json() == nobody.json()


async def test_auth_required_off_makes_nobody_the_administrator(registry: str) -> None:
    async with open_plane(registry, auth_required=False) as plane:
        assert (await anonymous(plane, "/tools", host="localhost")).status_code == 200
        wrong = await anonymous_again_with(plane, {"Authorization": "Bearer nonsense"})
        assert wrong.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost:4445", "origin": "http://evil.example"},
        {"host": "localhost:4445", "sec-fetch-site": "cross-site"},
        {"host": "rebound.example:4445"},
    ],
)
async def test_with_auth_required_off_a_web_page_is_nobody_unless_the_edge_let_it_in(
    registry: str, headers: dict[str, str]
) -> None:
    async with open_plane(registry, auth_required=False) as plane:
        refused = await anonymous(plane, "/tools", **headers)
        passed = await plane.http.get("/tools", headers=headers | {"x-mcpgateway-edge": EDGE})
    assert (refused.status_code, passed.status_code) == (401, 200)


async def anonymous_again_with(plane: Plane, headers: dict[str, str]) -> httpx2.Response:
    return await plane.http.get("/tools", headers=headers)


async def test_basic_works_only_where_it_is_allowed(registry: str) -> None:
    async with open_plane(registry, basic_allowed=True, basic_password="long enough 1") as plane:
        right = await plane.http.get("/tools", auth=("admin", "long enough 1"))
        wrong = await plane.http.get("/tools", auth=("admin", "something else"))
    assert (right.status_code, wrong.status_code) == (200, 401)


async def test_basic_is_refused_by_default(plane: Plane) -> None:
    answer = await plane.http.get("/tools", auth=("admin", ""))
    assert answer.status_code == 401
    assert "must be Bearer" in answer.json()["message"]


@pytest.mark.parametrize(("shown", "believed"), [(EDGE, "203.0.113.7"), ("guess", "127.0.0.1")])
async def test_a_forwarded_address_is_believed_from_the_edge_only(
    plane: Plane, shown: str, believed: str
) -> None:
    headers = {"x-mcpgateway-edge": shown, "x-forwarded-for": "203.0.113.7"}
    made = await plane.http.post("/servers", json={"name": "s"}, headers=headers)
    assert made.json()["createdFromIp"] == believed


@pytest.mark.parametrize(
    ("shown", "named"), [(EDGE, "https://gateway.example"), ("guess", "http://control-plane")]
)
async def test_an_export_names_the_address_that_clients_use(
    plane: Plane, shown: str, named: str
) -> None:
    headers = {"x-mcpgateway-edge": shown, "host": "control-plane"}
    headers |= {"x-forwarded-host": "gateway.example", "x-forwarded-proto": "https"}
    file = await plane.http.get("/export", headers=headers)
    assert file.json()["source_gateway"] == named


async def test_others_see_what_is_public_or_theirs_and_change_only_what_is_theirs(
    plane: Plane,
) -> None:
    await add_user(plane, "ann@example.com")
    ann = bearer(plane.clock, "ann@example.com")
    shared = await plane.register("shared", upstream_with(["x"]))
    await plane.register("hidden", upstream_with(["y"]), visibility="private")
    ids = await plane.tool_ids()

    names = [tool["name"] for tool in (await plane.http.get("/tools", headers=ann)).json()]
    body = {"name": "s", "associated_tools": [ids["hidden-y"]]}
    bundle = await plane.http.post("/servers", json=body, headers=ann)
    hidden = await plane.http.get(f"/tools/{ids['hidden-y']}", headers=ann)
    foreign = await plane.http.delete(f"/gateways/{shared['id']}", headers=ann)
    own = await plane.http.post("/servers", json={"name": "own"}, headers=ann)
    removed = await plane.http.delete(f"/servers/{own.json()['id']}", headers=ann)

    assert names == ["shared-x"]
    assert (bundle.status_code, hidden.status_code) == (422, 404)
    assert foreign.status_code == 403
    assert own.json()["ownerEmail"] == "ann@example.com"
    assert removed.status_code == 200


async def test_a_shared_server_does_not_name_what_the_viewer_may_not_see(plane: Plane) -> None:
    await add_user(plane, "ann@example.com")
    ann = bearer(plane.clock, "ann@example.com")
    await plane.register("shared", upstream_with(["x"]))
    lists = upstream_with(["y"], prompts=["p"], resources=["r://1"])
    await plane.register("hidden", lists, visibility="private")
    ids = await plane.tool_ids()
    made = await plane.bundle(
        "mixed",
        [ids["hidden-y"], ids["shared-x"]],
        associated_prompts=[(await plane.http.get("/prompts")).json()[0]["id"]],
        associated_resources=[(await plane.http.get("/resources")).json()[0]["id"]],
    )

    seen = (await plane.http.get(f"/servers/{made['id']}", headers=ann)).json()

    assert seen["associatedTools"] == ["shared-x"]
    assert seen["associatedToolIds"] == [ids["shared-x"]]
    assert (seen["associatedPrompts"], seen["associatedResources"]) == ([], [])
    assert made["associatedTools"] == ["hidden-y", "shared-x"]


async def test_only_an_administrator_opens_a_server_to_callers_without_a_token(
    plane: Plane,
) -> None:
    await add_user(plane, "ann@example.com")
    ann = bearer(plane.clock, "ann@example.com")
    body = {"name": "s", "anonymous_access": True}

    opened = await plane.http.post("/servers", json=body, headers=ann)
    closed = await plane.http.post("/servers", json={"name": "s"}, headers=ann)
    path = f"/servers/{closed.json()['id']}"
    reopened = await plane.http.put(path, json=body, headers=ann)
    by_admin = await plane.http.put(path, json=body)
    kept = await plane.http.put(path, json=body | {"description": "d"}, headers=ann)

    assert (opened.status_code, reopened.status_code) == (403, 403)
    assert (by_admin.status_code, kept.status_code) == (200, 200)


async def test_a_token_from_before_not_before_is_void(plane: Plane) -> None:
    later = plane.clock.now.timestamp() + 10
    await add_user(plane, "ann@example.com", not_before=later)
    old = await plane.http.get("/tools", headers=bearer(plane.clock, "ann@example.com"))
    plane.clock.move(20)
    new = await plane.http.get("/tools", headers=bearer(plane.clock, "ann@example.com"))
    assert (old.status_code, new.status_code) == (401, 200)


async def add_user(plane: Plane, email: str, **fields: Any) -> None:
    now = plane.clock()
    user = User(email=email, password_hash="none", created_at=now, updated_at=now, **fields)
    async with plane.ports.store.write(bootstrap.SYSTEM) as tx:
        await tx.users.save([user])


async def test_starting_again_writes_nothing(plane: Plane) -> None:
    before = await plane.revision()
    changed = await signing_keys.sync(plane.ports, plane.settings, bootstrap.SYSTEM)
    assert (changed, await plane.revision()) == (False, before)


async def test_a_new_secret_replaces_the_key_that_data_planes_get(plane: Plane) -> None:
    before = await plane.revision()
    changed = dataclasses.replace(plane.settings, jwt_secret="another-secret-of-32-characters!")
    assert await signing_keys.sync(plane.ports, changed, bootstrap.SYSTEM)
    delta = await plane.routing.delta(before)
    assert [(record.kind, record.id) for record in delta.upserts] == [("signing_key", "shared")]
