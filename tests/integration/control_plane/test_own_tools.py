"""Tools of our own, and what is put over the words of upstreams' tools."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common.routing.model import Tool
from mcpgateway.control_plane.registry.people.model import User
from support.control_plane import ACTOR, Plane, bearer, client, found, upstream_with

BOB = "bob@example.com"
SEALED = "SELECT sealed FROM credentials WHERE tool_id = $1"

REST: dict[str, Any] = {
    "name": "get_weather",
    "url": "https://api.example/v2/weather/{city}?units=metric",
    "description": "The weather; where temp > 0 && wind < 5",
    "integration_type": "REST",
    "request_type": "GET",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
    "output_schema": {"type": "object"},
    "annotations": {"readOnlyHint": True},
    "headers": {"X-Client": "gateway"},
    "query_mapping": {"language": "lang"},
    "header_mapping": {"trace": "X-Trace"},
    "jsonpath_filter": "$.temperature",
    "timeout_ms": 3000,
    "max_concurrency": 4,
    "allowlist": ["api.example"],
    "passthrough_headers": ["X-Tenant"],
    "extension_metadata": {"team": "weather"},
    "plugin_chain_pre": ["mask"],
    "auth": {"auth_type": "bearer", "token": "very-secret"},
    "tags": ["Weather"],
}


async def made(plane: Plane, **changes: Any) -> dict[str, Any]:
    answer = await plane.http.post("/tools", json={"tool": REST | changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def routed(plane: Plane) -> dict[str, Tool]:
    delta = await plane.routing.delta(0)
    return {each.name: each for each in delta.upserts if isinstance(each, Tool)}


async def test_a_rest_tool_is_made_shown_and_routed(plane: Plane) -> None:
    tool = await made(plane)

    assert (tool["name"], tool["originalName"], tool["gatewayId"]) == (
        "get_weather",
        "get_weather",
        None,
    )
    assert (tool["baseUrl"], tool["pathTemplate"]) == (
        "https://api.example",
        "/v2/weather/{city}?units=metric",
    )
    assert (tool["requestType"], tool["integrationType"]) == ("GET", "REST")
    assert tool["auth"]["token"] == "*****"
    assert (tool["version"], tool["createdVia"]) == (1, "api")

    route = (await routed(plane))["get_weather"]
    request = msgspec.json.decode(route.request)
    assert request["url"] == REST["url"]
    assert request["passthrough_headers"] == tool["passthroughHeaders"] == ["X-Tenant"]
    assert route.credential == tool["id"]
    assert (route.upstream, route.read_only, route.validation) == ("", True, "both")
    assert (route.timeout_ms, route.max_concurrency) == (3000, 4)


async def test_secrets_are_sealed_kept_when_masked_and_left_with_their_origin(plane: Plane) -> None:
    tool = await made(plane)
    before = await plane.pool.fetch(SEALED, tool["id"])
    assert b"very-secret" not in before[0]["sealed"]

    kept = await plane.http.put(f"/tools/{tool['id']}", json=tool | {"title": "T"})
    assert kept.status_code == 200, kept.text
    after = await plane.pool.fetch(SEALED, tool["id"])
    assert before == after

    moved = await plane.http.put(f"/tools/{tool['id']}", json={"url": "https://evil.example/"})
    assert moved.status_code == 422
    moved = await plane.http.put(
        f"/tools/{tool['id']}", json={"url": "https://evil.example/", "allowlist": ["evil.example"]}
    )
    assert [each["field"] for each in moved.json()["errors"]] == ["auth"]

    gone = await plane.http.put(f"/tools/{tool['id']}", json={"auth_type": "none"})
    assert gone.json()["auth"] is None
    assert await plane.pool.fetchval("SELECT count(*) FROM credentials") == 0


async def test_what_was_shown_can_be_sent_back_unchanged(plane: Plane) -> None:
    await plane.register("a", upstream_with(["get_x"]))
    mine = await made(plane)
    for tool in (mine, *(await plane.http.get("/tools?gateway_id=" + "0" * 32)).json()):
        again = await plane.http.put(f"/tools/{tool['id']}", json=tool)
        assert again.status_code == 200, again.text
    [id] = [id for name, id in (await plane.tool_ids()).items() if name == "a-get-x"]
    theirs = (await plane.http.get(f"/tools/{id}")).json()

    again = await plane.http.put(f"/tools/{id}", json=theirs)

    assert again.status_code == 200, again.text
    changed = {name for name in theirs if again.json()[name] != theirs[name]}
    assert changed == {
        "updatedAt",
        "version",
        "modifiedBy",
        "modifiedVia",
        "modifiedFromIp",
        "modifiedUserAgent",
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "has space"}, "name"),
        ({"integration_type": "MCP"}, "integration_type"),
        ({"integration_type": "A2A"}, "integration_type"),
        ({"request_type": "SSE"}, "request_type"),
        ({"gateway_id": "0" * 32}, "gateway_id"),
        ({"url": "ftp://a/"}, "url"),
        ({"url": None}, "url"),
        ({"url": "https://{host}/"}, "url"),
        ({"inputSchema": {"type": "nonsense"}}, "inputSchema"),
        ({"input_schema": {"type": "array"}}, "input_schema"),
        ({"output_schema": {"properties": 1}}, "output_schema"),
        ({"jsonpath_filter": "$[["}, "jsonpath_filter"),
        ({"timeout_ms": -1}, "timeout_ms"),
        ({"headers": {"Authorization": "Bearer x"}}, "headers.Authorization"),
        ({"header_mapping": {"a": "Host"}}, "header_mapping.a"),
        ({"passthrough_headers": ["Authorization"]}, "passthrough_headers"),
        ({"passthrough_headers": ["a b"]}, "passthrough_headers"),
        ({"allowlist": ["other.example"]}, "url"),
        ({"description": "x" * 8193}, "description"),
        ({"visibility": "secret"}, "visibility"),
        ({"auth": {"auth_type": "bearer"}}, "auth.token"),
        ({"auth": {"authType": "digest"}}, "auth.authType"),
    ],
)
async def test_a_refusal_names_the_field(plane: Plane, change: dict[str, Any], field: str) -> None:
    body = {name: value for name, value in REST.items() if name not in ("input_schema",)}
    answer = await plane.http.post("/tools", json={"tool": body | change})
    assert answer.status_code == 422, answer.text
    assert field in [each["field"] for each in answer.json()["errors"]]
    assert "very-secret" not in answer.text


async def test_a_refusal_names_everything_at_once(plane: Plane) -> None:
    wrong = {"name": "", "url": "ftp://x", "inputSchema": {"type": "wrong"}, "timeout_ms": -1}
    answer = await plane.http.post("/tools", json=wrong | {"request_type": "SSE"})
    assert answer.status_code == 422, answer.text
    assert {each["field"] for each in answer.json()["errors"]} == {*wrong, "request_type"}


async def test_an_override_lasts_through_a_refresh_and_reaches_clients(plane: Plane) -> None:
    gateway = await plane.register("a", upstream_with(["get_x"]))
    [id] = (await plane.tool_ids()).values()
    server = await plane.bundle("s", [id])
    change = {
        "customName": "find it",
        "description": "ours",
        "annotations": {"readOnlyHint": True},
        "tags": ["Mine"],
    }

    answer = await plane.http.put(f"/tools/{id}", json=change)
    seen = upstream_with(["get_x"])
    reworded = found("get_x", description="theirs, new", inputSchema={"type": "object"}, title="T")
    plane.discoverer.at["http://a.example/mcp"] = msgspec.structs.replace(seen, tools=(reworded,))
    await plane.http.post(f"/gateways/{gateway['id']}/tools/refresh")
    tool = (await plane.http.get(f"/tools/{id}")).json()
    held = (await plane.http.get(f"/servers/{server['id']}")).json()

    assert answer.status_code == 200, answer.text
    assert (tool["name"], tool["originalName"], tool["customName"]) == (
        "a-find-it",
        "get_x",
        "find it",
    )
    assert (tool["description"], tool["originalDescription"], tool["title"]) == (
        "ours",
        "theirs, new",
        "T",
    )
    assert [tag["id"] for tag in tool["tags"]] == ["mine"]
    assert held["associatedTools"] == ["a-find-it"]
    route = (await routed(plane))["a-find-it"]
    assert msgspec.json.decode(route.definition)["description"] == "ours"
    assert (route.original_name, route.read_only) == ("get_x", True)

    back = await plane.http.put(f"/tools/{id}", json={"overrides": {}, "customName": "get_x"})
    assert (back.json()["description"], back.json()["name"]) == ("theirs, new", "a-get-x")


async def test_a_name_that_is_taken_is_a_conflict(plane: Plane) -> None:
    await plane.register("a", upstream_with(["x", "y"]))
    ids = await plane.tool_ids()
    own = await made(plane)

    renamed = await plane.http.put(f"/tools/{ids['a-x']}", json={"name": "a-y"})
    twice = await plane.http.post("/tools", json=REST)
    taken = await plane.http.put(f"/tools/{own['id']}", json={"name": "a-x"})

    assert [each.status_code for each in (renamed, twice, taken)] == [409, 409, 409]
    assert "'a-y'" in renamed.json()["message"]


async def test_what_belongs_to_the_gateway_is_changed_there(plane: Plane) -> None:
    await plane.register("a", upstream_with(["x"]))
    [id] = (await plane.tool_ids()).values()
    change: dict[str, Any] = {
        "url": "http://other.example/",
        "requestType": "GET",
        "auth_type": "none",
    }
    change |= {"auth": {"auth_type": "bearer", "token": "t"}}

    answer = await plane.http.put(f"/tools/{id}", json=change)

    assert answer.status_code == 422
    fields = {each["field"] for each in answer.json()["errors"]}
    assert fields == {"url", "request_type", "auth"}


async def test_a_stale_change_is_refused(plane: Plane) -> None:
    tool = await made(plane)
    path = f"/tools/{tool['id']}"
    first = await plane.http.get(path)
    await plane.http.put(path, json={"title": "new"}, headers={"If-Match": first.headers["etag"]})

    for answer in (
        await plane.http.put(path, json={"title": "late"}, headers={"If-Match": '"1"'}),
        await plane.http.delete(path, headers={"If-Match": '"1"'}),
    ):
        assert answer.status_code == 412
    assert (await plane.http.delete(path, headers={"If-Match": '"2"'})).status_code == 200


async def test_a_deleted_tool_leaves_its_servers_and_an_upstreams_comes_back(plane: Plane) -> None:
    gateway = await plane.register("a", upstream_with(["x"]))
    own = await made(plane)
    ids = await plane.tool_ids()
    server = await plane.bundle("s", list(ids.values()))

    mine = await plane.http.delete(f"/tools/{own['id']}")
    theirs = await plane.http.delete(f"/tools/{ids['a-x']}")
    held = (await plane.http.get(f"/servers/{server['id']}")).json()
    await plane.http.post(f"/gateways/{gateway['id']}/tools/refresh")

    assert mine.json() == {"status": "success", "message": f"Tool {own['id']} deleted"}
    assert "disable it" in theirs.json()["message"]
    assert held["associatedTools"] == []
    assert (await plane.tool_ids()).keys() == {"a-x"}


async def test_a_disabled_tool_is_not_routed_and_its_credential_neither(plane: Plane) -> None:
    tool = await made(plane)
    base = await plane.revision()
    await plane.http.post(f"/tools/{tool['id']}/state?activate=false")
    delta = await plane.routing.delta(base)
    assert {(key.kind, key.id) for key in delta.deletes} == {
        ("tool", tool["id"]),
        ("credential", tool["id"]),
    }
    await plane.http.post(f"/tools/{tool['id']}/state?activate=true")
    delta = await plane.routing.delta(base)
    assert {each.kind for each in delta.upserts} == {"tool", "credential"}


async def test_only_its_owner_changes_a_tool(plane: Plane) -> None:
    tool = await made(plane)
    async with plane.ports.store.write(ACTOR.who) as tx:
        bob = User(email=BOB, password_hash="x", created_at=tx.at, updated_at=tx.at)
        await tx.users.save([bob])
    async with client(plane.app, bearer(plane.clock, BOB)) as http:
        assert (await http.put(f"/tools/{tool['id']}", json={"title": "x"})).status_code == 403
        own = await http.post("/tools", json=REST | {"name": "bobs", "visibility": "private"})
        assert own.json()["ownerEmail"] == "bob@example.com"
        given = await http.post("/tools", json=REST | {"name": "x", "owner_email": "a@b.c"})
        assert given.status_code == 403


async def test_an_operation_of_every_place_body_and_page_is_kept_shown_and_taken_back(
    plane: Plane,
) -> None:
    members: dict[str, Any] = {
        "query_mapping": {"after": "cursor", "where": "filter"},
        "query_style": {"where": "deepObject"},
        "cookie_mapping": {"session": "sid"},
        "accept": "application/json",
        "retries": 0,
        "pagination": {
            "style": "cursor",
            "items": "/data",
            "next": "/next",
            "parameter": "cursor",
            "max_pages": 4,
        },
    }
    tool = await made(plane, **members)
    assert tool["pagination"]["maxPages"] == 4
    route = msgspec.json.decode((await routed(plane))["get_weather"].request)
    assert {name: route[name] for name in members} == members

    again = await plane.http.put(f"/tools/{tool['id']}", json=tool)
    assert again.status_code == 200, again.text
    shown = ("queryMapping", "queryStyle", "cookieMapping", "accept", "retries", "pagination")
    assert [again.json()[name] for name in shown] == [tool[name] for name in shown]

    upload = {"request_type": "POST", "pagination": {}, "body": "multipart", "files": {"f": ""}}
    changed = await plane.http.put(f"/tools/{tool['id']}", json=upload)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["pagination"], changed.json()["body"]) == (None, "multipart")
