"""A script as users of ContextForge wrote it: every route of the registry's nouns, called in order,
with the bodies and both path families that are in use there."""

from typing import Any

import pytest

from support.control_plane import Plane, upstream_with

LISTS = {
    "tools": "tools",
    "prompts": "prompts",
    "resources": "resources",
    "servers": "servers",
    "gateways": "gateways",
    "a2a": "agents",
}


@pytest.fixture(params=["", "/v1"])
def family(request: pytest.FixtureRequest) -> str:
    """Where paths begin."""
    return str(request.param)


class Script:
    def __init__(self, plane: Plane, family: str) -> None:
        self._http = plane.http
        self._family = family

    async def call(self, status: int, method: str, path: str, **options: Any) -> Any:
        answer = await self._http.request(method, f"{self._family}{path}", **options)
        assert answer.status_code == status, f"{method} {path}: {answer.text}"
        return answer.json()

    async def make(self, status: int, path: str, body: Any) -> dict[str, Any]:
        return dict(await self.call(status, "POST", path, json=body))

    async def works_through(self, path: str, word: str, id: str) -> None:
        """Detail, both switches, a change, then it is gone."""
        shown = await self.call(200, "GET", f"{path}/{id}")
        assert shown["id"] == id
        off = await self.call(200, "POST", f"{path}/{id}/state?activate=false")
        assert off[word]["enabled"] is False
        assert id not in [each["id"] for each in await self.call(200, "GET", path)]
        every = await self.call(200, "GET", f"{path}?include_inactive=true&limit=0")
        assert id in [each["id"] for each in every]
        await self.call(200, "POST", f"{path}/{id}/toggle?activate=true")
        changed = await self.call(200, "PUT", f"{path}/{id}", json={"description": "a > b; c && d"})
        assert changed["description"] == "a > b; c && d"
        assert changed["version"] > shown["version"]
        assert changed["modifiedVia"] == "api"
        gone = await self.call(200, "DELETE", f"{path}/{id}")
        assert gone["status"] == "success"
        await self.call(404, "GET", f"{path}/{id}")


async def test_the_script_passes(plane: Plane, family: str) -> None:
    script = Script(plane, family)
    plane.discoverer.at["http://a.example/mcp"] = upstream_with(
        ["add_numbers"], ["say"], ["file:///r"], ["file:///{x}"]
    )

    gateway = await script.make(200, "/gateways", {"name": "a", "url": "http://a.example/mcp"})
    refresh = f"/gateways/{gateway['id']}/tools/refresh?include_resources=true&include_prompts=true"
    refreshed = await script.call(200, "POST", refresh)
    assert (refreshed["gatewayId"], refreshed["toolsAdded"]) == (gateway["id"], 0)
    tool = await script.make(
        200,
        "/tools",
        {
            "tool": {
                "name": "get_weather",
                "url": "https://api.example/v1/weather",
                "description": "Weather",
                "integration_type": "REST",
                "request_type": "GET",
                "headers": {"X-Client": "me"},
                "input_schema": {"type": "object", "properties": {"q": {"type": "string"}}},
                "annotations": {},
                "jsonpath_filter": "",
                "auth_type": "basic",
                "auth_username": "me",
                "auth_password": "secret",
                "tags": ["demo"],
            },
            "team_id": None,
        },
    )
    prompt = await script.make(
        200,
        "/prompts",
        {
            "prompt": {
                "name": "greet",
                "description": "Greets",
                "template": "Hello {{ who }}",
                "arguments": [{"name": "who", "description": "Whom", "required": True}],
                "tags": ["demo"],
            },
            "visibility": "public",
        },
    )
    resource = await script.make(
        200,
        "/resources",
        {
            "resource": {
                "uri": "memo://one",
                "name": "one",
                "mimeType": "text/plain",
                "content": "text",
                "tags": [{"id": "demo", "label": "demo"}],
            }
        },
    )
    agent = await script.make(
        201, "/a2a", {"agent": {"name": "helper", "endpoint_url": "https://agent.example/"}}
    )
    server = await script.make(
        201,
        "/servers",
        {
            "server": {
                "name": "all",
                "associated_tools": [tool["id"]],
                "associated_prompts": [prompt["id"]],
                "associated_resources": [resource["id"]],
                "associated_a2a_agents": [agent["id"]],
            }
        },
    )
    assert server["associatedTools"] == ["get_weather"]
    for noun, made in (("tools", tool), ("prompts", prompt), ("resources", resource)):
        held = await script.call(200, "GET", f"/servers/{server['id']}/{noun}")
        assert [each["id"] for each in held] == [made["id"]]
        tagged = await script.call(200, "GET", f"/{noun}?tags=demo&visibility=public")
        assert [each["id"] for each in tagged] == [made["id"]]
        of_gateway = await script.call(200, "GET", f"/{noun}?gateway_id={gateway['id']}")
        assert made["id"] not in [each["id"] for each in of_gateway]
    for noun, array in LISTS.items():
        page = await script.call(200, "GET", f"/{noun}?include_pagination=true&limit=1")
        assert len(page[array]) == 1
        assert "nextCursor" in page
    templates = await script.call(200, "GET", "/resources/templates/list")
    assert [each["uriTemplate"] for each in templates] == ["file:///{x}"]
    info = await script.call(200, "GET", f"/resources/{resource['id']}/info")
    assert info["uri"] == "memo://one"
    tags = await script.call(200, "GET", "/tags")
    assert [(each["name"], each["stats"]["total"]) for each in tags] == [("demo", 3)]

    await script.make(200, "/roots", {"uri": "file:///srv", "name": "srv"})
    assert [each["uri"] for each in await script.call(200, "GET", "/roots")] == ["file:///srv"]
    await script.call(200, "DELETE", "/roots/file:///srv")

    await script.works_through("/servers", "server", server["id"])
    await script.works_through("/a2a", "agent", agent["id"])
    await script.works_through("/resources", "resource", resource["id"])
    await script.works_through("/prompts", "prompt", prompt["id"])
    await script.works_through("/tools", "tool", tool["id"])
    await script.works_through("/gateways", "gateway", gateway["id"])
    assert await script.call(200, "GET", "/tools?include_inactive=true") == []


async def test_ids_are_taken_with_dashes_and_cursors_lead_through_a_list(plane: Plane) -> None:
    script = Script(plane, "")
    await plane.register("a", upstream_with([f"t{n}" for n in range(5)]))
    [first, *_] = await script.call(200, "GET", "/tools")
    id = first["id"]
    dashed = f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}"
    assert await script.call(200, "GET", f"/tools/{dashed}") == first

    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await script.call(
            200,
            "GET",
            "/tools",
            params={"include_pagination": "true", "limit": 2, "cursor": cursor},
        )
        found += [each["name"] for each in page["tools"]]
        cursor = page["nextCursor"]
    assert found == [f"a-t{n}" for n in range(5)]
