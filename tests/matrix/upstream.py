"""The upstream of the matrix: the official SDK's server in one revision, with a tool for each thing
that a revision can or can not do.

Every tool takes `mark`, which makes its call the only one of its kind: it is in what the answer,
the question or the notification says. `python -m matrix.upstream FOLDER` serves it over stdio, in
the legacy era only.
"""

import asyncio
import json
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.models import InitializationOptions
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    ResourceUpdated,
    ToolsListChanged,
)
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from pydantic import BaseModel
from typing_extensions import override

from matrix.journal import Journal
from matrix.pinned import BREAK_OFF
from matrix.tapped import TappedRead
from matrix.tasks import CORE_CAPABILITY, Jobs
from matrix.tasks import TOOL as JOB
from support.mcp_catalogue import FixtureServer, Sessions
from support.mcp_servers import MODERN

Context = ServerRequestContext[Any, Any]
Answer = types.CallToolResult | types.InputRequiredResult
Tool = Callable[[Context, types.CallToolRequestParams, str], Awaitable[Answer]]

STEPS = 3
LEVELS: tuple[types.LoggingLevel, ...] = ("debug", "info", "error")
_MARK = {"type": "object", "properties": {"mark": {"type": "string"}}, "required": ["mark"]}
_NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
_RESULTS: Mapping[str, type[BaseModel]] = {
    "elicitation/create": types.ElicitResult,
    "sampling/createMessage": types.CreateMessageResult,
    "roots/list": types.ListRootsResult,
}


def _question(what: str, mark: str) -> Any:
    if what == "elicit":
        form = types.ElicitRequestFormParams(message=mark, requested_schema=_NAME)
        return types.ElicitRequest(params=form)
    if what == "roots":
        return types.ListRootsRequest()
    said = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=mark))
    params = types.CreateMessageRequestParams(messages=[said], max_tokens=10)
    return types.CreateMessageRequest(params=params)


def _told(reply: Any) -> str:
    match reply:
        case types.ElicitResult():
            return " ".join([reply.action, *map(str, (reply.content or {}).values())])
        case types.ListRootsResult():
            return " ".join(str(root.uri) for root in reply.roots)
    return str(reply.content.text)


def _say(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)])


class _TaskServer(FixtureServer):
    """Says in its legacy handshake that it has tasks; those are `tasks.CoreTasks`'."""

    core_tasks = False

    @override
    def create_initialization_options(self, *args: Any, **kwargs: Any) -> InitializationOptions:
        options = super().create_initialization_options(*args, **kwargs)
        if self.core_tasks:
            options.capabilities.tasks = CORE_CAPABILITY
        return options


