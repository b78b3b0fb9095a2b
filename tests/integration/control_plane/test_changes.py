"""Changing what is there: PUT, state, wait, credentials, names that collide."""

from typing import Any

import pytest

from mcpgateway.common.routing.model import Fault, Server
from mcpgateway.control_plane.registry.discovered import upkeep
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.ports import Outcome
from support.control_plane import Plane, bearer, upstream_with

SECRET = {"auth_type": "bearer", "auth_token": "t0ken"}


async def test_a_put_changes_what_it_names_and_nothing_else(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]), description="d", tags=["t"])
    looked = len(plane.discoverer.seen)

    answer = await plane.http.put(f"/gateways/{made['id']}", json={"description": "new"})

    changed = {"description", "version", "updatedAt"}
    changed |= {name for name in made if name.startswith("modified")}
    after = answer.json()
    assert answer.status_code == 200
    assert {name for name in made if made[name] != after[name]} <= changed
    assert (after["description"], after["version"]) == ("new", 2)
    assert len(plane.discoverer.seen) == looked


async def test_a_new_url_is_looked_at_before_it_is_written(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["old"]))
    plane.discoverer.at["http://b.example/mcp"] = upstream_with(["new"])

    answer = await plane.http.put(f"/gateways/{made['id']}", json={"url": "http://b.example/mcp"})

    assert answer.status_code == 200
    assert (await plane.tool_ids()).keys() == {"a-new"}


async def test_a_rename_keeps_the_names_of_tools(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]))
    answer = await plane.http.put(f"/gateways/{made['id']}", json={"name": "Other Name"})
    assert answer.json()["slug"] == "other-name"
    assert (await plane.tool_ids()).keys() == {"a-x"}


async def test_a_credential_is_sent_to_the_origin_it_was_given_for_only(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]), **SECRET)
    path = f"/gateways/{made['id']}"
    plane.discoverer.at["http://thief.example/"] = upstream_with(["x"])
    plane.discoverer.at["http://a.example/v2"] = upstream_with(["x"])

    stolen = await plane.http.put(path, json={"url": "http://thief.example/"})
    moved = await plane.http.put(path, json={"url": "http://a.example/v2", "authToken": "*****"})

    assert stolen.status_code == 422
    assert stolen.json()["errors"][0]["field"] == "auth_type"
    assert moved.status_code == 200
    assert [target.headers for target in plane.discoverer.seen] == [
        (("Authorization", "Bearer t0ken"),)
    ] * 2
    assert "thief" not in str([target.url for target in plane.discoverer.seen])


async def test_an_answer_shows_that_there_is_a_secret_and_never_which(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]), **SECRET)
    again = await plane.http.put(f"/gateways/{made['id']}", json=made)
    assert again.status_code == 200
    assert made["authToken"] == again.json()["authToken"] == "*****"
    assert "t0ken" not in again.text


async def test_children_are_as_visible_as_their_upstream(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"], ["p"], ["file:///r"]))
    await plane.http.put(f"/gateways/{made['id']}", json={"visibility": "private"})
    for path in ("tools", "prompts", "resources"):
        [row] = (await plane.http.get(f"/{path}")).json()
        assert row["visibility"] == "private"


async def test_colliding_names_are_numbered_and_told(plane: Plane) -> None:
    first = await plane.register("a", upstream_with(["get_x", "get-x"]))
    second = await plane.register("a-get", upstream_with(["x"]))

    assert first["renamedTools"] == {"get-x": "a-get-x-2"}
    assert second["renamedTools"] == {"x": "a-get-x-3"}
    assert (await plane.tool_ids()).keys() == {"a-get-x", "a-get-x-2", "a-get-x-3"}


async def test_a_disabled_gateway_and_its_tools_are_listed_on_request_only(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]))
    answer = await plane.http.post(f"/gateways/{made['id']}/state?activate=false")

    assert answer.json()["status"] == "success"
    assert answer.json()["gateway"]["enabled"] is False
    assert (await plane.http.get("/gateways")).json() == []
    assert (await plane.http.get("/tools")).json() == []
    [tool] = (await plane.http.get("/tools?include_inactive=true")).json()
    assert tool["enabled"] is False


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("tags=red", ["a-x"]),
        ("tags=red,blue", ["a-x", "b-y"]),
        ("tags=green", []),
        ("visibility=private", ["b-y"]),
        ("gateway_id={b}", ["b-y"]),
    ],
)
async def test_lists_are_filtered(plane: Plane, query: str, names: list[str]) -> None:
    await plane.register("a", upstream_with(["x"]), tags=["Red"])
    b = await plane.register("b", upstream_with(["y"]), tags=["blue"], visibility="private")
    answer = await plane.http.get(f"/tools?{query.format(b=b['id'])}")
    assert [tool["name"] for tool in answer.json()] == names


