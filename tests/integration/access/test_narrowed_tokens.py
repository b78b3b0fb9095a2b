"""A token's scope takes away in the REST API what it takes away elsewhere."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
import pytest

from support.control_plane import ADMIN, Plane, bearer, client, upstream_with

BOB, CID = "bob@example.com", "cid@example.com"
TOOL = {"url": "http://rest.example/add", "integration_type": "REST", "request_type": "POST"}


def narrowed(
    plane: Plane, email: str, **claims: Any
) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    return client(plane.app, bearer(plane.clock, email, **claims))


def only(*permissions: str) -> dict[str, Any]:
    return {"scopes": {"permissions": list(permissions)}}


async def test_a_token_that_leaves_reading_makes_nothing_also_an_administrators(
    plane: Plane,
) -> None:
    async with narrowed(plane, ADMIN, **only("tools.read")) as reads:
        assert (await reads.get("/tools")).status_code == 200
        made = await reads.post("/tools", json={"tool": {"name": "add", **TOOL}})
        assert (made.status_code, "tools.create" in made.text) == (403, True)
        other = await reads.get("/gateways")
        assert (other.status_code, "gateways.read" in other.text) == (403, True)
        assert (await reads.get("/audit")).status_code == 403


async def test_each_thing_of_many_needs_its_own_permission(plane: Plane) -> None:
    documents = [
        {"apiVersion": "mcpgateway/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        for kind, name, spec in (
            ("Server", "bundle", {}),
            ("Tool", "add", {"url": TOOL["url"], "requestType": "POST"}),
        )
    ]
    async with narrowed(plane, ADMIN, **only("tools.create", "tools.update")) as makes:
        for dry in ("?dry_run=true", ""):
            refused = await makes.post(f"/apply{dry}", json={"documents": documents})
            assert refused.status_code == 403, refused.text
            assert "servers.create" in refused.text
    assert (await plane.http.get("/tools")).json() == [], "all or nothing"
    async with narrowed(plane, ADMIN, **only("tools.create", "tools.update")) as makes:
        taken = await makes.post("/apply", json={"documents": documents[1:]})
        assert taken.status_code == 200, taken.text


@pytest.mark.parametrize(
    ("teams", "seen"),
    [
        (None, {"public", "team", "private"}),
        (["red"], {"public", "team", "private"}),
        ([], {"public"}),
    ],
)
async def test_teams_of_a_token_say_what_is_seen_in_lists_and_one_by_one(
    plane: Plane, teams: list[str] | None, seen: set[str]
) -> None:
    for level in ("public", "team", "private"):
        body = {"name": level, "visibility": level, "team_id": "red", "owner_email": BOB, **TOOL}
        made = await plane.http.post("/tools", json={"tool": body})
        assert made.status_code == 200, made.text
    ids = await plane.tool_ids()
    async with narrowed(plane, BOB, teams=teams) as bob:
        assert {tool["name"] for tool in (await bob.get("/tools")).json()} == seen
        found = {name for name, id in ids.items() if (await bob.get(f"/tools/{id}")).is_success}
        assert found == seen


async def test_a_token_for_one_server_is_refused_but_there(plane: Plane) -> None:
    await plane.register("up", upstream_with(["add"]))
    made = await plane.bundle("mine", list((await plane.tool_ids()).values()))
    async with narrowed(plane, CID, scopes={"server_id": made["id"]}) as cid:
        assert (await cid.get(f"/servers/{made['id']}/tools")).status_code == 200
        refused = await cid.get("/tools")
        assert (refused.status_code, made["id"] in refused.text) == (403, True)
