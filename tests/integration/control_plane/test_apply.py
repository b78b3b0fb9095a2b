"""Documents applied: what is wanted is written as one, and what is so already is left alone."""

from typing import Any

import pytest

from mcpgateway.control_plane.registry.people.model import User
from support.control_plane import ACTOR, Plane, bearer, client, upstream_with

BOB = "bob@example.com"
CLOCK_URL = "http://clock.example/mcp"

Doc = dict[str, Any]


def doc(kind: str, name: str, spec: Doc | None = None, **metadata: Any) -> Doc:
    return {
        "apiVersion": "mcpgateway/v1",
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "spec": spec or {},
    }


def wanted() -> list[Doc]:
    """One of each, what refers to others first: order does not matter."""
    return [
        doc("Server", "demo", {"tools": ["clock-now", "weather"], "resources": ["note:///hello"]}),
        doc(
            "Gateway", "clock", {"url": CLOCK_URL, "authType": "bearer", "authToken": "very-secret"}
        ),
        doc("Tool", "weather", {"url": "https://api.example/weather/{city}", "requestType": "GET"}),
        doc("Resource", "hello", {"uri": "note:///hello", "content": "Hello"}),
        doc("Prompt", "greet", {"messages": [said("Hello {{ name }}")]}, tags=["polite"]),
    ]


def bearer_of(token: str) -> Doc:
    return {"authType": "bearer", "authToken": token}


def said(text: str) -> Doc:
    return {"role": "user", "content": {"type": "text", "text": text}}


@pytest.fixture
def clock(plane: Plane) -> Plane:
    plane.discoverer.at[CLOCK_URL] = upstream_with(tools=["now", "later"])
    return plane


