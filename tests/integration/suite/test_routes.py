"""Every route that the reference calls served is served, on real objects."""

import csv
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from support.door import Door
from support.grpc_service import grpc_service
from support.mcp_servers import mcp_server
from support.suite import Suite, running_suite

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTES = Path(__file__).parents[3] / "docs" / "reference" / "contextforge-routes.tsv"
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c"}}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}
FORM = "application/x-www-form-urlencoded"
EVENTS = "text/event-stream"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


# Of who calls and what he may do: tried on real objects where their rules are tested.
PEOPLE = re.compile(
    r"(/v1)?/(auth|teams|tokens|rbac|oauth|vault|me|invitations)/?.*"
    r"|/admin/(forgot-password|reset-password|change-password|gateways/discover-oauth).*"
    r"|.*/oauth-protected-resource.*"
)


def served(*, people: bool = False) -> list[tuple[str, str]]:
    """Method and path of each route with the status `now`."""
    with ROUTES.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["status"] == "now"]
    return [
        (method, row["path"])
        for row in rows
        for method in row["method"].split("|")
        if bool(PEOPLE.fullmatch(row["path"])) is people
    ]


@dataclass
class World:
    """A suite and what is registered there, by the placeholders of paths."""

    suite: Suite
    ids: Mapping[str, str]
    password: str

    def path(self, pattern: str, **other: str) -> str:
        return pattern.replace(":path}", "}").format(**{**self.ids, **other})

    @property
    def credentials(self) -> dict[str, str]:
        return {"email": "admin@example.com", "password": self.password}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """With everything switched on that a route may need."""
    data: Path = tmp_path_factory.mktemp("suite") / "data"
    catalog = data.parent / "catalog.yml"
    catalog.write_text(CATALOG)
    told = {
        "MCPGATEWAY_WS_RELAY_ENABLED": "true",
        "MCPGATEWAY_CATALOG_FILE": str(catalog),
        "SSO_ENABLED": "true",
    }
    async with running_suite(data, "--replicas", "2", environ=told) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(suite: Suite) -> AsyncIterator[World]:
    async with mcp_server() as upstream, suite.http() as http:
        gateway = await suite.register("upstream", upstream.url)
        found = {noun: (await http.get(f"/{noun}")).json() for noun in NOUNS}
        server = await suite.bundle("all", [found["tools"][0]["id"]])
        motto = next(each for each in found["resources"] if each["uri"] == "memo://motto")
        agent = await http.post("/a2a", json={"agent": AGENT})
        await http.post("/roots", json={"uri": ROOT})
        imported = (await http.post("/import", json=EXPORT)).json()
        ids = {
            "agent_id": agent.json()["id"],
            "root_uri": ROOT,
            "uri": ROOT,
            "tag_name": "any",
            "gateway_id": gateway["id"],
            "server_id": server,
            "id": server,
            "tool_id": found["tools"][0]["id"],
            "prompt_id": found["prompts"][0]["id"],
            "resource_id": motto["id"],
            "catalog_id": LISTED,
            "import_id": imported["import_id"],
        }
        yield World(suite, ids, secret(suite, "PLATFORM_ADMIN_PASSWORD"))


NOUNS = ("tools", "prompts", "resources")


def secret(suite: Suite, name: str) -> str:
    lines = (suite.data_dir / "secrets.env").read_text().splitlines()
    (value,) = [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]
    return value.strip("'\"")


@asynccontextmanager
async def throw_away(world: World, method: str, path: str) -> AsyncIterator[dict[str, str]]:
    """Ids of objects that a destructive route may have for itself."""
    async with AsyncExitStack() as stack:
        if method == "DELETE" and path in MADE:
            noun, body, placeholder = MADE[path]
            async with world.suite.http() as http:
                made = await http.post(noun, json=body)
            yield {placeholder: made.json()["id"]}
        elif method == "DELETE" and path.endswith("/gateways/{gateway_id}"):
            upstream = await stack.enter_async_context(mcp_server())
            gateway = await world.suite.register(f"spare-{uuid4().hex[:8]}", upstream.url)
            yield {"gateway_id": gateway["id"]}
        elif method == "DELETE" and path == "/servers/{server_id}":
            yield {"server_id": await world.suite.bundle(f"spare-{uuid4().hex[:8]}", [])}
        elif path.startswith("/admin/mcp-registry/"):
            yield {"server_id": LISTED}
        elif path.startswith("/admin/grpc/"):
            body = await grpc_body(stack)
            async with world.suite.http() as http:
                made = await http.post("/admin/grpc", json=body)
            yield {"service_id": made.json()["id"]}
        else:
            yield {}