@pytest.mark.parametrize(
    ("outcome", "status", "headers"),
    [
        (Outcome(3, 3), 201, {"applied": "3/3"}),
        (Outcome(2, 3, ("r3",)), 202, {"applied": "2/3", "pending": "r3"}),
        (Outcome(0, 0), 202, {"applied": "0/0"}),
    ],
)
async def test_a_write_can_wait_for_the_replicas(
    plane: Plane, outcome: Outcome, status: int, headers: dict[str, str]
) -> None:
    plane.fleet.outcome = outcome
    answer = await plane.http.post("/servers?wait=applied&timeout=7", json={"name": "s"})
    [(position, timeout)] = plane.fleet.asked

    assert answer.status_code == status
    assert answer.json()["name"] == "s"
    assert {name: answer.headers[name] for name in headers} == headers
    assert (position.revision, timeout) == (await plane.revision(), 7.0)
    assert answer.headers["registry-revision"] == str(position.revision)


async def test_a_replica_that_could_not_use_the_resource_is_named(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]))
    refused = ("r1", Fault("upstream", made["id"], "its URL can not be called"))
    plane.fleet.outcome = Outcome(1, 1, (), (refused,))
    answer = await plane.http.put(f"/gateways/{made['id']}?wait=applied", json={"name": "b"})
    assert answer.status_code == 200
    assert answer.headers["rejected"] == "r1=its URL can not be called"


async def test_replicas_are_shown_with_what_is_wanted(plane: Plane) -> None:
    answer = (await plane.http.get("/v1/replicas")).json()
    assert answer["wanted"] == await plane.revision()
    assert answer["replicas"] == [{"id": "r1", "revision": answer["wanted"]}]


@pytest.mark.parametrize(
    "body", [{"owner_email": "admin@example.com"}, {"visibility": "team", "team_id": "red"}]
)
async def test_who_is_no_administrator_gives_nothing_to_others(
    plane: Plane, body: dict[str, Any]
) -> None:
    now = plane.clock()
    ann = User(email="ann@example.com", password_hash="none", created_at=now, updated_at=now)
    async with plane.ports.store.write(upkeep.UPKEEP) as tx:
        await tx.users.save([ann])
    headers = bearer(plane.clock, ann.email)
    answer = await plane.http.post("/servers", json={"name": "s"} | body, headers=headers)
    assert answer.status_code == 403


async def test_upkeep_watches_what_is_enabled_with_its_credentials(plane: Plane) -> None:
    a = await plane.register("a", upstream_with(["x"]), **SECRET)
    b = await plane.register("b", upstream_with(["y"]))
    await plane.http.post(f"/gateways/{b['id']}/state?activate=false")

    upstreams = upkeep.RegisteredUpstreams(plane.ports)
    [watch] = await upstreams.enabled()
    assert (watch.id, watch.target.url, watch.interval) == (a["id"], a["url"], None)
    assert watch.target.headers == (("Authorization", "Bearer t0ken"),)

    plane.discoverer.at[a["url"]] = upstream_with(["x", "z"])
    await upstreams.refresh(a["id"])
    assert (await plane.tool_ids()).keys() == {"a-x", "a-z"}

    await upstreams.observed(a["id"], False, "the stream broke")
    shown = (await plane.http.get(f"/gateways/{a['id']}")).json()
    assert (shown["reachable"], shown["lastError"]) == (False, "the stream broke")


@pytest.mark.parametrize("noun", ["tool", "prompt", "resource"])
async def test_a_single_thing_can_be_switched_off_also_for_the_servers_that_hold_it(
    plane: Plane, noun: str
) -> None:
    gateway = await plane.register("a", upstream_with(["x"], ["x"], ["file:///x"]))
    [row] = (await plane.http.get(f"/{noun}s")).json()
    server = await plane.bundle("s", [], **{f"associated_{noun}s": [row["id"]]})
    before = await plane.revision()

    off = await plane.http.post(f"/{noun}s/{row['id']}/state?activate=false")
    delta = await plane.routing.delta(before)
    await plane.http.post(f"/gateways/{gateway['id']}/tools/refresh")
    listed = (await plane.http.get(f"/{noun}s")).json()
    on = await plane.http.post(f"/{noun}s/{row['id']}/toggle?activate=true")

    assert off.json()["message"] == f"{noun.capitalize()} {row['id']} deactivated"
    assert off.json()[noun]["enabled"] is False
    assert delta.deletes == ((noun, row["id"]),)
    [held] = delta.upserts
    assert isinstance(held, Server)
    assert (held.id, held.tools, held.prompts, held.resources) == (server["id"], (), (), ())
    assert listed == []
    assert on.json()[noun]["enabled"] is True
