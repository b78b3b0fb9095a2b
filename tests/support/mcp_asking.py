"""Tools of the test servers that ask their client something, log, or break their stream off.

A legacy client is sent requests in the midst of the call, a modern one gets `input_required`.
`ask_name` (form), `ask_url`, `ask_model` (sampling), `ask_roots`, `ask_twice` (one after the
other), `ask_both` (two at once); `standalone: true` asks a legacy client outside the call's own
stream. `ask_later` has a modern client call again with nothing but its state. `need_url` refuses
a legacy client until it has been to a page (-32042). `log_some` logs one message of four levels.
`break_off` closes its stream before it answers. The text of an answer lists what the client said.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError, UrlElicitationRequiredError
from mcp.shared.message import ServerMessageMetadata
from pydantic import BaseModel

Context = ServerRequestContext[Any, Any]
Ask = types.ElicitRequest | types.CreateMessageRequest | types.ListRootsRequest
Round = Mapping[str, Ask]
Answer = types.CallToolResult | types.InputRequiredResult

MODERN = "2026-07-28"
URL = "https://example.com/connect"
LEVELS: tuple[types.LoggingLevel, ...] = ("debug", "info", "warning", "error")
_NAME_SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
_RESULTS: Mapping[str, type[BaseModel]] = {
    "elicitation/create": types.ElicitResult,
    "sampling/createMessage": types.CreateMessageResult,
    "roots/list": types.ListRootsResult,
}


def _form(message: str) -> types.ElicitRequest:
    params = types.ElicitRequestFormParams(message=message, requested_schema=_NAME_SCHEMA)
    return types.ElicitRequest(params=params)


def _page() -> types.ElicitRequestURLParams:
    return types.ElicitRequestURLParams(message="Please connect", url=URL, elicitation_id="e-1")


def _sampling() -> types.CreateMessageRequest:
    said = types.TextContent(type="text", text="Say something")
    messages = [types.SamplingMessage(role="user", content=said)]
    params = types.CreateMessageRequestParams(messages=messages, max_tokens=10)
    return types.CreateMessageRequest(params=params)


ROUNDS: Mapping[str, Sequence[Round]] = {
    "ask_name": [{"name": _form("Your name?")}],
    "ask_url": [{"page": types.ElicitRequest(params=_page())}],
    "ask_model": [{"model": _sampling()}],
    "ask_roots": [{"roots": types.ListRootsRequest()}],
    "ask_twice": [{"first": _form("Your first name?")}, {"last": _form("Your last name?")}],
    "ask_both": [{"name": _form("Your name?"), "model": _sampling()}],
    "ask_later": [{}],
}
NAMES = (*ROUNDS, "need_url", "log_some", "break_off")
_STANDALONE = {"type": "object", "properties": {"standalone": {"type": "boolean"}}}


def tools() -> list[types.Tool]:
    return [types.Tool(name=name, description=name, input_schema=_STANDALONE) for name in NAMES]


class Asking:
    """The handlers. `levels` are those that legacy sessions set, in order; `declared` the
    capabilities that came with the calls."""

    def __init__(self) -> None:
        self.levels: list[str] = []
        self.declared: list[dict[str, Any]] = []
        self.been_there = False  # whether `need_url` lets calls through

    def install(self, server: Server[Any]) -> None:
        server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, self._set_level)

    async def call(self, context: Context, params: types.CallToolRequestParams) -> Answer | None:
        """None for a tool that is none of these."""
        if params.name not in NAMES:
            return None
        known = context.session.client_capabilities or types.ClientCapabilities()
        self.declared.append(known.model_dump(by_alias=True, exclude_none=True))
        match params.name:
            case "need_url" if context.protocol_version != MODERN:
                return self._need_url()
            case "need_url":
                return _next_round(ROUNDS["ask_url"], params)
            case "log_some":
                return await self._log_some(context)
            case "break_off":
                return await self._break_off(context)
        if context.protocol_version == MODERN:
            return _next_round(ROUNDS[params.name], params)
        return await _push(context, params)

    async def _set_level(
        self, context: Context, params: types.SetLevelRequestParams
    ) -> types.EmptyResult:
        self.levels.append(params.level)
        return types.EmptyResult()

    def _need_url(self) -> types.CallToolResult:
        if not self.been_there:
            self.been_there = True
            raise UrlElicitationRequiredError([_page()])
        return _say("connected")

    async def _log_some(self, context: Context) -> types.CallToolResult:
        wanted = (context.meta or {}).get("io.modelcontextprotocol/logLevel")
        lowest = wanted if context.protocol_version == MODERN else "debug"
        for level in LEVELS:
            if lowest in LEVELS and LEVELS.index(level) >= LEVELS.index(lowest):
                params = types.LoggingMessageNotificationParams(level=level, data=f"a {level}")
                message = types.LoggingMessageNotification(params=params)
                await context.session.send_notification(message, context.request_id)
        return _say("logged")

    async def _break_off(self, context: Context) -> types.CallToolResult:
        if context.close_sse_stream is not None:
            await context.close_sse_stream()
        return _say("went on")


async def _push(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    standalone = bool((params.arguments or {}).get("standalone"))
    said: list[str] = []
    for asked in ROUNDS[params.name]:
        requests = (_ask(context, each, standalone=standalone) for each in asked.values())
        said += await asyncio.gather(*requests)
    return _say("; ".join(said))


async def _ask(context: Context, request: Ask, *, standalone: bool) -> str:
    related = None if standalone else context.request_id
    metadata = ServerMessageMetadata(related_request_id=related)
    try:
        reply: Any = await context.session.send_request(
            request, _RESULTS[request.method], metadata=metadata
        )
    except MCPError as error:
        return f"refused: {error.error.code}"
    return _told(reply)


def _next_round(rounds: Sequence[Round], params: types.CallToolRequestParams) -> Answer:
    state = [] if params.request_state is None else json.loads(params.request_state)
    if params.request_state is not None:
        asked = rounds[len(state)]
        replies = params.input_responses or {}
        if not all(key in replies for key in asked):
            return _required(asked, state)
        state.append([_told(replies[key]) for key in asked])
    if len(state) < len(rounds):
        return _required(rounds[len(state)], state)
    return _say("; ".join(said for one_round in state for said in one_round))


def _required(asked: Round, state: list[Any]) -> types.InputRequiredResult:
    requests = {key: _modern(request) for key, request in asked.items()}
    return types.InputRequiredResult(
        input_requests=requests or None, request_state=json.dumps(state)
    )


def _modern(request: Ask) -> Ask:
    """Pages have no ids any more."""
    if isinstance(request.params, types.ElicitRequestURLParams):
        plain = request.params.model_copy(update={"elicitation_id": None})
        return types.ElicitRequest(params=plain)
    return request


def _told(reply: Any) -> str:
    match reply:
        case types.ElicitResult():
            return " ".join([reply.action, *map(str, (reply.content or {}).values())])
        case types.ListRootsResult():
            return " ".join(str(root.uri) for root in reply.roots)
    return str(reply.content.text)


def _say(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)])
