"""`?dry_run=true`: says what the write would do, refuses what it would refuse, and does nothing."""

import asyncio
from typing import Any

import pytest

from mcpgateway.control_plane.registry.discovered import upkeep
from support.control_plane import Plane, upstream_with

DRY = "?dry_run=true"


async def everything(plane: Plane) -> list[Any]:
    tables = ("upstreams", "tools", "servers", "credentials", "upstream_health", "history")
    return [await plane.pool.fetch(f"SELECT * FROM {table}") for table in tables]


def effects(body: Any) -> set[tuple[str | None, str, str, str]]:
    return {
        (each["server"] and each["server"]["name"], each["name"], each["effect"], each["for"])
        for each in body["effects"]
    }


async def test_a_registration_is_tried_with_its_discovery_and_leaves_nothing(plane: Plane) -> None:
    plane.discoverer.at["http://a.example/mcp"] = upstream_with(["x"], ["p"], ["file:///r"])
    before = await everything(plane)
    body = {"name": "a", "url": "http://a.example/mcp", "auth_type": "bearer", "auth_token": "s3"}

    answer = await plane.http.post(f"/gateways{DRY}", json=body)

    said = answer.json()
    assert (answer.status_code, said["dryRun"]) == (200, True)
    assert len(plane.discoverer.seen) == 1
    assert {(each["noun"], each["op"]) for each in said["changes"]} == {
        (noun, "create") for noun in ("upstream", "tool", "prompt", "resource", "credential")
    }
    assert effects(said) == {
        (None, name, "appear", "everyone") for name in ("a-x", "a-p", "file:///r")
    }
    assert "s3" not in answer.text
    assert await everything(plane) == before
    assert (await plane.http.post("/gateways", json=body)).status_code == 200


async def test_what_vanishes_is_told_of_every_server_that_held_it(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]))
    await plane.bundle("open", list((await plane.tool_ids()).values()), anonymous_access=True)
    before = await everything(plane)
    for write in (
        plane.http.delete(f"/gateways/{made['id']}{DRY}"),
        plane.http.post(f"/gateways/{made['id']}/state{DRY}&activate=false"),
    ):
        assert effects((await write).json()) == {
            (None, "a-x", "vanish", "everyone"),
            ("open", "a-x", "vanish", "everyone, also without a token"),
        }
    assert await everything(plane) == before


async def test_what_changes_is_named_by_its_members(plane: Plane) -> None:
    await plane.register("a", upstream_with(["x"]))
    tool = (await plane.tool_ids())["a-x"]
    answer = await plane.http.put(
        f"/tools/{tool}{DRY}", json={"description": "other", "timeout_ms": 7}
    )
    [effect] = answer.json()["effects"]
    assert (effect["effect"], effect["what"]) == ("change", ["description", "timeout_ms"])


async def test_for_whom_is_told_when_visibility_changes(plane: Plane) -> None:
    await plane.register("a", upstream_with(["x"]))
    tool = (await plane.tool_ids())["a-x"]
    answer = await plane.http.put(f"/tools/{tool}{DRY}", json={"visibility": "private"})
    [effect] = answer.json()["effects"]
    assert (effect["effect"], effect["for"]) == ("vanish", "everyone")
    assert effect["except"] == ["owner admin@example.com", "administrators"]


async def test_a_write_that_changes_nothing_has_no_effect(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]))
    answer = await plane.http.post(f"/gateways/{made['id']}/state{DRY}&activate=true")
    said = {"dryRun": True, "changes": [], "moreChanges": 0, "effects": [], "moreEffects": 0}
    assert answer.json() == said


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("POST", "/gateways", {"name": "a", "url": "http://other.example/"}, {}),
        ("POST", "/gateways", {"name": "new", "url": "http://nobody.example/"}, {}),
        ("POST", "/servers", {"name": "s"}, {}),
        ("POST", "/servers", {"name": "t", "associated_tools": ["0" * 32]}, {}),
        ("POST", "/servers", {}, {}),
        ("PUT", "/servers/{server}", {"name": "t"}, {"if-match": '"9"'}),
        ("DELETE", "/servers/" + "0" * 32, None, {}),
        ("POST", "/servers/{server}/rollback", {"version": 9}, {}),
        ("POST", "/revisions/999/restore", None, {}),
    ],
)
async def test_a_trial_is_refused_exactly_as_the_write_is(
    plane: Plane, method: str, path: str, body: Any, headers: dict[str, str]
) -> None:
    await plane.register("a", upstream_with(["x"]))
    server = await plane.bundle("s", [])
    path = path.format(server=server["id"])
    tried = await plane.http.request(method, path + DRY, json=body, headers=headers)
    real = await plane.http.request(method, path, json=body, headers=headers)
    assert tried.status_code == real.status_code >= 400
    assert tried.json() == real.json()


async def test_trials_and_writes_at_once_are_all_done(plane: Plane) -> None:
    servers = [await plane.bundle(f"s{n}", []) for n in range(3)]
    before = await plane.revision()

    async def put(n: int, dry: str) -> int:
        id = servers[n % 3]["id"]
        answer = await plane.http.put(f"/servers/{id}{dry}", json={"description": str(n)})
        return answer.status_code

    statuses = await asyncio.gather(*(put(n, DRY if n % 2 else "") for n in range(24)))
    assert set(statuses) == {200}
    assert await plane.revision() == before + 12


async def test_a_refresh_is_tried_and_writes_no_health(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]))
    plane.discoverer.at[made["url"]] = upstream_with(["x", "new"])
    before = await everything(plane)
    answer = await plane.http.post(f"/gateways/{made['id']}/tools/refresh{DRY}")
    assert effects(answer.json()) == {(None, "a-new", "appear", "everyone")}
    assert await everything(plane) == before


async def test_what_is_tried_is_seen_by_the_trial_alone(plane: Plane) -> None:
    async with plane.ports.store.trial() as trial:
        async with trial.write(upkeep.UPKEEP) as tx:
            assert tx.revision == await plane.revision() + 1
        assert await trial.read.position() == await plane.ports.store.read.position()
