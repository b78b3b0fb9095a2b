"""The server that the official suite examines, directly and behind the gateway: the official SDK's.

It speaks both eras on one path, or one alone. What it asks of a client it asks as its era does, so
one alone is the counterpart of the other: the same names, once by `input_required`, once by
requests. `async with fixture(era) as url`, or `python -m conformance.fixture --era legacy`.
"""

import argparse
import asyncio
import contextlib
import sys
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ServerEvent,
    ToolsListChanged,
)
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError

from conformance import contents, questions, tasks
from conformance.asking import Context, converse
from support.mcp_catalogue import FixtureServer, Sessions
from support.mcp_events import MemoryEvents
from support.mcp_servers import MODERN, Era, OnlyEra, serve

RETRY = 200  # ms, told to clients whose stream is closed
PAUSE = 0.05  # seconds between two messages of one answer
NOT_FOUND = -32002  # what the legacy revisions say of an unknown resource
SCHEMAS = {**contents.SCHEMAS, **tasks.SCHEMAS}
DYNAMIC = "test_dynamic"  # the tool and the prompt that change
_CALLABLE = (
    "greet",
    "test_error_handling",
    "test_tool_with_logging",
    "test_logging_tool",
    "test_tool_with_progress",
    "test_reconnection",
    "test_trigger_tool_change",
    "test_trigger_prompt_change",
    "test_sampling",
    "test_elicitation",
)


@asynccontextmanager
async def fixture(era: Era = "both", port: int = 0) -> AsyncIterator[str]:
    """Serves it on loopback; yields the URL of its MCP endpoint."""
    examined = Fixture()
    app = examined.server.streamable_http_app(event_store=MemoryEvents(), retry_interval=RETRY)
    async with serve(OnlyEra(app, era), port, "h11") as base:
        yield f"{base}/mcp"
    await examined.tasks.end()


