"""Versions of one thing: listed, compared, brought back."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common.routing.sealing import store_context
from mcpgateway.control_plane.registry.discovered import upkeep
from mcpgateway.control_plane.registry.people.model import User
from support.control_plane import ADMIN, Plane, bearer, found, upstream_with

SECRET = {"auth_type": "bearer", "auth_token": "first"}


async def sealed(plane: Plane, id: str) -> bytes:
    """The plain text of a stored credential."""
    rows = await plane.pool.fetch("SELECT sealed FROM credentials WHERE id = $1", id)
    return plane.ports.sealer.open(rows[0]["sealed"], store_context("credential", id))


async def put(plane: Plane, path: str, **body: Any) -> Any:
    answer = await plane.http.put(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def back(plane: Plane, path: str, version: int, **kw: Any) -> Any:
    return await plane.http.post(f"{path}/rollback", json={"version": version}, **kw)


async def test_every_edit_is_a_version_that_says_who_when_from_where_and_by_which_token(
    plane: Plane,
) -> None:
    made = await plane.register("a", upstream_with(["x"]), description="one")
    path = f"/v1/gateways/{made['id']}"
    await put(plane, path, description="two")

    newest, oldest = (await plane.http.get(f"{path}/versions")).json()

    assert [(each["version"], each["op"]) for each in (newest, oldest)] == [
        (2, "update"),
        (1, "create"),
    ]
    assert newest["revision"] == await plane.revision()
    assert newest["who"] == {
        "by": ADMIN,
        "fromIp": "127.0.0.1",
        "via": "api",
        "userAgent": plane.http.headers["user-agent"],
        "token": "1",
    }
    assert newest["at"] > oldest["at"]


@pytest.mark.parametrize(
    "noun", ["gateways", "servers", "tools", "prompts", "resources", "roots", "a2a"]
)
async def test_each_noun_has_its_versions_at_its_path(plane: Plane, noun: str) -> None:
    await plane.register("a", upstream_with(["x"], ["p"], ["file:///r"]))
    await plane.bundle("s", [])
    await plane.http.post("/roots", json={"uri": "file:///r"})
    await plane.http.post("/a2a", json={"name": "b", "endpoint_url": "http://b.example/"})
    [thing] = (await plane.http.get(f"/{noun}")).json()
    path = f"/{noun}/{thing['id']}"
    await put(plane, path, tags=["new"])

    listed = await plane.http.get(f"{path}/versions")
    first = await plane.http.get(f"{path}/versions/1")
    between = await plane.http.get(f"{path}/versions/1..2")

    assert [each["version"] for each in listed.json()] == [2, 1]
    assert first.json()["body"]["id"] == thing["id"]
    assert [each["path"] for each in between.json()["diff"]] == ["/tags"]
    assert (await back(plane, path, 1)).json()["tags"] == []


async def test_versions_come_in_pages(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]))
    path = f"/gateways/{made['id']}"
    for number in range(4):
        await put(plane, path, description=str(number))
    seen, query = [], "limit=2&include_pagination=true"
    cursor: str | None = ""
    while cursor is not None:
        page = (await plane.http.get(f"{path}/versions?{query}&cursor={cursor}")).json()
        seen += [each["version"] for each in page["versions"]]
        cursor = page["nextCursor"]
    assert seen == [5, 4, 3, 2, 1]


async def test_a_new_revision_for_data_planes_alone_is_no_version(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]))
    tool = (await plane.tool_ids())["a-x"]
    await plane.http.post(f"/gateways/{made['id']}/state?activate=false")
    assert len((await plane.http.get(f"/tools/{tool}/versions")).json()) == 1


async def test_a_version_is_shown_as_its_noun_shows_it(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]), description="one", **SECRET)
    path = f"/gateways/{made['id']}"
    await put(plane, path, description="two")
    body = (await plane.http.get(f"{path}/versions/1")).json()["body"]
    assert body.keys() == made.keys() - {"renamedTools"}
    assert (body["description"], body["authToken"]) == ("one", "*****")


async def test_two_versions_are_compared_field_by_field_and_within_documents(plane: Plane) -> None:
    await plane.register("a", upstream_with(["x"]))
    tool = (await plane.tool_ids())["a-x"]
    await put(plane, f"/tools/{tool}", description="better", tags=["t"])
    answer = (await plane.http.get(f"/tools/{tool}/versions/1..2")).json()
    assert {each["path"]: each.get("after") for each in answer["diff"]} == {
        "/overrides/description": "better",
        "/tags": ["t"],
    }
    reverse = (await plane.http.get(f"/tools/{tool}/versions/2..1")).json()
    assert {each["path"]: each.get("before") for each in reverse["diff"]} == {
        "/overrides/description": "better",
        "/tags": ["t"],
    }


async def test_a_gateway_comes_back_with_its_url_and_its_credential_of_then(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]), description="one", **SECRET)
    path = f"/gateways/{made['id']}"
    plane.discoverer.at["http://b.example/mcp"] = upstream_with(["x"], instructions="elsewhere")
    await put(plane, path, url="http://b.example/mcp", auth_type="bearer", auth_token="second")
    looked = len(plane.discoverer.seen)

    answer = await back(plane, path, 1, headers={"if-match": '"2"'})

    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"3"'
    assert answer.json()["url"] == made["url"]
    assert b"first" in await sealed(plane, made["id"])
    assert len(plane.discoverer.seen) == looked
    again = await back(plane, path, 1)
    assert again.json()["version"] == 3


async def test_what_an_upstream_says_of_its_tool_stays_when_the_tool_is_rolled_back(
    plane: Plane,
) -> None:
    gateway = await plane.register("a", upstream_with(["x"]))
    tool = (await plane.tool_ids())["a-x"]
    await put(plane, f"/tools/{tool}", tags=["mine"], custom_name="better")
    reworded = (found("x", description="reworded"),)
    seen = msgspec.structs.replace(upstream_with(["x"]), tools=reworded)
    plane.discoverer.at[gateway["url"]] = seen
    await plane.http.post(f"/gateways/{gateway['id']}/tools/refresh")

    answer = (await back(plane, f"/tools/{tool}", 1)).json()

    assert (answer["name"], answer["tags"], answer["description"]) == ("a-x", [], "reworded")


async def test_what_was_deleted_comes_back_with_its_id(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"], ["p"], ["file:///r"]), **SECRET)
    ids = await plane.tool_ids()
    path = f"/gateways/{made['id']}"
    await plane.http.delete(path)

    listed = (await plane.http.get(f"{path}/versions")).json()
    answer = await back(plane, path, 1)

    assert [(each["version"], each["op"]) for each in listed] == [(None, "delete"), (1, "create")]
    assert answer.status_code == 200, answer.text
    assert (answer.json()["id"], answer.json()["version"]) == (made["id"], 2)
    assert await plane.tool_ids() == ids
    assert b"first" in await sealed(plane, made["id"])


async def test_a_version_whose_parts_are_gone_names_them(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x", "y"]))
    ids = await plane.tool_ids()
    server = await plane.bundle("s", list(ids.values()))
    await put(plane, f"/servers/{server['id']}", associated_tools=[])
    await plane.http.delete(f"/gateways/{made['id']}")

    answer = await back(plane, f"/servers/{server['id']}", 1)
    lone = await back(plane, f"/tools/{ids['a-x']}", 1)

    assert answer.status_code == 409
    assert {each["problem"] for each in answer.json()["errors"]} == {
        f"tool {id!r} ({name}) is not there now" for name, id in ids.items()
    }
    assert lone.status_code == 409
    assert made["id"] in lone.json()["message"]


async def test_a_name_that_is_taken_now_is_a_conflict(plane: Plane) -> None:
    server = await plane.bundle("s", [])
    await put(plane, f"/servers/{server['id']}", name="t")
    await plane.bundle("s", [])
    answer = await back(plane, f"/servers/{server['id']}", 1)
    assert (answer.status_code, answer.json()["message"]) == (409, "another server has this name")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({"version": 9}, {}, 404),
        ({}, {}, 422),
        ({"version": "1"}, {}, 422),
        ({"version": 1}, {"if-match": '"1"'}, 412),
    ],
)
async def test_a_rollback_that_can_not_be_is_refused(
    plane: Plane, body: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    server = await plane.bundle("s", [])
    await put(plane, f"/servers/{server['id']}", name="t")
    answer = await plane.http.post(f"/servers/{server['id']}/rollback", json=body, headers=headers)
    assert answer.status_code == status, answer.text


async def test_history_is_for_who_sees_the_thing_and_rollback_for_who_may_change_it(
    plane: Plane,
) -> None:
    now = plane.clock()
    ann, bob = (
        User(email=f"{name}@example.com", password_hash="none", created_at=now, updated_at=now)
        for name in ("ann", "bob")
    )
    async with plane.ports.store.write(upkeep.UPKEEP) as tx:
        await tx.users.save([ann, bob])
    hers, his = bearer(plane.clock, ann.email), bearer(plane.clock, bob.email)
    made = await plane.http.post("/servers", json={"name": "s"}, headers=hers)
    path = f"/servers/{made.json()['id']}"
    await plane.http.put(path, json={"description": "d"}, headers=hers)

    public = await plane.http.get(f"{path}/versions", headers=his)
    refused = await back(plane, path, 1, headers=his)
    await plane.http.put(path, json={"visibility": "private"}, headers=hers)
    private = await plane.http.get(f"{path}/versions", headers=his)
    await plane.http.delete(path, headers=hers)
    gone = [
        (await plane.http.get(f"{path}/versions/1", headers=headers)).status_code
        for headers in (his, hers, {})
    ]
    hidden = await back(plane, path, 1, headers=his)
    again = await back(plane, path, 1, headers=hers)

    assert (public.status_code, refused.status_code, private.status_code) == (200, 403, 404)
    assert gone == [404, 200, 200]
    assert (hidden.status_code, again.status_code) == (404, 200)
