"""Tools that are made of other tools, in the registry: made, shown, kept true, exported."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Tool
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Found
from mcpgateway.control_plane.registry.people.model import User
from support.control_plane import ACTOR, Plane, bearer, client, found, upstream_with

BOB = "bob@example.com"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "description": "What for."},
        "tenant": {"type": "string"},
    },
    "required": ["query", "tenant"],
}
SEARCH = found(
    "search",
    description="Searches.",
    inputSchema=SCHEMA,
    annotations={"readOnlyHint": True, "idempotentHint": True},
)
FETCH = found("fetch", inputSchema={"type": "object", "properties": {"id": {}}})


@pytest.fixture
async def docs(plane: Plane) -> Plane:
    await plane.register("docs", seen(SEARCH, FETCH))
    return plane


def seen(*tools: Found) -> Discovered:
    return msgspec.structs.replace(upstream_with(), tools=tools)


DERIVED: dict[str, Any] = {
    "name": "acme_search",
    "integration_type": "DERIVED",
    "recipe": {
        "tool": "docs-search",
        "fixed": {"tenant": "acme"},
        "renamed": {"q": "query"},
        "description": "Only at Acme. {description}",
    },
}
COMPOSED: dict[str, Any] = {
    "name": "read_all",
    "integration_type": "COMPOSED",
    "description": "Finds and reads.",
    "input_schema": {"type": "object", "properties": {"words": {"type": "string"}}},
    "recipe": {
        "steps": [
            {"name": "hits", "tool": "acme_search", "arguments": {"q": {"$": "$.input.words"}}},
            {
                "name": "texts",
                "tool": "docs-fetch",
                "each": "$.steps.hits.ids",
                "arguments": {"id": {"$": "$.item"}},
                "atOnce": 8,
                "onError": "skip",
            },
        ],
        "result": {"texts": {"$": "$.steps.texts"}},
    },
}


async def made(plane: Plane, body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = await plane.http.post("/tools", json=body | changes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def routed(plane: Plane, base: int = 0) -> dict[str, Tool]:
    delta = await plane.routing.delta(base)
    return {each.name: each for each in delta.upserts if isinstance(each, Tool)}


async def refused(plane: Plane, body: dict[str, Any]) -> dict[str, str]:
    answer = await plane.http.post("/tools", json=body)
    assert answer.status_code == 422, answer.text
    return {each["field"]: each["problem"] for each in answer.json()["errors"]}


async def refresh(plane: Plane, *tools: Any) -> None:
    [gateway] = (await plane.http.get("/gateways")).json()
    plane.discoverer.at[gateway["url"]] = seen(*tools)
    answer = await plane.http.post(f"/gateways/{gateway['id']}/tools/refresh")
    assert answer.status_code == 200, answer.text


async def test_a_derived_tool_says_what_its_base_says_as_its_recipe_has_it(docs: Plane) -> None:
    tool = await made(docs, DERIVED)

    assert (tool["integrationType"], tool["gatewayId"]) == ("DERIVED", None)
    assert tool["description"] == "Only at Acme. Searches."
    assert tool["inputSchema"] == {
        "type": "object",
        "properties": {"q": {"type": "string", "description": "What for."}},
        "required": ["q"],
        "additionalProperties": False,
    }
    assert tool["annotations"] == {"readOnlyHint": True, "idempotentHint": True}
    base = (await docs.tool_ids())["docs-search"]
    assert tool["recipe"]["tool"] == base
    assert tool["madeOf"] == [{"id": base, "name": "docs-search"}]

    route = (await routed(docs))["acme_search"]
    assert (route.upstream, route.read_only, route.idempotent) == ("", True, True)
    assert msgspec.json.decode(route.recipe)["tool"] == base
    assert msgspec.json.decode(route.definition)["inputSchema"] == tool["inputSchema"]


async def test_a_composed_tool_names_others_and_is_routed_with_them(docs: Plane) -> None:
    await made(docs, DERIVED)
    tool = await made(docs, COMPOSED)

    assert tool["integrationType"] == "COMPOSED"
    assert tool["recipe"]["steps"][1]["at_once"] == 8
    assert sorted(each["name"] for each in tool["madeOf"]) == ["acme_search", "docs-fetch"]
    table = build("r", 1, (await docs.routing.delta(0)).upserts)
    assert not table.faults
    assert tool["id"] in table.tools


async def test_a_changed_base_changes_what_is_derived_of_it(docs: Plane) -> None:
    tool = await made(docs, DERIVED)
    second = await made(
        docs, DERIVED, name="of_it", recipe={"tool": "acme_search", "defaults": {"q": "all"}}
    )
    base = await docs.revision()
    ids = await docs.tool_ids()
    answer = await docs.http.put(f"/tools/{ids['docs-search']}", json={"description": "Finds."})
    assert answer.status_code == 200

    assert set(await routed(docs, base)) == {"docs-search", "acme_search", "of_it"}
    now = (await docs.http.get(f"/tools/{tool['id']}")).json()
    assert (now["description"], now["version"]) == ("Only at Acme. Finds.", 1)
    now = (await docs.http.get(f"/tools/{second['id']}")).json()
    assert now["description"] == "Only at Acme. Finds."
    assert now["inputSchema"]["properties"]["q"]["default"] == "all"


async def test_a_refresh_changes_what_is_derived_of_a_gateways_tool(docs: Plane) -> None:
    tool = await made(docs, DERIVED)
    other = {**SCHEMA, "properties": {**SCHEMA["properties"], "limit": {"type": "integer"}}}
    await refresh(docs, found("search", description="Searches.", inputSchema=other), FETCH)
    now = (await docs.http.get(f"/tools/{tool['id']}")).json()
    assert sorted(now["inputSchema"]["properties"]) == ["limit", "q"]
    assert (await routed(docs))["acme_search"].read_only is False


async def test_a_tool_that_goes_leaves_what_is_made_of_it_out_of_use(docs: Plane) -> None:
    tool = await made(docs, DERIVED)
    ids = await docs.tool_ids()
    gone = await docs.http.delete(f"/tools/{ids['docs-search']}")
    assert gone.status_code == 200
    assert "acme_search" in gone.text

    table = build("r", 1, (await docs.routing.delta(0)).upserts)
    assert [(each.kind, each.id) for each in table.faults] == [("tool", tool["id"])]
    back = await docs.http.post(f"/v1/tools/{ids['docs-search']}/rollback", json={"version": 1})
    assert back.status_code == 200, back.text
    assert not build("r", 1, (await docs.routing.delta(0)).upserts).faults


async def test_a_switched_off_base_takes_what_is_made_of_it_along(docs: Plane) -> None:
    await made(docs, DERIVED)
    ids = await docs.tool_ids()
    off = await docs.http.post(f"/tools/{ids['docs-search']}/state?activate=false")
    assert off.status_code == 200, off.text
    table = build("r", 1, (await docs.routing.delta(0)).upserts)
    assert {each.name for each in table.tools.values()} == {"docs-fetch"}


async def test_a_body_that_is_shown_can_be_sent_back(docs: Plane) -> None:
    for body in (DERIVED, COMPOSED):
        tool = await made(docs, body)
        answer = await docs.http.put(f"/tools/{tool['id']}", json=tool | {"title": "T"})
        assert answer.status_code == 200, answer.text
        now = answer.json()
        changed = {name for name in now if now[name] != tool[name]}
        assert changed <= {
            "title",
            "displayName",
            "overrides",
            "version",
            "updatedAt",
            "modifiedBy",
            "modifiedAt",
            "modifiedVia",
            "modifiedFromIp",
            "modifiedUserAgent",
        }


async def test_a_recipe_can_be_changed(docs: Plane) -> None:
    tool = await made(docs, DERIVED)
    recipe = {"tool": "docs-search", "defaults": {"tenant": "x"}}
    answer = await docs.http.put(f"/tools/{tool['id']}", json={"recipe": recipe})
    assert answer.status_code == 200, answer.text
    assert answer.json()["inputSchema"]["required"] == ["query"]


async def test_a_recipe_stays_of_its_kind(docs: Plane) -> None:
    composed = await made(docs, COMPOSED, recipe={"steps": [STEP]})
    other = {"recipe": {"tool": "docs-search"}}
    answer = await docs.http.put(f"/tools/{composed['id']}", json=other)
    assert [each["field"] for each in answer.json()["errors"]] == ["recipe"]


STEP = {"name": "a", "tool": "docs-fetch"}


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"recipe": {"tool": "nothing"}}, "recipe.tool", "no tool"),
        ({"recipe": {"tool": "docs-search", "fixd": {}}}, "recipe.fixd", "not known"),
        ({"recipe": {"tool": "docs-search", "fixed": []}}, "recipe", "Expected `object`"),
        ({"recipe": {"fixed": {}}}, "recipe", "missing required field `tool`"),
        (
            {"recipe": {"tool": "docs-search", "hidden": ["query"]}},
            "recipe.hidden.query",
            "required by the base",
        ),
        ({"url": "https://x.example/"}, "url", "REST"),
        ({"input_schema": {"type": "object", "properties": {}}}, "inputSchema", "the recipe"),
        ({"jsonpath_filter": "$.a"}, "jsonpath_filter", "the base's"),
        ({"integration_type": "COMPOSED", "recipe": {"steps": []}}, "recipe.steps", "1 to 20"),
        (
            {
                "integration_type": "COMPOSED",
                "recipe": {"steps": [STEP | {"arguments": {"id": {"$": "$.steps.b"}}}]},
            },
            "recipe.steps[0].arguments.id",
            "no step before",
        ),
        (
            {"integration_type": "COMPOSED", "recipe": {"steps": [STEP | {"tol": 1}]}},
            "recipe.steps[0].tol",
            "not known",
        ),
        (
            {
                "integration_type": "COMPOSED",
                "recipe": {"steps": [STEP, {"name": "b", "tool": "x"}]},
            },
            "recipe.steps[1].tool",
            "no tool",
        ),
        ({"integration_type": "DERIVED", "recipe": None}, "recipe", "is required"),
        ({"recipe": {"steps": [STEP]}, "integration_type": "REST"}, "integration_type", "DERIVED"),
    ],
)
async def test_what_is_wrong_with_a_recipe_is_said_by_its_member(
    docs: Plane, changes: dict[str, Any], field: str, said: str
) -> None:
    problems = await refused(docs, DERIVED | changes)
    assert said in problems[field]


async def test_no_tool_is_made_of_itself_by_whatever_way(docs: Plane) -> None:
    await made(docs, DERIVED)
    await made(docs, COMPOSED)
    ids = await docs.tool_ids()
    answer = await docs.http.put(
        f"/tools/{ids['acme_search']}", json={"recipe": {"tool": "read_all"}}
    )
    assert answer.status_code == 422
    assert "the tool itself" in answer.json()["errors"][0]["problem"]
    answer = await docs.http.put(
        f"/tools/{ids['acme_search']}", json={"recipe": {"tool": ids["acme_search"]}}
    )
    assert answer.status_code == 422


async def test_recipes_of_recipes_go_so_deep(docs: Plane) -> None:
    below = "docs-fetch"
    for n in range(4):
        await made(docs, DERIVED, name=f"level{n}", recipe={"tool": below})
        below = f"level{n}"
    problems = await refused(docs, DERIVED | {"name": "level4", "recipe": {"tool": below}})
    assert "more than 4 deep" in problems["recipe"]
    other = await made(docs, DERIVED, name="other", recipe={"tool": "docs-search"})
    ids = await docs.tool_ids()
    deeper = await docs.http.put(f"/tools/{ids['level0']}", json={"recipe": {"tool": "other"}})
    assert deeper.status_code == 422, other


async def test_nobody_makes_a_tool_of_what_he_does_not_see_or_may_not_use(docs: Plane) -> None:
    ids = await docs.tool_ids()
    hidden = {"visibility": "private", "owner_email": "admin@example.com"}
    await docs.http.put(f"/tools/{ids['docs-search']}", json=hidden)
    async with docs.ports.store.write(ACTOR.who) as tx:
        await tx.users.save([User(email=BOB, password_hash="", created_at=tx.at, updated_at=tx.at)])
    async with client(docs.app, bearer(docs.clock, BOB)) as bob:
        answer = await bob.post("/tools", json=DERIVED | {"visibility": "private"})
    assert answer.status_code in (403, 422)
    assert "acme_search" not in await docs.tool_ids()


async def test_an_old_recipe_comes_back_with_what_the_base_says_now(docs: Plane) -> None:
    tool = await made(docs, DERIVED)
    path = f"/tools/{tool['id']}"
    await docs.http.put(path, json={"recipe": {"tool": "docs-search", "defaults": {"query": "x"}}})
    ids = await docs.tool_ids()
    await docs.http.put(f"/tools/{ids['docs-search']}", json={"description": "Finds."})

    answer = await docs.http.post(f"/v1{path}/rollback", json={"version": 1})
    assert answer.status_code == 200, answer.text
    now = (await docs.http.get(path)).json()
    assert now["description"] == "Only at Acme. Finds."
    assert list(now["inputSchema"]["properties"]) == ["q"]


async def test_a_recipe_does_not_come_back_without_its_tools(docs: Plane) -> None:
    tool = await made(docs, DERIVED)
    path = f"/tools/{tool['id']}"
    await docs.http.put(path, json={"recipe": {"tool": "docs-fetch"}})
    ids = await docs.tool_ids()
    await docs.http.delete(f"/tools/{ids['docs-search']}")
    answer = await docs.http.post(f"/v1{path}/rollback", json={"version": 1})
    assert answer.status_code == 409
    assert "docs-search" in answer.text


async def test_a_recipe_does_not_come_back_into_a_circle(docs: Plane) -> None:
    first = await made(docs, DERIVED, name="first", recipe={"tool": "docs-search"})
    second = await made(docs, DERIVED, name="second", recipe={"tool": "first"})
    for name, base in (("second", "docs-fetch"), ("first", "second")):
        ids = await docs.tool_ids()
        answer = await docs.http.put(f"/tools/{ids[name]}", json={"recipe": {"tool": base}})
        assert answer.status_code == 200, answer.text
    answer = await docs.http.post(f"/v1/tools/{second['id']}/rollback", json={"version": 1})
    assert answer.status_code == 409
    assert "the tool itself" in answer.text
    now = (await docs.http.get(f"/tools/{second['id']}")).json()
    assert now["version"] == 2, first


async def test_the_registry_of_then_has_its_recipes(docs: Plane) -> None:
    await made(docs, DERIVED)
    await made(docs, COMPOSED)
    then = await docs.revision()
    before = (await docs.http.get("/tools")).json()
    for name in ("read_all", "acme_search", "docs-search"):
        await docs.http.delete(f"/tools/{(await docs.tool_ids())[name]}")
    answer = await docs.http.post(f"/v1/revisions/{then}/restore")
    assert answer.status_code == 200, answer.text
    after = (await docs.http.get("/tools")).json()
    assert [each["recipe"] for each in after] == [each["recipe"] for each in before]
    assert not build("r", 1, (await docs.routing.delta(0)).upserts).faults


async def test_a_dry_run_tells_what_goes_with_a_tool(docs: Plane) -> None:
    await made(docs, DERIVED)
    ids = await docs.tool_ids()
    answer = await docs.http.delete(f"/tools/{ids['docs-search']}?dry_run=true")
    assert answer.status_code == 200, answer.text
    assert "acme_search" in str(answer.json()["effects"])


async def test_documents_name_tools_by_name_in_whatever_order(docs: Plane) -> None:
    await made(docs, DERIVED)
    await made(docs, COMPOSED)
    exported = (await docs.http.get("/v1/documents")).json()
    mine = [each for each in exported["documents"] if "recipe" in each["spec"]]
    by_name = {each["metadata"]["name"]: each["spec"] for each in mine}
    assert by_name["acme_search"]["recipe"] == DERIVED["recipe"] | {"type": "derived"}
    assert "inputSchema" not in by_name["acme_search"]
    assert by_name["read_all"]["recipe"]["steps"][0]["tool"] == "acme_search"

    async def apply(documents: list[Any]) -> list[str]:
        answer = await docs.http.post("/v1/apply", json={"documents": documents})
        assert answer.status_code == 200, answer.text
        return [each["action"] for each in answer.json()["results"]]

    assert await apply(mine) == ["unchanged", "unchanged"]
    for name in by_name:
        await docs.http.delete(f"/tools/{(await docs.tool_ids())[name]}")
    last_first = sorted(mine, key=lambda each: each["metadata"]["name"], reverse=True)
    assert await apply(last_first) == ["create", "create"]
    assert await apply(mine) == ["unchanged", "unchanged"]


async def test_an_export_file_brings_recipes_along(docs: Plane) -> None:
    await made(docs, DERIVED)
    await made(docs, COMPOSED)
    file = (await docs.http.get("/v1/export?types=tools")).json()
    kinds = {each["name"]: each["integration_type"] for each in file["entities"]["tools"]}
    assert {kinds["acme_search"], kinds["read_all"]} == {"DERIVED", "COMPOSED"}
    for name in ("read_all", "acme_search"):
        await docs.http.delete(f"/tools/{(await docs.tool_ids())[name]}")
    answer = await docs.http.post("/v1/import", json={"import_data": file})
    assert answer.status_code == 200, answer.text
    assert {"read_all", "acme_search"} <= set(await docs.tool_ids())