class Fixture:
    """The handlers, and what little changes: the descriptions of one tool and one prompt."""

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self._sessions = Sessions()
        self._tool_changes = 0
        self._prompt_changes = 0
        self.tasks = tasks.Tasks()
        self.server = self._build()

    def _build(self) -> Server[Any]:
        with warnings.catch_warnings():  # setting a log level is deprecated, and examined
            warnings.simplefilter("ignore", MCPDeprecationWarning)
            server = FixtureServer(
                "conformance-fixture",
                version="1.0.0",
                get_tool_input_schema=SCHEMAS.get,
                on_list_tools=self._list_tools,
                on_call_tool=self._call_tool,
                on_list_prompts=self._list_prompts,
                on_get_prompt=self._get_prompt,
                on_list_resources=_list_resources,
                on_list_resource_templates=_list_templates,
                on_read_resource=_read_resource,
                on_subscribe_resource=_accept,
                on_unsubscribe_resource=_accept,
                on_subscriptions_listen=ListenHandler(self._bus),
                on_completion=_complete,
                on_set_logging_level=_accept,
            )
        self.tasks.serve(server)
        security = RequestStateSecurity.ephemeral()
        server.middleware.append(RequestStateBoundary(security, default_audience=server.name))
        server.middleware.append(self._sessions)
        return server

    async def _list_tools(self, _: Context, __: Any) -> types.ListToolsResult:
        names = {*contents.FIXED, *questions.CONVERSATIONS, *_CALLABLE, *tasks.SCHEMAS}
        tools = [
            {
                "name": name,
                "description": f"Examined as {name}.",
                "inputSchema": SCHEMAS.get(name, contents.schema()),
            }
            for name in sorted(names)
        ]
        changing = {
            "name": DYNAMIC,
            "description": f"Changed {self._tool_changes} times.",
            "inputSchema": contents.schema(),
        }
        return types.ListToolsResult.model_validate({"tools": [*tools, changing]})

    async def _list_prompts(self, _: Context, __: Any) -> types.ListPromptsResult:
        prompts = [
            {
                "name": name,
                "description": f"Examined as {name}.",
                "arguments": [{"name": each, "required": True} for each in arguments],
            }
            for name, arguments in sorted(contents.PROMPTS.items())
        ]
        changing = {"name": DYNAMIC, "description": f"Changed {self._prompt_changes} times."}
        return types.ListPromptsResult.model_validate({"prompts": [*prompts, changing]})

    async def _call_tool(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        content = contents.answer(params.name, params.arguments or {})
        if content is not None:
            return _answer(content)
        if params.name in tasks.SCHEMAS:
            return cast("types.CallToolResult", await self.tasks.call(context, params))
        conversation = questions.of_tool(params.name, params.arguments or {})
        if conversation is not None:
            said = await converse(context, conversation, params)
            return said if isinstance(said, types.InputRequiredResult) else _say(said)
        run = {
            "test_error_handling": _fail,
            "test_tool_with_logging": _log,
            "test_logging_tool": _log,
            "test_tool_with_progress": _progress,
            "test_reconnection": _reconnection,
            "test_trigger_tool_change": self._change_tools,
            "test_trigger_prompt_change": self._change_prompts,
        }.get(params.name)
        if run is None:
            raise MCPError(types.INVALID_PARAMS, f"no tool {params.name!r}")
        return await run(context)

    async def _change_tools(self, _: Context) -> types.CallToolResult:
        self._tool_changes += 1
        await self._announce(ToolsListChanged(), types.ToolListChangedNotification())
        return _say("The tools changed.")

    async def _change_prompts(self, _: Context) -> types.CallToolResult:
        self._prompt_changes += 1
        await self._announce(PromptsListChanged(), types.PromptListChangedNotification())
        return _say("The prompts changed.")

    async def _announce(self, event: ServerEvent, notification: types.ServerNotification) -> None:
        """To modern listeners, and on the standing streams of legacy sessions."""
        await self._bus.publish(event)
        for session in list(self._sessions.live):
            await session.send_notification(notification)

    async def _get_prompt(
        self, context: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult | types.InputRequiredResult:
        if params.name == "test_input_required_result_prompt":
            said = await converse(context, questions.PROMPT, params)
            return said if isinstance(said, types.InputRequiredResult) else _prompt([said])
        messages = contents.MESSAGES.get(params.name)
        if messages is None:
            raise MCPError(types.INVALID_PARAMS, f"no prompt {params.name!r}")
        return _prompt(messages(dict(params.arguments or {})))


def _answer(content: list[contents.Object], *, is_error: bool = False) -> types.CallToolResult:
    return types.CallToolResult.model_validate({"content": content, "isError": is_error})


def _say(words: str) -> types.CallToolResult:
    return _answer([contents.text(words)])


def _prompt(messages: list[contents.Object] | list[str]) -> types.GetPromptResult:
    said = [contents.text(each) if isinstance(each, str) else each for each in messages]
    return types.GetPromptResult.model_validate(
        {"messages": [{"role": "user", "content": each} for each in said]}
    )


async def _fail(_: Context) -> types.CallToolResult:
    words = "This tool intentionally returns an error for testing"
    return _answer([contents.text(words)], is_error=True)


async def _log(context: Context) -> types.CallToolResult:
    steps = ("Tool execution started", "Tool processing data", "Tool execution completed")
    for step in steps:
        await context.session.send_log_message(
            "info", step, logger="fixture", related_request_id=context.request_id
        )
        await asyncio.sleep(PAUSE)
    return _say("Logged.")


async def _progress(context: Context) -> types.CallToolResult:
    for done in (0, 50, 100):
        await context.session.report_progress(done, 100)
        await asyncio.sleep(PAUSE)
    return _say("Progressed.")


async def _reconnection(context: Context) -> types.CallToolResult:
    """Closes the stream of this very call; the answer waits for the client to come back."""
    if context.close_sse_stream is not None:
        await context.close_sse_stream()
    await asyncio.sleep(PAUSE)
    return _say("You came back.")


async def _list_resources(_: Context, __: Any) -> types.ListResourcesResult:
    resources = [
        {"uri": uri, "name": uri.split("//")[1], "mimeType": content["mimeType"]}
        for uri, content in contents.RESOURCES.items()
    ]
    return types.ListResourcesResult.model_validate({"resources": resources})


async def _list_templates(_: Context, __: Any) -> types.ListResourceTemplatesResult:
    template = {"uriTemplate": contents.TEMPLATE, "name": "template"}
    return types.ListResourceTemplatesResult.model_validate({"resourceTemplates": [template]})


async def _read_resource(
    context: Context, params: types.ReadResourceRequestParams
) -> types.ReadResourceResult:
    uri = str(params.uri)
    found = contents.RESOURCES.get(uri) or contents.from_template(uri)
    if found is None:
        modern = context.protocol_version == MODERN
        code = types.INVALID_PARAMS if modern else NOT_FOUND
        raise MCPError(code, "Resource not found", data={"uri": uri})
    return types.ReadResourceResult.model_validate({"contents": [{"uri": uri, **found}]})


async def _accept(_: Context, __: Any) -> types.EmptyResult:
    return types.EmptyResult()


async def _complete(_: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
    values = [each for each in ("paris", "park", "party") if each.startswith(params.argument.value)]
    found: Mapping[str, Any] = {"values": values, "total": len(values), "hasMore": False}
    return types.CompleteResult.model_validate({"completion": found})


async def _main() -> None:
    parser = argparse.ArgumentParser(description="The server that the official suite examines.")
    parser.add_argument("--era", choices=["modern", "legacy", "both"], default="both")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    async with fixture(cast("Era", options.era), options.port) as url:
        sys.stdout.write(url + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