async def apply(plane: Plane, documents: list[Doc], query: str = "", **more: Any) -> Doc:
    answer = await plane.http.post(f"/v1/apply{query}", json={"documents": documents, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def refused(plane: Plane, documents: list[Doc], status: int, **more: Any) -> Doc:
    before = await plane.revision()
    answer = await plane.http.post("/v1/apply", json={"documents": documents, **more})
    assert answer.status_code == status, answer.text
    assert await plane.revision() == before
    return dict(answer.json())


async def exported(plane: Plane, query: str = "") -> list[Doc]:
    answer = await plane.http.get(f"/v1/documents{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["documents"])


def actions(answer: Doc) -> dict[str, str]:
    return {each["name"]: each["action"] for each in answer["results"]}


async def test_everything_wanted_is_made_in_one_revision_whatever_its_order(clock: Plane) -> None:
    before = await clock.revision()

    answer = await apply(clock, wanted())

    assert answer["summary"] == {"create": 5}
    assert answer["revision"] == await clock.revision() == before + 1
    [server] = (await clock.http.get("/servers")).json()
    assert server["associatedTools"] == ["clock-now", "weather"]


async def test_applied_again_it_changes_nothing_and_asks_no_upstream(clock: Plane) -> None:
    await apply(clock, wanted())
    before, asked = await clock.revision(), len(clock.discoverer.seen)

    again = await apply(clock, wanted())

    assert again["summary"] == {"unchanged": 5}
    assert again["revision"] is None
    assert (await clock.revision(), len(clock.discoverer.seen)) == (before, asked)


async def test_what_is_exported_changes_nothing_when_it_is_applied(clock: Plane) -> None:
    await apply(clock, wanted(), set="demo")
    [later] = [t for t in (await clock.http.get("/tools")).json() if t["name"] == "clock-later"]
    put = await clock.http.put(
        f"/tools/{later['id']}", json={"description": "Ours", "timeoutMs": 9}
    )
    assert put.status_code == 200, put.text
    before, documents = await clock.revision(), await exported(clock)

    again = await apply(clock, documents)

    assert again["summary"] == {"unchanged": len(documents)}
    assert await clock.revision() == before
    assert "very-secret" not in str(documents)
    [changed] = [each for each in documents if each["metadata"]["name"] == "clock-later"]
    assert changed["spec"]["gateway"] == "clock"
    assert changed["spec"]["overrides"] == {"description": "Ours"}


async def test_an_export_applied_elsewhere_makes_the_same(clock: Plane) -> None:
    await apply(clock, wanted())
    documents = await exported(clock)
    gone = await apply(clock, wanted(), operation="delete")
    assert gone["summary"] == {"delete": 5}
    assert await exported(clock) == []
    for each in documents:
        if each["kind"] == "Gateway":
            each["spec"]["authToken"] = "very-secret"

    made = await apply(clock, documents)

    assert made["summary"] == {"create": 5}
    assert [each | {"spec": None} for each in await exported(clock)] == [
        each | {"spec": None} for each in documents
    ]
    assert (await apply(clock, documents))["summary"] == {"unchanged": 5}


async def test_a_change_is_told_field_by_field_and_secrets_are_not(clock: Plane) -> None:
    await apply(clock, wanted())
    documents = wanted()
    documents[0]["spec"]["tools"] = ["weather"]
    documents[1]["spec"]["authToken"] = "another-secret"
    documents[2]["spec"]["description"] = "The weather"

    answer = await apply(clock, documents)

    told = {each["name"]: each for each in answer["results"] if each["action"] == "update"}
    assert set(told) == {"demo", "clock", "weather"}
    assert told["demo"]["changes"] == [
        {"path": "/tools", "before": ["clock-now", "weather"], "after": ["weather"]}
    ]
    assert told["clock"]["credential"] is True
    assert told["weather"]["changes"][0]["after"] == "The weather"
    assert "secret" not in str(answer)


async def test_a_dry_run_tells_the_plan_and_its_effects_and_writes_nothing(clock: Plane) -> None:
    before = await clock.revision()

    answer = await apply(clock, wanted(), "?dry_run=true")

    assert answer["summary"] == {"create": 5}
    assert {each["name"] for each in answer["effects"]} >= {"clock-now", "weather"}
    assert await clock.revision() == before
    assert (await clock.http.get("/tools")).json() == []


async def test_a_set_prunes_what_it_has_no_more_and_nothing_else(clock: Plane) -> None:
    await apply(clock, [doc("Prompt", "mine", {"template": "Hi"})])
    await apply(clock, wanted(), set="demo")

    answer = await apply(clock, wanted()[1:], set="demo", prune=True)

    assert actions(answer)["demo"] == "delete"
    assert answer["summary"] == {"unchanged": 4, "delete": 1}
    left = {each["metadata"]["name"] for each in await exported(clock)}
    assert left == {"clock", "weather", "hello", "greet", "mine"}
    assert [each["metadata"].get("tags") for each in await exported(clock, "?kinds=Gateway")] == [
        None
    ]


async def test_a_thing_that_fails_takes_all_with_it_and_is_named(clock: Plane) -> None:
    documents = [*wanted(), doc("Gateway", "gone", {"url": "http://gone.example/mcp"})]
    told = await refused(clock, documents, 502)
    assert "Gateway 'gone' (documents[5])" in told["message"]
    assert (await clock.http.get("/tools")).json() == []


async def test_every_problem_of_every_document_is_told_at_once(clock: Plane) -> None:
    documents = [
        doc("Tool", "a b", {"url": "nowhere"}),
        doc("Gateway", "x", {"url": CLOCK_URL, "tmeoutMs": 3}),
        doc("Server", "s", {"naming": "odd"}, visibility="none"),
    ]
    told = await refused(clock, documents[::2], 422)
    fields = {each["field"] for each in told["errors"]}
    assert fields == {
        "documents[0].metadata.name",
        "documents[0].spec.url",
        "documents[1].spec.naming",
        "documents[1].metadata.visibility",
    }
    told = await refused(clock, documents[1:2], 422)
    assert [each["field"] for each in told["errors"]] == ["documents[0].spec.tmeoutMs"]


async def test_a_name_that_nothing_has_is_told_where_it_stands(clock: Plane) -> None:
    told = await refused(clock, [doc("Server", "s", {"tools": ["no-such-tool"]})], 422)
    assert told["errors"][0]["field"] == "documents[0].spec.tools[0]"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "documents[0].apiVersion"),
        (doc("Toool", "x"), "documents[0].kind"),
        (doc("Tool", ""), "documents[0].metadata.name"),
        (doc("Tool", "x", label="y"), "documents[0].metadata.label"),
        (doc("Resource", "x"), "documents[0].spec.uri"),
        (doc("Server", "x", {"tools": "clock-now"}), "documents[0].spec.tools"),
        (doc("Tool", "x", {"enabled": "yes"}), "documents[0].spec.enabled"),
        (doc("Tool", "x", {"gateway": "clock"}), "documents[0].spec.originalName"),
        (doc("Resource", "x", {"gateway": {}, "uriTemplate": "a:{b}"}), "documents[0].spec.uri"),
        (doc("Tool", "x", {"gateway": [], "originalName": "y"}), "documents[0].spec.gateway"),
        (doc("Root", "x", {"uri": 7}), "documents[0].spec.uri"),
        ("text", "documents[0]"),
    ],
)
async def test_an_envelope_that_is_not_well_formed_is_refused(
    clock: Plane, document: Any, field: str
) -> None:
    told = await refused(clock, [document], 422)
    assert field in {each["field"] for each in told["errors"]}