@asynccontextmanager
async def body_for(world: World, method: str, path: str) -> AsyncIterator[dict[str, Any]]:
    """What is sent: options of a request."""
    async with AsyncExitStack() as stack:
        grpc = await grpc_body(stack) if (method, path) == ("POST", "/admin/grpc") else None
        match method, path:
            case "POST", "/gateways":
                upstream = await stack.enter_async_context(mcp_server())
                yield {"json": {"name": f"made-{uuid4().hex[:8]}", "url": upstream.url}}
            case "POST", "/admin/login":
                yield {"data": world.credentials, "headers": {"content-type": FORM}}
            case "POST", "/admin/logout":
                yield {"data": {}, "headers": {"content-type": FORM}}
            case "DELETE", "/mcp" | "/servers/{id}/mcp":
                yield {"headers": {"mcp-session-id": await session(world, world.path(path))}}
            case "GET", "/mcp" | "/servers/{id}/mcp":
                held = {"mcp-session-id": await session(world, world.path(path))}
                yield {"headers": {**held, "accept": EVENTS}}
            case "POST", "/message" | "/servers/{server_id}/message":
                stream = world.path(path.replace("message", "sse"))
                query = await stack.enter_async_context(stream_query(world, stream))
                yield {"json": PING, "params": query}
            case _:
                body = grpc or BODIES.get((method, path), {} if method in ("POST", "PUT") else None)
                if path.startswith("/auth/"):
                    body = world.credentials
                yield {} if body is None else {"json": body}


async def grpc_body(stack: AsyncExitStack) -> dict[str, Any]:
    """Of a service that is there for as long as the stack is open."""
    service = await stack.enter_async_context(grpc_service())
    target = f"{service.host}:{service.port}"
    return {"name": f"grpc-{uuid4().hex[:8]}", "target": target}


ROOT = "file:///srv/data"
LISTED = "signs-in"  # of a catalog
CATALOG = f"""
catalog_servers:
  - {{id: {LISTED}, name: N, category: C, url: "http://127.0.0.1:9/", auth_type: OAuth2.1,
     provider: P, description: D}}
"""
PLACE = {"base_url": "http://127.0.0.1:9", "path": "/"}
EXPORT = {"import_data": {"version": "2025-03-26", "entities": {"roots": []}}}
AGENT = {"name": "agent", "endpoint_url": "http://127.0.0.1:9/"}
TOOL = {"name": "made", "url": "http://127.0.0.1:9/{x}"}
PROMPT = {"name": "made", "template": "Hi {{ name }}"}
RESOURCE = {"uri": "memo://made", "name": "made", "content": "text"}
SPARE = {"name": "spare"}
# What a destructive route may have for itself, by its path: where and of what it is made.
MADE: dict[str, tuple[str, dict[str, Any], str]] = {
    "/a2a/{agent_id}": ("/a2a", AGENT | SPARE, "agent_id"),
    "/tools/{tool_id}": ("/tools", TOOL | SPARE, "tool_id"),
    "/prompts/{prompt_id}": ("/prompts", PROMPT | SPARE, "prompt_id"),
    "/resources/{resource_id}": ("/resources", RESOURCE | {"uri": "memo://spare"}, "resource_id"),
    "/roots/{uri:path}": ("/roots", {"uri": "file:///spare"}, "uri"),
}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/a2a"): {"agent": AGENT | {"name": "made"}},
    ("POST", "/tools"): {"tool": TOOL},
    ("POST", "/prompts"): {"prompt": PROMPT},
    ("POST", "/resources"): {"resource": RESOURCE},
    ("POST", "/roots"): {"uri": "file:///made"},
    ("POST", "/v1/mcp-servers/test"): PLACE | {"method": "GET"},
    ("POST", "/v1/mcp-servers/test-handshake"): PLACE,
    ("POST", "/admin/gateways/test"): PLACE | {"method": "GET"},
    ("POST", "/admin/mcp-registry/bulk-register"): {"server_ids": [LISTED]},
    ("POST", "/import"): EXPORT,
    ("POST", "/admin/import/configuration"): EXPORT,
    ("POST", "/mcp"): PING,
    ("POST", "/servers/{id}/mcp"): PING,
    ("POST", "/rpc"): PING,
    ("POST", "/protocol/initialize"): HELLO,
    ("POST", "/initialize"): HELLO,
    ("POST", "/protocol/notifications"): {"method": "notifications/initialized"},
    ("POST", "/notifications"): {"method": "notifications/initialized"},
    ("POST", "/servers"): {"server": {"name": f"made-{uuid4().hex[:8]}"}},
    ("PUT", "/servers/{server_id}"): {"description": "changed"},
    ("PUT", "/gateways/{gateway_id}"): {"description": "changed"},
    ("PUT", "/admin/grpc/{service_id}"): {"description": "changed"},
    ("POST", "/prompts/{prompt_id}"): {"name": "Ann"},
}
# An empty body says nothing to complete; the upstream of these tests completes nothing either.
REFUSED = {("POST", "/protocol/completion/complete"): 400}