class MatrixServer:
    """`name` is in the URIs of its resources. Moved through `journal` while `watching`."""

    def __init__(self, name: str, journal: Journal) -> None:
        self.jobs = Jobs(self._gate)
        self._name = name
        self._journal = journal
        self._bus = InMemorySubscriptionBus()
        self._sessions = Sessions()
        self._released: dict[str, asyncio.Event] = {}
        self._tools: dict[str, Tool] = {
            "echo": self._echo,
            "progress": self._progress,
            "wait": self._wait,
            "pause": self._pause,
            "elicit": self._ask,
            "sample": self._ask,
            "roots": self._ask,
            "log": self._log,
            BREAK_OFF: self._break_off,
            JOB: self._job,
        }
        with warnings.catch_warnings():  # setting a log level is deprecated, and examined
            warnings.simplefilter("ignore", MCPDeprecationWarning)
            self.server = _TaskServer(
                name,
                version="1",
                on_list_tools=self._list_tools,
                on_call_tool=self._call,
                on_list_resources=_no_resources,
                on_list_resource_templates=self._templates,
                on_read_resource=_read,
                on_subscribe_resource=self._subscribe,
                on_unsubscribe_resource=self._unsubscribe,
                on_subscriptions_listen=ListenHandler(self._bus),
                on_set_logging_level=_accept,
            )
        self.server.middleware.append(self._sessions)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        watch = asyncio.create_task(self._watch(stop))
        try:
            yield
        finally:
            stop.set()
            await watch

    async def _watch(self, stop: asyncio.Event) -> None:
        async for events in self._journal.watch(stop):
            for kind, mark in sorted(events):
                if kind == "released":
                    self._gate(mark).set()
                elif kind == "touched":
                    await self._tell_touched(mark)
            if any(kind == "grown" for kind, _ in events):
                await self._tell_grown()

    async def _tell_touched(self, uri: str) -> None:
        await self._bus.publish(ResourceUpdated(uri=uri))
        for session in self._sessions.followers(uri):
            await session.send_resource_updated(uri)

    async def _tell_grown(self) -> None:
        await self._bus.publish(ToolsListChanged())
        for session in list(self._sessions.live):
            await session.send_tool_list_changed()

    def _gate(self, mark: str) -> asyncio.Event:
        return self._released.setdefault(mark, asyncio.Event())

    async def _list_tools(self, _: Context, __: Any) -> types.ListToolsResult:
        names = [*self._tools, *self._journal.all("grown")]
        tools = [{"name": each, "description": each, "inputSchema": _MARK} for each in names]
        next(each for each in tools if each["name"] == JOB)["execution"] = {
            "taskSupport": "optional"
        }
        return types.ListToolsResult.model_validate({"tools": tools})

    async def _templates(self, _: Context, __: Any) -> types.ListResourceTemplatesResult:
        template = {"uriTemplate": f"memo://{self._name}/{{mark}}", "name": "memo"}
        return types.ListResourceTemplatesResult.model_validate({"resourceTemplates": [template]})

    async def _subscribe(
        self, context: Context, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        self._sessions.follow(context.session, str(params.uri))
        return types.EmptyResult()

    async def _unsubscribe(
        self, context: Context, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        self._sessions.unfollow(context.session, str(params.uri))
        return types.EmptyResult()

    async def _call(self, context: Context, params: types.CallToolRequestParams) -> Answer:
        tool = self._tools.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"no tool {params.name!r}")
        return await tool(context, params, str((params.arguments or {})["mark"]))

    async def _echo(self, context: Context, _: Any, mark: str) -> Answer:
        """Also says which revision the gateway speaks here."""
        return _say(f"{mark} {context.protocol_version}")

    async def _progress(self, context: Context, _: Any, mark: str) -> Answer:
        for step in range(1, STEPS + 1):
            await context.session.report_progress(step, STEPS, mark)
        return _say(mark)

    async def _wait(self, _: Context, __: Any, mark: str) -> Answer:
        self._journal.write("begun", mark)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self._journal.write("cancelled", mark)
            raise
        return _say("waited in vain")

    async def _pause(self, context: Context, _: Any, mark: str) -> Answer:
        """Answers when the journal says so."""
        await context.session.report_progress(1, 2, mark)
        try:
            await self._gate(mark).wait()
        except asyncio.CancelledError:
            self._journal.write("cancelled", mark)
            raise
        return _say(mark)

    async def _log(self, context: Context, _: Any, mark: str) -> Answer:
        """At every level in the legacy era, whatever the session's: many servers do so."""
        wanted = (context.meta or {}).get("io.modelcontextprotocol/logLevel")
        lowest = wanted if context.protocol_version == MODERN else "debug"
        for level in LEVELS:
            if lowest in LEVELS and LEVELS.index(level) >= LEVELS.index(lowest):
                params = types.LoggingMessageNotificationParams(level=level, data=mark)
                message = types.LoggingMessageNotification(params=params)
                await context.session.send_notification(message, context.request_id)
        return _say(mark)

    async def _break_off(self, context: Context, _: Any, mark: str) -> Answer:
        await context.session.report_progress(1, 2, mark)
        # The first event was the last of the stream: the answer is kept for who comes back.
        return _say(mark)

    async def _job(self, context: Context, _: Any, mark: str) -> Answer:
        job: Answer = self.jobs.call(context, mark)
        return job

    async def _ask(
        self, context: Context, params: types.CallToolRequestParams, mark: str
    ) -> Answer:
        question = _question(params.name, mark)
        if context.protocol_version != MODERN:
            return _say(await _push(context, question))
        if params.input_responses:
            return _say(_told(params.input_responses["it"]))
        return types.InputRequiredResult(
            input_requests={"it": question}, request_state=json.dumps(mark)
        )


async def _push(context: Context, question: Any) -> str:
    metadata = ServerMessageMetadata(related_request_id=context.request_id)
    kind = _RESULTS[question.method]
    try:
        return _told(await context.session.send_request(question, kind, metadata=metadata))
    except MCPError as error:
        return f"refused: {error.error.code}"


async def _no_resources(_: Context, __: Any) -> types.ListResourcesResult:
    return types.ListResourcesResult(resources=[])


async def _read(_: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    text = types.TextResourceContents(uri=str(params.uri), text=str(params.uri))
    return types.ReadResourceResult(contents=[text])


async def _accept(_: Context, __: Any) -> types.EmptyResult:
    return types.EmptyResult()


def _legacy_only(item: SessionMessage | Exception) -> bool:
    """Makes the modern probe a method that nobody knows."""
    message = item.message if isinstance(item, SessionMessage) else None
    if isinstance(message, types.JSONRPCRequest) and message.method == "server/discover":
        message.method = "unknown/discover"
    return True


async def _over_stdio(folder: Path) -> None:
    made = MatrixServer("up-stdio", Journal(folder))
    async with made.watching(), stdio_server() as (read, write):
        options = made.server.create_initialization_options()
        await made.server.run(TappedRead(read, _legacy_only), write, options)


if __name__ == "__main__":
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    asyncio.run(_over_stdio(Path(sys.argv[1])))
