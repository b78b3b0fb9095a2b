"""Restoring the whole registry: all of it is as it was then, and what was since is not lost."""

import os
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import msgspec
import pytest

from mcpgateway.common import keys
from mcpgateway.common.routing.model import Delta, Key, Record
from mcpgateway.control_plane.registry.discovered import upkeep
from mcpgateway.control_plane.registry.history.canonical import canonical
from mcpgateway.control_plane.registry.history.nouns import BY_KIND
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.resealing import reseal
from support.control_plane import ENCRYPTION_SECRET, Plane, bearer, upstream_with
from support.history import Operator, export, export_of_tables

NEW = "a-new-secret-that-is-long-enough-too"
SEQUENCES, WRITES, RESTORES = 10, 80, 6


async def restore(plane: Plane, revision: int, query: str = "") -> Any:
    return await plane.http.post(f"/v1/revisions/{revision}/restore{query}")


def apply(table: Mapping[Key, Record], delta: Delta) -> dict[Key, Record]:
    after = {key: record for key, record in table.items() if key not in delta.deletes}
    return after | {Key(record.kind, record.id): record for record in delta.upserts}


@pytest.mark.parametrize("seed", range(SEQUENCES))
async def test_a_restored_registry_is_the_one_of_then_byte_for_byte_and_so_is_the_way_back(
    plane: Plane, seed: int
) -> None:
    random = Random(os.environ.get("HISTORY_SEED", "") + str(seed))
    operator, first = Operator(plane, random), await plane.revision()
    for _ in range(WRITES):
        await operator.write()
    newest = await plane.revision()
    assert newest > first
    exports = {number: await export(plane, number) for number in range(first, newest + 1)}
    assert await export_of_tables(plane) == exports[newest]

    for _ in range(RESTORES):
        then = random.randint(first, newest)
        table = apply({}, await plane.routing.delta(0))
        before = await plane.revision()

        answer = await restore(plane, then)

        assert answer.status_code == 200, answer.text
        now = await plane.revision()
        assert now - before in (0, 1)
        assert await export_of_tables(plane) == exports[then] == await export(plane, now)
        told = apply(table, await plane.routing.delta(before))
        assert told == apply({}, await plane.routing.delta(0))
    back = await restore(plane, newest)
    assert back.status_code == 200, back.text
    assert await export_of_tables(plane) == exports[newest]
    assert (await plane.http.get("/audit/verify")).json()["valid"] is True


async def test_names_that_were_swapped_are_swapped_back(plane: Plane) -> None:
    one, two = await plane.bundle("one", []), await plane.bundle("two", [])
    then = await plane.revision()
    for id, name in ((one["id"], "three"), (two["id"], "one"), (one["id"], "two")):
        await plane.http.put(f"/servers/{id}", json={"name": name})
    assert (await restore(plane, then)).status_code == 200
    rows = {row["id"]: row["name"] for row in (await plane.http.get("/servers")).json()}
    assert rows == {one["id"]: "one", two["id"]: "two"}


async def test_a_restore_is_tried_like_any_write(plane: Plane) -> None:
    await plane.register("a", upstream_with(["x"]))
    then = await plane.revision()
    await plane.register("b", upstream_with(["y"]))
    now = await plane.revision()

    answer = (await restore(plane, then, "?dry_run=true")).json()

    assert {(each["noun"], each["name"], each["op"]) for each in answer["changes"]} == {
        ("upstream", "b", "delete"),
        ("tool", "b-y", "delete"),
    }
    [effect] = answer["effects"]
    assert (effect["name"], effect["effect"], effect["server"]) == ("b-y", "vanish", None)
    assert await plane.revision() == now


async def test_people_and_their_passwords_are_left_alone(plane: Plane) -> None:
    then = await plane.revision()
    now = plane.clock()
    ann = User(email="ann@example.com", password_hash="h", created_at=now, updated_at=now)
    async with plane.ports.store.write(upkeep.UPKEEP) as tx:
        await tx.users.save([ann])
    answer = await restore(plane, then)
    assert (answer.status_code, answer.json()["revision"]) == (200, None)
    assert await plane.ports.store.read.user(ann.email) is not None
    assert (await restore(plane, then, "")).headers["registry-revision"] == str(then + 1)
    refused = await plane.http.post(
        f"/revisions/{then}/restore", headers=bearer(plane.clock, ann.email)
    )
    assert refused.status_code == 403


@pytest.mark.parametrize("revision", ["0", "999", "x", "1..2"])
async def test_a_revision_that_is_not_there_can_not_be_restored(
    plane: Plane, revision: str
) -> None:
    answer = await plane.http.post(f"/revisions/{revision}/restore")
    assert answer.status_code == 404


async def test_a_credential_of_before_it_was_kept_is_missed_by_name(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]), auth_type="bearer", auth_token="first")
    then = await plane.revision()
    await plane.http.put(
        f"/gateways/{made['id']}", json={"auth_type": "bearer", "auth_token": "second"}
    )
    await plane.pool.execute("DELETE FROM credential_history WHERE revision = $1", then)
    before = await plane.revision()
    answer = await restore(plane, then)
    assert answer.status_code == 409
    assert made["id"] in answer.json()["message"]
    assert await plane.revision() == before


async def test_a_credential_of_then_opens_after_the_encryption_secret_has_changed(
    plane: Plane,
) -> None:
    secret = {"auth_type": "bearer", "auth_token": "first"}
    made = await plane.register("a", upstream_with(["x"]), **secret)
    then = await plane.revision()
    await plane.http.put(f"/gateways/{made['id']}", json=secret | {"auth_token": "second"})
    before = await export(plane, then)
    changed = replace(plane.ports, sealer=keys.store_sealer((NEW, ENCRYPTION_SECRET)))

    await reseal(changed, upkeep.UPKEEP)

    assert (await restore(plane, then)).status_code == 200
    alone = replace(plane, ports=replace(plane.ports, sealer=keys.store_sealer((NEW,))))
    assert await export(alone, then) == before == await export_of_tables(alone)


@pytest.mark.parametrize("seed", range(3))
async def test_a_thing_of_our_own_that_is_rolled_back_is_the_one_of_then(
    plane: Plane, seed: int
) -> None:
    random, history = Random(seed), plane.ports.store.history
    operator = Operator(plane, random)
    for _ in range(WRITES):
        await operator.write()
    seen = 0
    for kind in ("root", "agent", "server", "tool"):
        noun = BY_KIND[kind]
        for entry in await history.at(await plane.revision(), [kind]):
            if getattr(noun.decode(entry.body), "upstream_id", None):
                continue
            version = random.choice(await history.versions(kind, entry.id)).version
            if version is None:
                continue
            path = f"/{noun.name}/{entry.id}/rollback"
            answer = await plane.http.post(path, json={"version": version})
            assert answer.status_code in (200, 409), answer.text
            if answer.status_code == 200:
                [now] = await history.at(await plane.revision(), [kind], [entry.id])
                then = await history.version(kind, entry.id, version)
                assert then is not None
                body = msgspec.structs.replace(now, body=then.body)
                assert canonical([now], {}) == canonical([body], {})
                seen += 1
    assert seen > 2
