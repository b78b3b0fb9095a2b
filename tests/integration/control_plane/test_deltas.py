"""What data planes are told: a delta brings a table of any earlier revision to the newest."""

import asyncio
from collections.abc import Mapping

import msgspec

from mcpgateway.common import keys
from mcpgateway.common.routing.model import Delta, Key, Record, Server, Tool, Upstream
from mcpgateway.common.routing.sealing import store_context
from support.control_plane import ENCRYPTION_SECRET, Plane, upstream_with

Table = Mapping[Key, Record]


def apply(table: Table, delta: Delta) -> Table:
    """The meaning of a delta, written as short as it can be."""
    after = {key: record for key, record in table.items() if key not in delta.deletes}
    return after | {Key(record.kind, record.id): record for record in delta.upserts}


async def snapshot(plane: Plane) -> Table:
    return apply({}, await plane.routing.delta(0))


async def some_history(plane: Plane) -> list[tuple[int, Table]]:
    """Every kind of write, and the table after each."""
    tables = [(await plane.revision(), await snapshot(plane))]

    async def note() -> None:
        tables.append((await plane.revision(), await snapshot(plane)))

    secret = {"auth_type": "bearer", "auth_token": "t0ken"}
    a = await plane.register("a", upstream_with(["x", "y"], ["p"], ["file:///r"]), **secret)
    await note()
    b = await plane.register("b", upstream_with(["z"]))
    ids = await plane.tool_ids()
    server = await plane.bundle("s", [ids["a-x"], ids["a-y"], ids["b-z"]])
    await note()
    plane.discoverer.at["http://a.example/mcp"] = upstream_with(["y", "new"], ["p"])
    await plane.http.post(f"/gateways/{a['id']}/tools/refresh")
    await note()
    await plane.http.post(f"/gateways/{b['id']}/state?activate=false")
    await note()
    await plane.http.put(
        f"/gateways/{a['id']}", json={"auth_type": "none", "visibility": "private"}
    )
    await note()
    await plane.http.post(f"/gateways/{b['id']}/state?activate=true")
    await plane.http.post(f"/servers/{server['id']}/state?activate=false")
    await note()
    await plane.http.post(f"/servers/{server['id']}/state?activate=true")
    await plane.http.delete(f"/gateways/{a['id']}")
    await note()
    return tables


async def test_a_delta_from_any_revision_gives_the_whole_table(plane: Plane) -> None:
    tables = await some_history(plane)
    newest = await snapshot(plane)

    for revision, table in tables[:-1]:
        delta = await plane.routing.delta(revision)
        assert (delta.base, delta.revision) == (revision, await plane.revision())
        assert apply(table, delta) == newest


async def test_a_delta_names_only_what_changed(plane: Plane) -> None:
    await plane.register("a", upstream_with(["x"]))
    before = await plane.revision()
    b = await plane.register("b", upstream_with(["y"]))

    delta = await plane.routing.delta(before)

    assert {record.kind for record in delta.upserts} == {"upstream", "tool"}
    assert {r.id for r in delta.upserts if isinstance(r, Upstream)} == {b["id"]}
    assert delta.deletes == ()


async def test_what_an_unchanged_registry_tells_is_empty(plane: Plane) -> None:
    revision = await plane.revision()
    delta = await plane.routing.delta(revision)
    assert (delta.upserts, delta.deletes, delta.revision) == ((), (), revision)


async def test_a_base_ahead_of_the_registry_gets_a_snapshot(plane: Plane) -> None:
    delta = await plane.routing.delta(1_000_000)
    assert delta == await plane.routing.delta(0)
    assert delta.base == 0


async def test_a_disabled_upstream_is_not_offered_and_servers_shrink_with_it(plane: Plane) -> None:
    a = await plane.register("a", upstream_with(["x"], ["p"], ["file:///r"]))
    ids = await plane.tool_ids()
    server = await plane.bundle("s", list(ids.values()))
    full = await snapshot(plane)

    await plane.http.post(f"/gateways/{a['id']}/state?activate=false")
    less = await snapshot(plane)
    await plane.http.post(f"/gateways/{a['id']}/state?activate=true")
    again = await snapshot(plane)

    held = less[Key("server", server["id"])]
    assert isinstance(held, Server)
    assert held.tools == ()
    assert {key.kind for key in full.keys() - less.keys()} == {
        "upstream",
        "tool",
        "prompt",
        "resource",
    }
    assert again.keys() == full.keys()


async def test_a_credential_travels_sealed_and_only_while_it_is_used(plane: Plane) -> None:
    a = await plane.register(
        "a", upstream_with(["x"]), auth_type="bearer", auth_token="very-secret"
    )
    delta = await plane.routing.delta(0)
    [credential] = [record for record in delta.upserts if record.kind == "credential"]
    [upstream] = [record for record in delta.upserts if record.kind == "upstream"]

    assert upstream.credential == credential.id == a["id"]
    assert b"very-secret" not in msgspec.msgpack.encode(delta)
    plain = keys.store_sealer((ENCRYPTION_SECRET,)).open(
        credential.sealed, store_context("credential", credential.id)
    )
    assert msgspec.json.decode(plain) == [["Authorization", "Bearer very-secret"]]


async def test_records_carry_their_origin_and_the_definition_as_it_was_sent(plane: Plane) -> None:
    odd = b'{"description":"\\u0000 \\ud83d\\ude00 1e400","inputSchema":{"b":1,"a":1.50}}'
    seen = upstream_with(["x"])
    tool = msgspec.structs.replace(seen.tools[0], definition=odd)
    await plane.register("a", msgspec.structs.replace(seen, tools=(tool,)))

    [record] = [r for r in (await plane.routing.delta(0)).upserts if isinstance(r, Tool)]

    assert record.definition == odd
    assert record.origin.cluster == "local"
    assert record.origin.revision == await plane.revision()
    assert record.origin.id == record.id


async def test_a_snapshot_read_while_writers_write_is_one_revision(plane: Plane) -> None:
    """Each registration adds one upstream with one tool: a mixed read would count unevenly."""

    async def write(n: int) -> None:
        await plane.register(f"u{n}", upstream_with(["x"]))

    async def read() -> Delta:
        return await plane.routing.delta(0)

    results = await asyncio.gather(*(write(n) for n in range(8)), *(read() for _ in range(8)))

    for delta in results[8:]:
        assert delta is not None
        kinds = [record.kind for record in delta.upserts]
        assert kinds.count("upstream") == kinds.count("tool")


async def test_what_has_expired_is_told_like_the_rest_since_data_planes_judge_the_time(
    plane: Plane,
) -> None:
    before = await plane.revision()
    made = await plane.http.post("/tokens", json={"name": "short", "expires_in_days": 1})
    id = made.json()["token"]["id"]
    told = await snapshot(plane)
    plane.clock.move(400 * 86400)

    assert Key("api_token", id) in told
    assert await snapshot(plane) == told
    assert id in {record.id for record in (await plane.routing.delta(before)).upserts}