async def session(world: World, path: str) -> str:
    async with world.suite.http() as http:
        answer = await http.post(path, json=INITIALIZE)
    return str(answer.headers["mcp-session-id"])


@asynccontextmanager
async def stream_query(world: World, path: str) -> AsyncIterator[dict[str, list[str]]]:
    """The query of the address to which messages go, while the stream of its events is open."""
    async with world.suite.http() as http, http.stream("GET", path) as events:
        async for line in events.aiter_lines():
            if line.startswith("data:"):
                yield parse_qs(urlsplit(line[5:].strip()).query)
                return


async def shake_hands(world: World, path: str) -> httpx2.Response:
    """For a WebSocket, which HTTP/2 does not carry."""
    door = Door.TLS if world.suite.door is Door.H2 else world.suite.door
    async with (
        replace(world.suite, door=door).http() as http,
        http.stream("GET", world.path(path), headers=UPGRADE) as answer,
    ):
        return answer


async def ask(world: World, method: str, path: str) -> httpx2.Response:
    if method == "WEBSOCKET":
        return await shake_hands(world, path)
    async with (
        throw_away(world, method, path) as ids,
        body_for(world, method, path) as options,
        world.suite.http() as http,
    ):
        http.headers["Origin"] = world.suite.url  # as a browser says for the forms of a page
        async with http.stream(method, world.path(path, **ids), **options) as answer:
            if answer.headers.get("content-type") != EVENTS:  # those do not end
                await answer.aread()
            return answer


@pytest.mark.parametrize(("method", "path"), served(), ids=lambda part: str(part))
async def test_a_route_that_is_called_served_is_served(
    world: World, method: str, path: str
) -> None:
    answer = await ask(world, method, path)
    said = answer.text if answer.is_stream_consumed else ""
    assert answer.status_code not in (404, 405), said
    expected = REFUSED.get((method, path))
    assert answer.status_code == expected if expected else answer.status_code < 400, said


@pytest.mark.parametrize(("method", "path"), served(people=True), ids=lambda part: str(part))
async def test_a_route_of_people_is_there(world: World, method: str, path: str) -> None:
    """What it does is not asked: nobody in its path exists."""
    named = re.sub(r"\{[^}]*\}", "00000000000000000000000000000000", path)
    async with world.suite.http() as http:
        if path == "/auth/logout":
            login = await http.post("/auth/login", json=world.credentials)
            http.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        answer = await http.request(method, named)
    assert answer.status_code < 500, answer.text
    assert answer.status_code != 405, answer.text
    assert f"there is no {method}" not in answer.text, answer.text
