"""Tasks as each era has them, for the one tool `job`: the official SDK's server has none.

`Jobs` are those of the 2026-07-28 extension; `CoreTasks` stands before a server of 2025-11-25.
Tasks are kept for the life of the server.
"""

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from matrix.pinned import given, read_body

Context = ServerRequestContext[Any, Any]
EXTENSION = "io.modelcontextprotocol/tasks"
TOOL = "job"
CORE_CAPABILITY = types.ServerTasksCapability.model_validate(
    {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}}
)
_WHEN = "2026-11-22T00:00:00Z"


def _content(mark: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": mark}]}


class TaskParams(types.RequestParams):
    """Of tasks/get and tasks/cancel."""

    task_id: str


class Jobs:
    """A task is done when it is asked for the second time; who waits for its result gets it once
    its gate, that of its mark, is open."""

    def __init__(self, gate: Callable[[str], asyncio.Event]) -> None:
        self._gate = gate
        self._marks: dict[str, str] = {}
        self._asked: set[str] = set()
        self._numbers = itertools.count(1)

    def serve(self, server: Server[Any]) -> None:
        """Adds the methods of the extension and advertises it."""
        server.extensions[EXTENSION] = {}
        server.add_request_handler("tasks/get", TaskParams, self._get)
        server.add_request_handler("tasks/cancel", TaskParams, self._cancel)

    def call(self, context: Context, mark: str) -> Any:
        """A task for a client that knows of them, else the result at once."""
        known = context.session.client_capabilities
        if known is None or EXTENSION not in (known.extensions or {}):
            return types.CallToolResult.model_validate(_content(mark))
        id = self.create(mark)
        return {"resultType": "task", **self._shown(id)}

    def create(self, mark: str) -> str:
        id = f"job-{next(self._numbers)}"
        self._marks[id] = mark
        return id

    def result(self, id: str) -> dict[str, Any]:
        return _content(self._marks[id])

    async def waited(self, id: str) -> dict[str, Any]:
        await self._gate(self._marks[id]).wait()
        return self.result(id)

    def status(self, id: str) -> str:
        """Raises KeyError."""
        status = "completed" if id in self._asked else "working"
        self._asked.add(id)
        return status

    def _shown(self, id: str) -> dict[str, Any]:
        return {
            "taskId": id,
            "status": "working",
            "createdAt": _WHEN,
            "lastUpdatedAt": _WHEN,
            "ttlMs": 60_000,
            "pollIntervalMs": 50,
        }

    async def _get(self, _: Context, params: TaskParams) -> dict[str, Any]:
        shown = self._shown(self._known(params))
        shown["status"] = self.status(params.task_id)
        if shown["status"] == "completed":
            shown["result"] = {**self.result(params.task_id), "resultType": "complete"}
        return shown

    async def _cancel(self, _: Context, params: TaskParams) -> dict[str, Any]:
        self._known(params)
        return {}

    def _known(self, params: TaskParams) -> str:
        if params.task_id not in self._marks:
            raise MCPError(types.INVALID_PARAMS, f"no task {params.task_id!r}")
        return params.task_id


class CoreTasks:
    """Answers what concerns tasks itself; all else is for the application behind."""

    def __init__(self, app: ASGIApp, jobs: Jobs) -> None:
        self._app = app
        self._jobs = jobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self._app(scope, receive, send)
        body = await read_body(receive)
        message = json.loads(body)
        params = message.get("params") or {}
        if message.get("method") == "tools/call" and "task" in params:
            id = self._jobs.create(params["arguments"]["mark"])
            result: Any = {"task": _task(id, "working")}
        elif str(message.get("method")).startswith("tasks/"):
            result = await self._of(message["method"], params["taskId"])
        else:
            return await self._app(scope, given(body, receive), send)
        answer = JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": result})
        return await answer(scope, receive, send)

    async def _of(self, method: str, id: str) -> Any:
        if method == "tasks/result":
            related = {"io.modelcontextprotocol/related-task": {"taskId": id}}
            return {**await self._jobs.waited(id), "_meta": related}
        return _task(id, self._jobs.status(id))


def _task(id: str, status: str) -> dict[str, Any]:
    return {
        "taskId": id,
        "status": status,
        "createdAt": _WHEN,
        "lastUpdatedAt": _WHEN,
        "ttl": 60_000,
        "pollInterval": 50,
    }
