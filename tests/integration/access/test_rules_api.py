"""/access: rules are kept and count at once, decisions are explained, changes of rules tried."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mcpgateway.control_plane.registry.access.decisions import Decided, Verdict
from mcpgateway.control_plane.store.people.decisions import PostgresDecisions
from support.control_plane import ADMIN, Plane, bearer, client, upstream_with

ANN, BOB, CID = "ann@example.com", "bob@example.com", "cid@example.com"
NIGHTLY = {
    "name": "no deletes",
    "effect": "deny",
    "subjects": {"teams": ["red"]},
    "actions": ["tools.execute"],
    "objects": {"kinds": ["tool"], "names": ["*-delete"]},
}
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def make(plane: Plane, **changes: Any) -> dict[str, Any]:
    answer = await plane.http.post("/access/rules", json=NIGHTLY | changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def explained(plane: Plane, principal: str, name: str, **members: Any) -> dict[str, Any]:
    thing = {"kind": "tool", "name": name}
    body = {"principal": principal, "action": "tools.execute", "object": thing} | members
    answer = await plane.http.post("/access/explain", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_rule_is_made_shown_changed_tried_and_deleted(plane: Plane) -> None:
    made = await make(plane)
    path = f"/access/rules/{made['id']}"
    one = await plane.http.get(path)
    assert one.json() == made
    tried = await plane.http.put(f"{path}?dry_run=true", json={"enabled": False})
    [change] = tried.json()["changes"]
    assert (change["noun"], change["name"]) == ("rule", "no deletes")
    assert (await plane.http.get(path)).json() == made

    changed = await plane.http.put(
        path, json={"enabled": False}, headers={"If-Match": one.headers["etag"]}
    )
    assert (changed.json()["enabled"], changed.json()["actions"]) == (False, ["tools.execute"])
    late = await plane.http.put(path, json={}, headers={"If-Match": one.headers["etag"]})
    assert late.status_code == 412
    assert (await plane.http.delete(path)).status_code == 200
    assert (await plane.http.get("/access/rules")).json() == []


async def test_a_rule_comes_back_as_it_was_also_after_it_was_deleted(plane: Plane) -> None:
    made = await make(plane)
    path = f"/access/rules/{made['id']}"
    await plane.http.put(path, json={"effect": "allow", "name": "all deletes"})
    back = await plane.http.post(f"{path}/rollback", json={"version": 1})
    assert (back.json()["effect"], back.json()["version"]) == ("deny", 3)
    await plane.http.delete(path)
    listed = (await plane.http.get(f"{path}/versions")).json()
    said = [(each["op"], each["body"] and each["body"]["effect"]) for each in listed]
    assert said[-3:] == [("update", "deny"), ("update", "allow"), ("create", "deny")], said
    again = await plane.http.post(f"{path}/rollback", json={"version": 2})
    assert again.json()["name"] == "all deletes"
    unknown = await plane.http.post(f"{path}/rollback", json={"version": 99})
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"actions": ["tools.fly"]}, "actions", "no permission"),
        ({"actions": []}, "actions", "names nothing"),
        ({"condition": "args.amount >"}, "condition", "no CEL"),
        ({"condition": "weather == 'fine'"}, "condition", "weather"),
        ({"objects": {"kind": ["tool"]}}, "objects.kind", "no such member"),
        ({"effect": "maybe"}, "effect", "one of allow, deny"),
        ({"name": ""}, "name", "empty"),
    ],
)
async def test_what_is_wrong_with_a_rule_is_named(
    plane: Plane, changes: dict[str, Any], field: str, said: str
) -> None:
    answer = await plane.http.post("/access/rules", json=NIGHTLY | changes)
    assert answer.status_code == 422, answer.text
    problems = {each["field"]: each["problem"] for each in answer.json()["errors"]}
    assert said in problems[field], problems


async def test_data_planes_get_a_rule_and_lose_one_that_is_switched_off(plane: Plane) -> None:
    before = await plane.revision()
    made = await make(plane)
    [told] = (await plane.routing.delta(before)).upserts
    assert (told.kind, told.id) == ("rule", made["id"])
    before = await plane.revision()
    await plane.http.put(f"/access/rules/{made['id']}", json={"enabled": False})
    [gone] = (await plane.routing.delta(before)).deletes
    assert gone.id == made["id"]


async def test_a_rule_that_denies_counts_in_the_registry_too(plane: Plane) -> None:
    await plane.register("up", upstream_with(["add"]))
    id = (await plane.tool_ids())["up-add"]
    await make(plane, subjects={}, actions=["tools.update"], objects={"ids": [id]})
    refused = await plane.http.put(f"/tools/{id}", json={"description": "x"})
    assert (refused.status_code, "'no deletes' denies" in refused.text) == (403, True)


async def test_a_rule_that_would_shut_out_its_author_is_refused(plane: Plane) -> None:
    body = NIGHTLY | {"subjects": {}, "objects": {}, "actions": ["*"]}
    refused = await plane.http.post("/access/rules", json=body)
    assert (refused.status_code, "you could not change rules" in refused.text) == (409, True)


async def test_an_explanation_names_what_decided_and_the_steps_before(plane: Plane) -> None:
    await plane.register("up", upstream_with(["add", "delete"]))
    rule = await make(plane)
    denied = await explained(plane, BOB, "up-delete")
    assert (denied["allowed"], denied["by"]) == (False, "deny")
    assert denied["rule"] == {"id": rule["id"], "name": "no deletes"}
    outcomes = [(step["step"], step["outcome"]) for step in denied["steps"]]
    assert outcomes == [("token", "passed"), ("visibility", "passed"), ("deny", "refused")]

    allowed = await explained(plane, CID, "up-delete")
    assert (allowed["allowed"], allowed["role"]) == (True, "platform_viewer")
    narrowed = {"circumstances": {"scope": {"permissions": ["tools.read"]}}}
    assert (await explained(plane, CID, "up-add", **narrowed))["by"] == "token"
    assert (await explained(plane, ADMIN, "up-add"))["reason"].endswith("is an administrator")
    assert (await explained(plane, "", "up-add"))["allowed"] is False


async def test_a_condition_is_explained_with_the_arguments_that_are_given(plane: Plane) -> None:
    await plane.register("up", upstream_with(["pay"]))
    await make(plane, name="small sums", subjects={}, objects={}, condition="args.amount > 100")
    for amount, allowed in ((100, True), (101, False)):
        known = {"circumstances": {"args": {"amount": amount}}}
        assert (await explained(plane, CID, "up-pay", **known))["allowed"] is allowed
    unknown = await explained(plane, CID, "up-pay")
    assert unknown["allowed"] is False, "what can not be evaluated counts against the caller"


async def test_one_asks_about_oneself_and_only_who_may_asks_about_others(plane: Plane) -> None:
    await plane.register("up", upstream_with(["add"]), visibility="private")
    async with client(plane.app, bearer(plane.clock, CID)) as cid:
        body = {"action": "tools.execute", "object": {"kind": "tool", "name": "up-add"}}
        unseen = await cid.post("/access/explain", json=body)
        assert unseen.status_code == 404, "its existence is not told"
        others = await cid.post("/access/explain", json=body | {"principal": BOB})
        assert others.status_code == 403
        assert (await cid.get("/access/rules")).status_code == 403
        assert (await cid.get("/access/decisions")).status_code == 403
        assert (await cid.post("/access/simulate", json={"delete": "x"})).status_code == 403


async def logged(plane: Plane, *rows: tuple[str, str, Verdict]) -> None:
    ids = await plane.tool_ids()
    await PostgresDecisions(plane.pool).add(
        [
            Decided(
                minute=NOON, principal=who, action="tools.execute", verdict=verdict,
                kind="tool", id=ids.get(name, name), name=name, count=2,
            )
            for who, name, verdict in rows
        ]
    )  # fmt: skip


async def test_a_rule_is_tried_on_what_was_called(plane: Plane) -> None:
    await plane.register("up", upstream_with(["add", "delete"]))
    await logged(
        plane,
        (BOB, "up-delete", "allow"),
        (BOB, "up-add", "allow"),
        (CID, "up-delete", "allow"),
        (CID, "up-add", "deny"),
        ("gone@example.com", "up-add", "allow"),
        (BOB, "vanished", "allow"),
    )
    before = await plane.revision()
    answer = (await plane.http.post("/access/simulate", json={"rule": NIGHTLY})).json()
    assert await plane.revision() == before
    [change] = answer["changes"]
    assert (change["principal"], change["object"]["name"]) == (BOB, "up-delete")
    assert (change["verdict"], change["would"]) == ("allow", "deny")
    assert answer["calls"] == 2
    assert (answer["looked"], answer["drifted"], answer["gone"]) == (6, 1, 2)


async def test_what_the_log_can_not_tell_is_said(plane: Plane) -> None:
    await plane.register("up", upstream_with(["delete"]))
    await logged(plane, (BOB, "up-delete", "allow"))
    rule = NIGHTLY | {"condition": "args.all == true"}
    answer = (await plane.http.post("/access/simulate", json={"rule": rule})).json()
    assert answer["changes"] == []
    assert [each["reads"] for each in answer["untold"]] == [["args"]]


async def test_taking_a_rule_away_is_tried(plane: Plane) -> None:
    await plane.register("up", upstream_with(["delete"]))
    made = await make(plane)
    await logged(plane, (BOB, "up-delete", "deny"))
    gone = (await plane.http.post("/access/simulate", json={"delete": made["id"]})).json()
    assert [each["would"] for each in gone["changes"]] == ["allow"]
    weaker = {"rule": {"objects": {"names": ["*-purge"]}, "actions": ["tools.execute"]}}
    changed = await plane.http.post("/access/simulate", json=weaker | {"replace": made["id"]})
    assert [each["would"] for each in changed.json()["changes"]] == ["allow"]
    unknown = await plane.http.post("/access/simulate", json={"delete": "0" * 32})
    assert unknown.status_code == 404
    neither = await plane.http.post("/access/simulate", json={})
    assert neither.status_code == 422


async def test_the_log_is_read_in_pages_by_filters(plane: Plane) -> None:
    await plane.register("up", upstream_with(["add"]))
    await logged(plane, *[(f"p{number}@example.com", "up-add", "allow") for number in range(5)])
    first = (await plane.http.get("/access/decisions?limit=3")).json()
    rest = await plane.http.get(f"/access/decisions?limit=3&cursor={first['nextCursor']}")
    assert [len(first["decisions"]), len(rest.json()["decisions"])] == [3, 2]
    assert rest.json()["nextCursor"] is None
    one = await plane.http.get("/access/decisions?principal=p1@example.com&verdict=allow")
    assert [each["principal"] for each in one.json()["decisions"]] == ["p1@example.com"]
    wrong = await plane.http.get("/access/decisions?cursor=nonsense")
    assert wrong.status_code == 422
