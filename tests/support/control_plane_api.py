"""The control plane's REST API as far as the admin pages use it, in memory.

`ControlPlaneApi().app` is an ASGI application with the shapes of the real answers. Tokens are
real JWTs in form only. `add_upstream`, `add_server` and `replicas` set the scene; `writes` tells
which writes came.
"""

import base64
import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

EMAIL = "admin@example.com"
PASSWORD = "a password of the tests"

_NOW = "2026-11-22T09:30:00Z"
_STATED = {"createdAt": _NOW, "updatedAt": _NOW, "visibility": "public", "ownerEmail": EMAIL}


def _token() -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"sub": EMAIL}).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2lnbmF0dXJl"


def _error(status: int, message: str, *errors: tuple[str, str], code: str = "x") -> Response:
    found = [{"field": field, "problem": problem, "rule": ""} for field, problem in errors]
    body = {"status": status, "code": code, "message": message, "detail": message, "errors": found}
    return JSONResponse(body, status)


class ControlPlaneApi:
    def __init__(self) -> None:
        self.token = _token()
        self.upstreams: dict[str, dict[str, Any]] = {}
        self.tools: dict[str, dict[str, Any]] = {}
        self.prompts: dict[str, dict[str, Any]] = {}
        self.resources: dict[str, dict[str, Any]] = {}
        self.servers: dict[str, dict[str, Any]] = {}
        self.processes: dict[
            str, dict[str, Any] | int
        ] = {}  # by upstream; or a status of a refusal
        self.replicas: list[dict[str, Any]] = []
        self.replicas_shown = True
        self.revision = 7
        self.writes: list[tuple[str, str, Any]] = []
        self.password, self.must_change = PASSWORD, False
        self.heard_from: list[str] = []  # of whom logins were
        self.expired = False
        self.down = False
        self._ids = itertools.count(1)
        self.app = Starlette(routes=self._routes())

    # Setting the scene.

    def add_upstream(self, name: str, tools: dict[str, str] | None = None, **more: Any) -> str:
        """`tools`: original names and descriptions. Returns the id."""
        id, slug = self._id(), name.replace("_", "-")
        self.upstreams[id] = {
            "id": id,
            "name": name,
            "slug": slug,
            "url": f"http://localhost:8003/{slug}/mcp",
            "description": None,
            "transport": "STREAMABLEHTTP",
            "authType": None,
            "enabled": True,
            "reachable": True,
            "lastError": None,
            "lastRefreshAt": _NOW,
            "protocolVersion": "2026-07-28",
            "serverName": name,
            "serverVersion": "1.2",
            "skippedTools": [],
            **_STATED,
            **more,
        }
        for original, description in (tools or {}).items():
            self.add_tool(id, original, description)
        return id

    def add_tool(self, upstream: str, original: str, description: str) -> str:
        id, slug = self._id(), self.upstreams[upstream]["slug"]
        self.tools[id] = {
            "id": id,
            "name": f"{slug}-{original.replace('_', '-')}",
            "originalName": original,
            "displayName": original.replace("_", " ").title(),
            "description": description,
            "gatewayId": upstream,
            "gatewaySlug": slug,
            "enabled": True,
            "reachable": True,
            "inputSchema": {"type": "object", "properties": {"timezone": {"type": "string"}}},
            "outputSchema": None,
            "annotations": {"readOnlyHint": True},
        }
        return id

    def add_prompt(self, upstream: str, name: str) -> str:
        id, slug = self._id(), self.upstreams[upstream]["slug"]
        self.prompts[id] = {
            "id": id,
            "name": f"{slug}-{name}",
            "originalName": name,
            "description": "Greets somebody by name.",
            "gatewayId": upstream,
            "gatewaySlug": slug,
            "enabled": True,
            "arguments": [{"name": "name", "description": "Whom", "required": True}],
        }
        return id

    def add_resource(self, upstream: str, uri: str, template: bool = False) -> str:
        id = self._id()
        self.resources[id] = {
            "id": id,
            "uri": uri,
            "name": uri.rpartition("/")[2],
            "description": "A note.",
            "mimeType": "text/plain",
            "uriTemplate": uri if template else None,
            "size": None,
            "gatewayId": upstream,
            "enabled": True,
        }
        return id

    def add_server(self, name: str, tools: list[str], **more: Any) -> str:
        id = self._id()
        self.servers[id] = {
            "id": id,
            "name": name,
            "description": "What the demo needs.",
            "enabled": True,
            "associatedTools": [self.tools[tool]["name"] for tool in tools],
            "associatedToolIds": tools,
            "associatedPrompts": [],
            "associatedResources": [],
            "anonymousAccess": False,
            **_STATED,
            **more,
        }
        return id

    def add_replica(self, id: str, revision: int | None = None, **more: Any) -> None:
        self.replicas.append(
            {
                "id": id,
                "address": "127.0.0.1:41234",
                "revision": self.revision if revision is None else revision,
                "applied_at": _NOW,
                "lag_ms": 3.0,
                "propagation_ms": {"p50": 4.2, "p99": 11.0},
                "problems": [],
                "started_at": _NOW,
                "version": "0.1.0",
                **more,
            }
        )

    def _id(self) -> str:
        return f"{next(self._ids):032x}"

    # The API.

    def _routes(self) -> list[Route]:
        nouns = ("gateways", "servers", "tools", "prompts", "resources")
        return [
            Route("/ready", self._ready),
            Route("/auth/login", self._login, methods=["POST"]),
            Route("/auth/logout", self._guarded(self._logout), methods=["POST"]),
            Route("/auth/email/me", self._guarded(self._me)),
            Route("/auth/email/change-password", self._change, methods=["POST"]),
            Route("/v1/replicas", self._guarded(self._replicas)),
            Route("/v1/gateways", self._guarded(self._register), methods=["POST"]),
            Route("/v1/servers", self._guarded(self._bundle), methods=["POST"]),
            Route(
                "/v1/gateways/{id}/tools/refresh", self._guarded(self._refresh), methods=["POST"]
            ),
            Route("/v1/gateways/{id}/process", self._guarded(self._process)),
            Route("/v1/servers/{id}/{noun}", self._guarded(self._of_server), methods=["GET"]),
            *(Route(f"/v1/{noun}", self._guarded(self._list)) for noun in nouns),
            *(Route(f"/v1/{noun}/{{id}}", self._guarded(self._get)) for noun in nouns),
            *(
                Route(f"/v1/{noun}/{{id}}/state", self._guarded(self._state), methods=["POST"])
                for noun in nouns[:2]
            ),
            *(
                Route(f"/v1/{noun}/{{id}}", self._guarded(self._delete), methods=["DELETE"])
                for noun in nouns[:2]
            ),
        ]

    def _guarded(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if self.down:
                return _error(503, "the database is not reachable")
            if self.expired or request.headers.get("authorization") != f"Bearer {self.token}":
                return _error(401, "token has expired")
            if request.method != "GET":
                body = await request.body()
                path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
                self.writes.append((request.method, path, json.loads(body) if body else None))
            return await handler(request)

        return answer

    def _noun(self, request: Request) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = getattr(
            self, request.url.path.split("/")[2].replace("gateways", "upstreams")
        )
        return found

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        if "slug" not in row:
            return row
        counts = {
            f"{noun}Count": sum(item["gatewayId"] == row["id"] for item in items.values())
            for noun, items in (
                ("tool", self.tools),
                ("prompt", self.prompts),
                ("resource", self.resources),
            )
        }
        return {**row, **counts}

    def _applied(self, body: Any, status: int = 200) -> Response:
        live = len(self.replicas)
        self.revision += 1
        for replica in self.replicas:
            replica["revision"] = self.revision
        return JSONResponse(body, status, {"Applied": f"{live}/{live}"})

    async def _ready(self, request: Request) -> Response:
        return JSONResponse({"ready": True})

    async def _login(self, request: Request) -> Response:
        given = await request.json()
        self.heard_from.append(request.headers.get("x-forwarded-for", ""))
        if (given["email"], given["password"]) != (EMAIL, self.password):
            return _error(401, "email or password is wrong")
        if self.must_change:
            return _error(403, "this password has to be changed", code="password_change_required")
        return JSONResponse({"access_token": self.token, "expires_in": 1200, "user": {}})

    async def _logout(self, request: Request) -> Response:
        return JSONResponse({"success": True, "message": "Logged out"})

    async def _me(self, request: Request) -> Response:
        return JSONResponse({"email": EMAIL, "full_name": "Ada", "is_admin": True})

    async def _change(self, request: Request) -> Response:
        given = await request.json()
        if (given["email"], given["old_password"]) != (EMAIL, self.password):
            return _error(401, "email or password is wrong")
        if len(given["new_password"]) < 12:
            return _error(422, "no", ("new_password", "must have at least 12 characters"))
        self.password, self.must_change = given["new_password"], False
        return JSONResponse({"success": True, "message": "Password changed"})

    async def _replicas(self, request: Request) -> Response:
        if not self.replicas_shown:
            return _error(404, "there is no GET /replicas")
        body = {"registry": "r", "wanted": self.revision, "replicas": self.replicas}
        return JSONResponse(body)

    async def _list(self, request: Request) -> Response:
        rows = [self._shown(row) for row in self._noun(request).values()]
        upstream = request.query_params.get("gateway_id")
        return JSONResponse([r for r in rows if not upstream or r["gatewayId"] == upstream])

    async def _get(self, request: Request) -> Response:
        row = self._noun(request).get(request.path_params["id"])
        return _error(404, "no such thing") if row is None else JSONResponse(self._shown(row))

    async def _process(self, request: Request) -> Response:
        found = self.processes.get(request.path_params["id"], 404)
        return _error(found, "no runner") if isinstance(found, int) else JSONResponse(found)

    async def _of_server(self, request: Request) -> Response:
        server = self.servers[request.path_params["id"]]
        members = {
            "tools": (self.tools, "associatedToolIds"),
            "prompts": (self.prompts, "associatedPrompts"),
            "resources": (self.resources, "associatedResources"),
        }
        rows, named = members[request.path_params["noun"]]
        return JSONResponse([rows[id] for id in server[named] if id in rows])

    async def _register(self, request: Request) -> Response:
        body = await request.json()
        if " " in body["url"]:
            problem = "must have no fragment and no white space"
            return _error(422, f"url {problem}", ("url", problem))
        if "unreachable" in body["url"]:
            return _error(502, f"{body['url']}: connection refused by 127.0.0.1:1")
        if body["name"] in [row["name"] for row in self.upstreams.values()]:
            return _error(409, f"an upstream named {body['name']!r} is registered already")
        id = self.add_upstream(body["name"], {"get_time": "The time of a zone."}, url=body["url"])
        return self._applied(self._shown(self.upstreams[id]))

    async def _bundle(self, request: Request) -> Response:
        given = (await request.json())["server"]
        if given["name"] in [row["name"] for row in self.servers.values()]:
            return _error(409, f"a server named {given['name']!r} is there already")
        id = self.add_server(
            given["name"],
            given["associated_tools"],
            description=given["description"],
            associatedPrompts=given["associated_prompts"],
            associatedResources=given["associated_resources"],
        )
        return self._applied(self.servers[id], 201)

    async def _refresh(self, request: Request) -> Response:
        upstream = self.upstreams[request.path_params["id"]]
        if not upstream["reachable"]:
            return _error(502, f"{upstream['url']}: connection refused")
        return self._applied({"toolsAdded": 1, "toolsRemoved": 2, "validationErrors": []})

    async def _state(self, request: Request) -> Response:
        row = self._noun(request)[request.path_params["id"]]
        row["enabled"] = request.query_params["activate"] == "true"
        return self._applied({"status": "success"})

    async def _delete(self, request: Request) -> Response:
        id = request.path_params["id"]
        self._noun(request).pop(id)
        self.tools = {key: tool for key, tool in self.tools.items() if tool["gatewayId"] != id}
        return self._applied({"status": "success"})
