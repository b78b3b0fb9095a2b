"""Writes: one revision each, in commit order, with a history row for all that changed."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest
from starlette.requests import Request

from mcpgateway.common.errors import Conflict, GatewayError
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.registry import servers
from mcpgateway.control_plane.registry.drafts import ServerDraft
from mcpgateway.control_plane.registry.ports import Change, Ports
from support.control_plane import ACTOR, FakeFleet, Plane, found, upstream_with

HISTORY = "SELECT revision, noun, id, op, body::text AS body FROM history WHERE revision > $1"


async def history(plane: Plane, after: int) -> dict[tuple[str, str], str]:
    rows = await plane.pool.fetch(HISTORY, after)
    return {(row["noun"], row["id"]): row["op"] for row in rows}


async def test_every_concurrent_write_gets_its_own_revision_in_commit_order(plane: Plane) -> None:
    before = await plane.revision()
    heard: list[int] = []
    listener = await asyncpg.connect(plane.database)
    told = asyncio.Event()

    def hear(*said: Any) -> None:
        heard.append(int(said[3]))
        if len(heard) == 20:
            told.set()

    await listener.add_listener("registry", hear)

    changes = await asyncio.gather(
        *(servers.create(plane.ports, ACTOR, ServerDraft(name=f"s{n}")) for n in range(20))
    )
    async with asyncio.timeout(30):
        await told.wait()
    await listener.close()

    expected = list(range(before + 1, before + 21))
    assert sorted(change.revision or 0 for change in changes) == expected
    assert heard == expected  # PostgreSQL notifies in commit order


async def test_two_registrations_of_one_name_leave_exactly_one(plane: Plane) -> None:
    plane.discoverer.at["http://one/"] = plane.discoverer.at["http://two/"] = upstream_with(["x"])
    answers = await asyncio.gather(
        *(
            plane.http.post("/gateways", json={"name": "same", "url": f"http://{host}/"})
            for host in ("one", "two")
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len((await plane.http.get("/gateways")).json()) == 1
    assert len(await plane.tool_ids()) == 1


async def test_a_write_that_fails_leaves_no_trace(plane: Plane) -> None:
    server = await plane.bundle("s", [])
    before = await plane.revision()

    async def fail() -> None:
        async with plane.ports.store.write(ACTOR.who) as tx:
            await tx.servers.remove([server["id"]])
            raise Conflict("changed its mind")

    with pytest.raises(Conflict):
        await fail()
    assert (await plane.http.get(f"/servers/{server['id']}")).status_code == 200
    assert await plane.revision() == before
    assert await history(plane, before) == {}


async def test_what_others_took_away_before_it_was_shown_is_not_said_to_be_unwritten(
    plane: Plane,
) -> None:
    async def act(ports: Ports) -> Change:
        return await servers.create(ports, ACTOR, ServerDraft(name="s"))

    async def show(change: Change) -> Written:
        await servers.remove(plane.ports, ACTOR, change.id, None)
        raise AssertionError(await servers.one(plane.ports, ACTOR, change.id))

    request = Request({"type": "http", "query_string": b"", "headers": []})
    before = await plane.revision()
    with pytest.raises(Conflict, match=f"written as revision {before + 1}, and is gone since"):
        await Writes(plane.ports, FakeFleet()).run(request, act, show)
    assert await plane.revision() == before + 2


@pytest.mark.parametrize(("query", "asked"), [(b"", 0.2), (b"wait=applied&timeout=3", 3.0)])
async def test_an_answer_waits_a_moment_for_replicas_unless_it_is_to_wait_longer(
    plane: Plane, query: bytes, asked: float
) -> None:
    async def act(ports: Ports) -> Change:
        return await servers.create(ports, ACTOR, ServerDraft(name="s"))

    async def show(change: Change) -> Written:
        return Written({}, None, change.revision)

    fleet = FakeFleet()
    request = Request({"type": "http", "query_string": query, "headers": []})
    answer = await Writes(plane.ports, fleet, settle=0.2).run(request, act, show)
    assert fleet.asked == [(await plane.ports.store.read.position(), asked)]
    assert ("applied" in answer.headers) is bool(query)


async def test_a_write_that_changes_nothing_takes_no_revision(plane: Plane) -> None:
    made = await plane.bundle("s", [])
    before = await plane.revision()

    answer = await plane.http.post(f"/servers/{made['id']}/state?activate=true")

    assert answer.status_code == 200
    assert await plane.revision() == before


async def test_a_refresh_that_finds_nothing_new_takes_no_revision(plane: Plane) -> None:
    gateway = await plane.register("a", upstream_with(["x"], ["p"], ["file:///r"]))
    before = await plane.revision()

    answer = await plane.http.post(f"/gateways/{gateway['id']}/tools/refresh")

    assert answer.status_code == 200
    assert answer.json()["toolsUpdated"] == 0
    assert await plane.revision() == before


async def test_deleting_an_upstream_leaves_history_for_every_child_and_holder(plane: Plane) -> None:
    gateway = await plane.register(
        "a", upstream_with(["x", "y"], ["p"], ["file:///r"]), auth_type="bearer", auth_token="t"
    )
    await plane.register("b", upstream_with(["z"]))
    ids = await plane.tool_ids()
    holder = await plane.bundle("holds", [ids["a-x"], ids["b-z"]])
    other = await plane.bundle("other", [ids["b-z"]])
    before = await plane.revision()

    answer = await plane.http.delete(f"/gateways/{gateway['id']}")
    changed = await history(plane, before)
    shrunk = (await plane.http.get(f"/servers/{holder['id']}")).json()

    assert answer.json() == {"status": "success", "message": f"Gateway {gateway['id']} deleted"}
    assert changed.pop(("server", holder["id"])) == "update"
    assert set(changed.values()) == {"delete"}
    kinds = sorted(noun for noun, _ in changed)
    assert kinds == ["credential", "prompt", "resource", "tool", "tool", "upstream"]
    assert ("server", other["id"]) not in changed
    assert shrunk["associatedTools"] == ["b-z"]
    assert shrunk["version"] == 2


async def test_history_holds_no_secret(plane: Plane) -> None:
    await plane.register("a", upstream_with(["x"]), auth_type="bearer", auth_token="very-secret")
    rows = await plane.pool.fetch(HISTORY, 0)
    text = " ".join(str(row["body"]) for row in rows)

    assert "very-secret" not in text
    assert "argon2" not in text
    assert 'sealed":"' not in text


async def test_a_refresh_adds_changes_and_retires_and_keeps_ids(plane: Plane) -> None:
    gateway = await plane.register("a", upstream_with(["keep", "change", "retire"]))
    before = await plane.tool_ids()
    seen = upstream_with(["keep", "add"])
    changed = found("change", description="new words")
    seen = msgspec.structs.replace(seen, tools=(*seen.tools, changed))
    plane.discoverer.at["http://a.example/mcp"] = seen

    answer = (await plane.http.post(f"/gateways/{gateway['id']}/tools/refresh")).json()
    after = await plane.tool_ids()

    assert (answer["toolsAdded"], answer["toolsUpdated"], answer["toolsRemoved"]) == (1, 1, 1)
    assert after.keys() == {"a-keep", "a-change", "a-add"}
    assert {name: after[name] for name in ("a-keep", "a-change")} == {
        name: before[name] for name in ("a-keep", "a-change")
    }


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("", set()),
        ("?include_resources=true&include_prompts=true", set()),
        ("?include_resources=false", {"resources"}),
        ("?include_prompts=false", {"prompts"}),
        ("?include_resources=false&include_prompts=false", {"prompts", "resources"}),
    ],
)
async def test_a_refresh_leaves_the_kinds_that_it_excludes_as_they_are(
    plane: Plane, query: str, left: set[str]
) -> None:
    gateway = await plane.register("a", upstream_with(["x"], ["p"], ["file:///r"], ["file:///{t}"]))
    kinds = ("tools", "prompts", "resources")
    before = {kind: (await plane.http.get(f"/{kind}")).json() for kind in kinds}
    plane.discoverer.at["http://a.example/mcp"] = upstream_with(["y"], ["q"])

    answer = await plane.http.post(f"/gateways/{gateway['id']}/tools/refresh{query}")
    after = {kind: (await plane.http.get(f"/{kind}")).json() for kind in kinds}

    assert answer.status_code == 200, answer.text
    assert {kind for kind in kinds if after[kind] == before[kind]} == left
    assert {kind for kind in kinds if not answer.json()[f"{kind}Removed"]} == left


async def test_a_refresh_refuses_a_word_that_is_no_flag(plane: Plane) -> None:
    gateway = await plane.register("a", upstream_with(["x"]))
    path = f"/gateways/{gateway['id']}/tools/refresh?include_prompts=some"
    answer = await plane.http.post(path)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "include_prompts"


async def test_an_upstream_that_went_away_keeps_its_tools_and_is_shown_unreachable(
    plane: Plane,
) -> None:
    gateway = await plane.register("a", upstream_with(["x"]))
    before = await plane.revision()
    plane.discoverer.at.clear()

    answer = await plane.http.post(f"/gateways/{gateway['id']}/tools/refresh")
    shown = (await plane.http.get(f"/gateways/{gateway['id']}")).json()

    assert answer.status_code == 502
    assert "connection refused" in answer.json()["message"]
    assert (shown["reachable"], shown["toolCount"]) == (False, 1)
    assert "connection refused" in shown["lastError"]
    assert await plane.revision() == before


async def test_a_closed_pool_is_said_as_unavailable(plane: Plane) -> None:
    await plane.pool.close()
    with pytest.raises(GatewayError, match="database"):
        await plane.ports.store.read.position()
    answer = await plane.http.get("/tools")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_what_is_not_utf_8_is_left_out_and_said(plane: Plane) -> None:
    seen = upstream_with(["good"], capabilities=b'{"x":"\xff"}', instructions="a\0b")
    odd = msgspec.structs.replace(seen.tools[0], name="odd", definition=b'{"title":"\xff"}')

    gateway = await plane.register("a", msgspec.structs.replace(seen, tools=(*seen.tools, odd)))

    assert (await plane.tool_ids()).keys() == {"a-good"}
    assert gateway["skippedTools"] == ["tool 'odd' has a definition that is not UTF-8"]
    assert gateway["capabilities"] == {"x": "\ufffd"}