async def test_the_same_thing_twice_is_refused(clock: Plane) -> None:
    told = await refused(clock, [wanted()[4], wanted()[4]], 422)
    assert told["errors"][0]["field"] == "documents[1]"


async def test_best_effort_takes_what_it_can_and_says_what_it_left(clock: Plane) -> None:
    documents = [
        *wanted(),
        doc("Gateway", "gone", {"url": "http://gone.example/mcp"}),
        doc("Tool", "bad", {"url": "nowhere"}),
        doc("Server", "empty-handed", {"tools": ["gone-tool"]}),
    ]

    answer = await apply(clock, documents, bestEffort=True)

    assert answer["summary"] == {"create": 5, "failed": 3}
    failed = {each["name"]: each for each in answer["results"] if each["action"] == "failed"}
    assert failed["gone"]["code"] == "upstream_unreachable"
    assert "there is no Tool 'gone-tool'" in failed["empty-handed"]["error"]
    assert len(await exported(clock)) == 5


async def test_what_is_switched_off_stays_known_and_is_switched_by_its_document(
    clock: Plane,
) -> None:
    documents = wanted()
    documents[1]["spec"]["enabled"] = False
    await apply(clock, documents)
    [gateway] = (await clock.http.get("/gateways?include_inactive=true")).json()
    assert gateway["enabled"] is False
    documents[1]["spec"]["enabled"] = True
    assert actions(await apply(clock, documents))["clock"] == "update"


async def test_others_things_can_not_be_changed_by_documents(clock: Plane) -> None:
    await apply(clock, wanted())
    async with clock.ports.store.write(ACTOR.who) as tx:
        await tx.users.save([User(email=BOB, password_hash="", created_at=tx.at, updated_at=tx.at)])
    documents = [doc("Prompt", "greet", {"template": "Mine"})]
    async with client(clock.app, bearer(clock.clock, BOB)) as bob:
        answer = await bob.post("/v1/apply", json={"documents": documents})
        assert answer.status_code == 403, answer.text
        gone = await bob.post("/v1/apply", json={"documents": documents, "operation": "delete"})
        assert gone.status_code == 403


async def test_pruning_without_a_set_is_refused(clock: Plane) -> None:
    told = await refused(clock, [], 422, prune=True)
    assert told["errors"][0]["field"] == "prune"
