"""Tools that run as tasks of the 2026-07-28 extension, and the methods that follow a task.

The official SDK has no tasks of its own. Tasks live in memory and are never forgotten: it is for
one run. A legacy client gets no tasks from this server: the same tools answer when they are done.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from conformance.asking import MISSING_CAPABILITY, Context, converse, push_all, requests
from conformance.contents import STRING, Object, schema, text
from conformance.questions import CONVERSATIONS, Answers, Round, elicit
from support.mcp_servers import MODERN

EXTENSION = "io.modelcontextprotocol/tasks"
TTL = 60_000  # ms
POLL = 100  # ms
HEADER_MISMATCH = -32020
Ask = Callable[[Round], Awaitable[Answers]]
Work = Callable[[Mapping[str, Any], Ask], Awaitable[Object]]

_CONFIRM = elicit("Delete it?", schema(confirm={"type": "boolean"}))
_WHO = elicit("Who are you?", schema(name=STRING))
GREETING = "test_tool_with_task"  # asks by `input_required` first, then becomes a task

SCHEMAS: dict[str, Object] = {
    "slow_compute": {"type": "object", "properties": {"seconds": {"type": "number"}}},
    "failing_job": schema(),
    "protocol_error_job": schema(),
    "confirm_delete": {"type": "object", "properties": {"filename": STRING}},
    "multi_input": schema(),
    GREETING: schema(),
}


class Params(types.RequestParams):
    """Of tasks/get and tasks/cancel."""

    task_id: str


class UpdateParams(Params):
    """Of tasks/update."""

    input_responses: dict[str, Any]


async def _slow_compute(arguments: Mapping[str, Any], _: Ask) -> Object:
    await asyncio.sleep(float(arguments.get("seconds", 0)))
    return {"content": [text("Computed.")]}


async def _failing_job(_: Mapping[str, Any], __: Ask) -> Object:
    return {"content": [text("The job failed.")], "isError": True}


async def _protocol_error_job(_: Mapping[str, Any], __: Ask) -> Object:
    raise MCPError(types.INTERNAL_ERROR, "the job broke")


async def _confirm_delete(_: Mapping[str, Any], ask: Ask) -> Object:
    answers = await ask({"confirm": _CONFIRM})
    return {"content": [text(f"Deleted: {answers['confirm']}")]}


async def _multi_input(_: Mapping[str, Any], ask: Ask) -> Object:
    answers = await ask({"first": _WHO, "second": _CONFIRM})
    return {"content": [text(f"Answers: {sorted(answers)}")]}


WORK: dict[str, Work] = {
    "slow_compute": _slow_compute,
    "failing_job": _failing_job,
    "protocol_error_job": _protocol_error_job,
    "confirm_delete": _confirm_delete,
    "multi_input": _multi_input,
}
AT_ONCE = ("slow_compute", "confirm_delete")  # without arguments, or where tasks are unknown


class Task:
    """One run of a tool. Questions that are open are futures by key."""

    def __init__(self, id: str, work: Work, arguments: Mapping[str, Any]) -> None:
        self.id = id
        self._created = _now()
        self._open: dict[str, tuple[tuple[str, Object], asyncio.Future[Any]]] = {}
        self._running = asyncio.ensure_future(work(arguments, self._ask))

    async def _ask(self, questions: Round) -> Answers:
        loop = asyncio.get_running_loop()
        self._open = {key: (each, loop.create_future()) for key, each in questions.items()}
        futures = {key: future for key, (_, future) in self._open.items()}
        await asyncio.gather(*futures.values())
        return {key: future.result() for key, future in futures.items()}

    def answer(self, answers: Mapping[str, Any]) -> None:
        """Unknown keys are ignored."""
        for key in answers.keys() & self._open.keys():
            self._open.pop(key)[1].set_result(answers[key])

    def cancel(self) -> None:
        """Cancelling what has ended does nothing."""
        self._running.cancel()

    async def end(self) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])

    def created(self) -> Object:
        return {
            "taskId": self.id,
            "status": self._status(),
            "createdAt": self._created,
            "lastUpdatedAt": _now(),
            "ttlMs": TTL,
            "pollIntervalMs": POLL,
        }

    def detailed(self) -> Object:
        """With what belongs to its status: result, error or questions."""
        shown = self.created()
        if shown["status"] == "completed":
            shown["result"] = {**self._running.result(), "resultType": "complete"}
        elif shown["status"] == "failed":
            shown["error"] = {"code": types.INTERNAL_ERROR, "message": "the job broke"}
        elif self._open:
            shown["inputRequests"] = requests({key: q for key, (q, _) in self._open.items()})
        return shown

    def _status(self) -> str:
        if not self._running.done():
            return "input_required" if self._open else "working"
        if self._running.cancelled():
            return "cancelled"
        return "failed" if self._running.exception() else "completed"


class Tasks:
    """All tasks of one server."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._numbers = itertools.count(1)

    def serve(self, server: Server[Any]) -> None:
        """Adds the methods and advertises the extension."""
        server.extensions[EXTENSION] = {}
        server.add_request_handler("tasks/get", Params, self._get)
        server.add_request_handler("tasks/update", UpdateParams, self._update)
        server.add_request_handler("tasks/cancel", Params, self._cancel)

    async def end(self) -> None:
        """Ends all that still run."""
        for task in self._tasks.values():
            await task.end()

    async def call(self, context: Context, params: types.CallToolRequestParams) -> Any:
        """A result, or a task that will have one."""
        arguments = params.arguments or {}
        if params.name == GREETING:
            return await self._greet(context, params)
        work = WORK[params.name]
        modern = context.protocol_version == MODERN
        if params.name in AT_ONCE and not (arguments and (_declared(context) or not modern)):
            return _complete(await work(arguments, _nobody))
        if not modern:
            return _complete(await work(arguments, partial(push_all, context)))
        _require(context)
        return self._start(work, arguments)

    async def _greet(self, context: Context, params: types.CallToolRequestParams) -> Any:
        asking = CONVERSATIONS["test_input_required_result_elicitation"]
        if context.protocol_version == MODERN:
            _require(context)
        said = await converse(context, asking, params)
        if isinstance(said, types.InputRequiredResult):
            return said

        async def work(_: Mapping[str, Any], __: Ask) -> Object:
            return {"content": [text(said)]}

        if context.protocol_version != MODERN:
            return _complete(await work({}, _nobody))
        return self._start(work, {})

    def _start(self, work: Work, arguments: Mapping[str, Any]) -> Object:
        task = Task(f"task-{next(self._numbers)}", work, arguments)
        self._tasks[task.id] = task
        return {"resultType": "task", **task.created()}

    async def _get(self, context: Context, params: Params) -> Object:
        return self._find(context, params).detailed()

    async def _update(self, context: Context, params: UpdateParams) -> Object:
        self._find(context, params).answer(params.input_responses)
        return {}

    async def _cancel(self, context: Context, params: Params) -> Object:
        self._find(context, params).cancel()
        await asyncio.sleep(0)
        return {}

    def _find(self, context: Context, params: Params) -> Task:
        _require(context)
        named = context.request.headers.get("mcp-name") if context.request else None
        if named != params.task_id:
            raise MCPError(HEADER_MISMATCH, "header Mcp-Name differs from params.taskId")
        task = self._tasks.get(params.task_id)
        if task is None:
            raise MCPError(types.INVALID_PARAMS, f"no task {params.task_id!r}")
        return task


def _declared(context: Context) -> bool:
    known = context.session.client_capabilities
    return known is not None and EXTENSION in (known.extensions or {})


def _require(context: Context) -> None:
    if not _declared(context):
        needed: Object = {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
        raise MCPError(MISSING_CAPABILITY, f"the client lacks {EXTENSION}", data=needed)


async def _nobody(questions: Round) -> Answers:
    return dict.fromkeys(questions, "nobody was asked")


def _complete(result: Object) -> types.CallToolResult:
    return types.CallToolResult.model_validate(result)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
