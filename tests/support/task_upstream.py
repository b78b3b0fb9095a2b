"""An MCP server of 2025-11-25 with tasks, which the official SDK's server does not have.

Tools: `job` (only as a task), `read` (harmless) and `write` (not): each answers when the test says
so, with `finish`. Tasks are kept by id alone, whoever asks. One JSON body per answer.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_TOOLS: list[dict[str, Any]] = [
    {"name": "job", "inputSchema": {"type": "object"}, "execution": {"taskSupport": "required"}},
    {"name": "read", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}},
    {"name": "write", "inputSchema": {"type": "object"}},
]
_CAPABILITIES: dict[str, Any] = {
    "tools": {},
    "tasks": {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}},
}
_RESULT = {"content": [{"type": "text", "text": "done"}]}


class Refused(Exception):
    """Answered with -32602 or -32601, as `code` says."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class TaskUpstream:
    """An ASGI application. `seen` counts methods and, as `tools/call <name>`, calls of tools."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.tasks: dict[str, str] = {}
        self._finished = asyncio.Event()
        self._methods: Mapping[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
            "initialize": self._initialize,
            "tools/list": self._list,
            "tools/call": self._call,
            "tasks/get": self._get,
            "tasks/result": self._result,
            "tasks/cancel": self._cancel,
            "tasks/list": self._list_tasks,
        }

    def finish(self) -> None:
        """All calls and tasks end now, with a result."""
        for id, status in self.tasks.items():
            self.tasks[id] = "completed" if status == "working" else status
        self._finished.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = await request.body()
        if request.method != "POST":
            response = Response(status_code=200 if request.method == "DELETE" else 405)
        else:
            response = await self._answer(json.loads(body))
        await response(scope, receive, send)

    async def _answer(self, message: dict[str, Any]) -> Response:
        method = str(message.get("method", ""))
        self.seen[method] += 1
        if "id" not in message:
            return Response(status_code=202)
        known = self._methods.get(method)
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        headers = {"Mcp-Session-Id": "s-1"} if method == "initialize" else {}
        try:
            answer["result"] = await (known or _unknown)(message.get("params") or {})
        except Refused as refused:
            answer["error"] = {"code": refused.code, "message": str(refused)}
        return Response(json.dumps(answer), 200, headers, "application/json")

    async def _initialize(self, params: dict[str, Any]) -> Any:
        return {
            "protocolVersion": "2025-11-25",
            "capabilities": _CAPABILITIES,
            "serverInfo": {"name": "tasks", "version": "1"},
        }

    async def _list(self, _: dict[str, Any]) -> Any:
        return {"tools": _TOOLS}

    async def _call(self, params: dict[str, Any]) -> Any:
        name = params["name"]
        self.seen[f"tools/call {name}"] += 1
        if "task" in params:
            id = f"up-{len(self.tasks) + 1}"
            self.tasks[id] = "working"
            return {"task": self._task(id)}
        if name == "job":
            raise Refused(-32601, "this tool is only called as a task")
        await self._finished.wait()
        return _RESULT

    async def _get(self, params: dict[str, Any]) -> Any:
        return self._task(params["taskId"])

    async def _result(self, params: dict[str, Any]) -> Any:
        task = self._task(params["taskId"])
        await self._finished.wait()
        return {
            **_RESULT,
            "_meta": {"io.modelcontextprotocol/related-task": {"taskId": task["taskId"]}},
        }

    async def _cancel(self, params: dict[str, Any]) -> Any:
        if self._task(params["taskId"])["status"] != "working":
            raise Refused(-32602, "the task is over")
        self.tasks[params["taskId"]] = "cancelled"
        return self._task(params["taskId"])

    async def _list_tasks(self, params: dict[str, Any]) -> Any:
        """One to a page."""
        place = int(params.get("cursor", 0))
        ids = list(self.tasks)
        page: dict[str, Any] = {"tasks": [self._task(id) for id in ids[place : place + 1]]}
        if place + 1 < len(ids):
            page["nextCursor"] = str(place + 1)
        return page

    def _task(self, id: str) -> dict[str, Any]:
        if id not in self.tasks:
            raise Refused(-32602, f"no task {id!r}")
        return {
            "taskId": id,
            "status": self.tasks[id],
            "createdAt": "2026-11-22T00:00:00Z",
            "lastUpdatedAt": "2026-11-22T00:00:00Z",
            "ttl": 60_000,
            "pollInterval": 50,
        }


async def _unknown(_: dict[str, Any]) -> Any:
    raise Refused(-32601, "Method not found")
