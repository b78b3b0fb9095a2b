"""Roots of the gateway itself, named by their URIs in paths."""

from urllib.parse import quote

from mcpgateway.common.routing.model import Root
from mcpgateway.control_plane.registry import roots
from mcpgateway.control_plane.registry.people.model import User
from support.control_plane import ACTOR, Plane, bearer, client

URI = "file:///srv/data"


async def test_roots_are_made_found_changed_and_deleted_by_uri(plane: Plane) -> None:
    made = await plane.http.post("/roots", json={"uri": URI})
    one = await plane.http.get(f"/roots/{quote(URI, safe='')}")
    plain = await plane.http.get(f"/v1/roots/{URI}")
    by_id = await plane.http.get(f"/roots/{made.json()['id']}")
    changed = await plane.http.put(f"/roots/{quote(URI, safe='')}", json={"name": "Data"})
    listed = await plane.http.get("/roots")
    delta = await plane.routing.delta(0)
    gone = await plane.http.delete(f"/roots/{quote(URI, safe='')}")

    assert made.status_code == 200, made.text
    assert (made.json()["uri"], made.json()["name"]) == (URI, "data")
    assert one.json() == plain.json() == by_id.json() == made.json()
    assert changed.json()["name"] == "Data"
    assert [root["uri"] for root in listed.json()] == [URI]
    assert [each.name for each in delta.upserts if isinstance(each, Root)] == ["Data"]
    assert gone.json()["status"] == "success"
    assert (await plane.http.get(f"/roots/{quote(URI, safe='')}")).status_code == 404


async def test_a_root_that_is_there_or_stale_or_ill_formed_is_refused(plane: Plane) -> None:
    await plane.http.post("/roots", json={"uri": URI})
    twice = await plane.http.post("/roots", json={"uri": URI})
    bare = await plane.http.post("/roots", json={"uri": "no-scheme"})
    stale = await plane.http.put(f"/roots/{URI}", json={"name": "x"}, headers={"If-Match": '"9"'})
    assert [each.status_code for each in (twice, bare, stale)] == [409, 422, 412]


async def test_an_export_names_one_or_all(plane: Plane) -> None:
    for uri in (URI, "https://a.example/"):
        await plane.http.post("/roots", json={"uri": uri})
    every = (await plane.http.get("/roots/export")).json()
    one = (await plane.http.get("/roots/export", params={"uri": URI})).json()
    assert [root["uri"] for root in every["roots"]] == [URI, "https://a.example/"]
    assert one["root"] == {"uri": URI, "name": "data"}
    assert one["exported_by"] == "admin@example.com"


async def test_only_an_administrator_changes_roots(plane: Plane) -> None:
    async with plane.ports.store.write(ACTOR.who) as tx:
        bob = User(email="bob@b.c", password_hash="x", created_at=tx.at, updated_at=tx.at)
        await tx.users.save([bob])
    await plane.http.post("/roots", json={"uri": URI})
    async with client(plane.app, bearer(plane.clock, "bob@b.c")) as http:
        assert (await http.post("/roots", json={"uri": "file:///x"})).status_code == 403
        assert (await http.delete(f"/roots/{URI}")).status_code == 403
        assert len((await http.get("/roots")).json()) == 1


async def test_default_roots_are_made_once(plane: Plane) -> None:
    await roots.ensure(plane.ports, [URI, URI, "file:///b"], ACTOR.who)
    await plane.http.delete("/roots/file:///b")
    await roots.ensure(plane.ports, [URI, "file:///b"], ACTOR.who)
    assert [root["uri"] for root in (await plane.http.get("/roots")).json()] == [URI]
