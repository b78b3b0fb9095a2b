"""What the MCP servers for tests offer, as handlers of the SDK's low-level server."""

import asyncio
import base64
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

import mcp_types as types
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel.server import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ToolsListChanged,
)
from mcp.shared.exceptions import MCPError
from typing_extensions import override

from support.mcp_asking import Answer, Asking
from support.mcp_asking import tools as asking_tools

Context = ServerRequestContext[Any, Any]
Page = types.PaginatedRequestParams | None
T = TypeVar("T")


def _tool(tool: str, about: str, /, required: Sequence[str] = (), **properties: Any) -> types.Tool:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return types.Tool(name=tool, description=about, input_schema=schema)


def _tools() -> list[types.Tool]:
    text, number = {"type": "string"}, {"type": "number"}
    return [
        _tool("echo", "Answers with its text.", ["text"], text=text),
        types.Tool(
            name="add",
            description="The sum, also as structured content.",
            input_schema={
                "type": "object",
                "properties": {"a": number, "b": number},
                "required": ["a", "b"],
            },
            output_schema={
                "type": "object",
                "properties": {"sum": number},
                "required": ["sum"],
            },
            annotations=types.ToolAnnotations(read_only_hint=True, idempotent_hint=True),
        ),
        _tool("slow", "Answers after so many seconds.", ["seconds"], seconds=number),
        _tool("fail", "Answers with isError."),
        _tool("progress", "Reports progress so many times.", ["steps"], steps={"type": "integer"}),
        _tool("header", "The value of a header of the request.", ["name"], name=text),
        _tool("touch", "Changes a resource and says so to who follows it.", ["uri"], uri=text),
    ]


def _say(text: str, *, is_error: bool = False, structured: Any = None) -> types.CallToolResult:
    content = types.TextContent(type="text", text=text)
    return types.CallToolResult(content=[content], is_error=is_error, structured_content=structured)


GROW = _tool("grow", "Adds a tool of this name.", ["name"], name={"type": "string"})


class Catalogue:
    """Tools, a prompt, resources and a template. Change `tools` and say so with `changed()`.

    `calls` names every tools/call that arrived; `cancelled` those whose caller went away. `asking`
    has the tools that ask their client something. `subscribed` counts what legacy sessions follow.
    """

    def __init__(self, page_size: int = 0) -> None:
        self.tools = [*_tools(), *asking_tools()]
        self.asking = Asking()
        self.prompts = [
            types.Prompt(
                name="greet",
                description="Greets somebody.",
                arguments=[types.PromptArgument(name="name", required=True)],
            )
        ]
        self.resources = [
            types.Resource(uri="memo://motto", name="motto", mime_type="text/plain"),
            types.Resource(uri="memo://logo", name="logo", mime_type="image/png"),
        ]
        self.templates = [types.ResourceTemplate(uri_template="memo://notes/{id}", name="note")]
        self.touched: dict[str, int] = {}  # how often each resource was changed
        self.subscribed: Counter[str] = Counter()
        self.calls: list[str] = []
        self.cancelled: list[str] = []
        self._page_size = page_size
        self._bus = InMemorySubscriptionBus()
        self._sessions = Sessions()
        self.server = self._build()

    async def changed(self) -> None:
        """Tells every listening client of either era that all lists changed."""
        for event in (ToolsListChanged(), PromptsListChanged(), ResourcesListChanged()):
            await self._bus.publish(event)
        for session in list(self._sessions.live):
            await session.send_tool_list_changed()

    async def touch(self, uri: str) -> None:
        """Changes a resource, and tells who follows it in either era."""
        self.touched[uri] = self.touched.get(uri, 0) + 1
        await self._bus.publish(ResourceUpdated(uri=uri))
        for session in self._sessions.followers(uri):
            await session.send_resource_updated(uri)

    def _build(self) -> Server[Any]:
        server = FixtureServer(
            "fixture",
            version="1.2.3",
            instructions="Say hello.",
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_subscriptions_listen=ListenHandler(self._bus),
            on_subscribe_resource=self._subscribe,
            on_unsubscribe_resource=self._unsubscribe,
        )
        server.middleware.append(self._sessions)
        self.asking.install(server)
        return server

    def _page(self, items: Sequence[T], params: Page) -> tuple[list[T], str | None]:
        start = int(params.cursor) if params and params.cursor else 0
        end = start + (self._page_size or len(items))
        return list(items[start:end]), str(end) if end < len(items) else None

    async def _list_tools(self, _: Context, params: Page) -> types.ListToolsResult:
        items, cursor = self._page(self.tools, params)
        return types.ListToolsResult(tools=items, next_cursor=cursor)

    async def _list_prompts(self, _: Context, params: Page) -> types.ListPromptsResult:
        items, cursor = self._page(self.prompts, params)
        return types.ListPromptsResult(prompts=items, next_cursor=cursor)

    async def _list_resources(self, _: Context, params: Page) -> types.ListResourcesResult:
        items, cursor = self._page(self.resources, params)
        return types.ListResourcesResult(resources=items, next_cursor=cursor)

    async def _list_templates(self, _: Context, params: Page) -> types.ListResourceTemplatesResult:
        items, cursor = self._page(self.templates, params)
        return types.ListResourceTemplatesResult(resource_templates=items, next_cursor=cursor)

    async def _call_tool(self, context: Context, params: types.CallToolRequestParams) -> Answer:
        self.calls.append(params.name)
        answer = await self.asking.call(context, params)
        if answer is not None:
            return answer
        run = {
            "echo": self._echo,
            "add": self._add,
            "slow": self._slow,
            "fail": self._fail,
            "progress": self._progress,
            "header": self._header,
            "grow": self._grow,
            "touch": self._touch,
        }.get(params.name)
        if run is None:
            raise MCPError(types.INVALID_PARAMS, f"no tool {params.name!r}")
        return await run(context, params.arguments or {})

    async def _echo(self, _: Context, arguments: dict[str, Any]) -> types.CallToolResult:
        return _say(str(arguments["text"]))

    async def _add(self, _: Context, arguments: dict[str, Any]) -> types.CallToolResult:
        total = arguments["a"] + arguments["b"]
        return _say(str(total), structured={"sum": total})

    async def _slow(self, _: Context, arguments: dict[str, Any]) -> types.CallToolResult:
        try:
            await asyncio.sleep(float(arguments["seconds"]))
        except asyncio.CancelledError:
            self.cancelled.append("slow")
            raise
        return _say("done")

    async def _fail(self, _: Context, __: dict[str, Any]) -> types.CallToolResult:
        return _say("it failed", is_error=True)

    async def _progress(self, context: Context, arguments: dict[str, Any]) -> types.CallToolResult:
        steps = int(arguments["steps"])
        for step in range(1, steps + 1):
            await context.session.report_progress(step, steps, f"step {step}")
        return _say(f"{steps} steps")

    async def _header(self, context: Context, arguments: dict[str, Any]) -> types.CallToolResult:
        value = context.request.headers.get(str(arguments["name"])) if context.request else None
        return _say(value or "")

    async def _grow(self, context: Context, arguments: dict[str, Any]) -> types.CallToolResult:
        """Not listed unless a test adds it. One more tool; said within the answer alone."""
        self.tools.append(_tool(str(arguments["name"]), "Has grown."))
        changed = types.ToolListChangedNotification()
        await context.session.send_notification(changed, related_request_id=context.request_id)
        return _say("grown")

    async def _touch(self, _: Context, arguments: dict[str, Any]) -> types.CallToolResult:
        await self.touch(str(arguments["uri"]))
        return _say("touched")

    async def _subscribe(
        self, context: Context, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        self.subscribed[str(params.uri)] += 1
        self._sessions.follow(context.session, str(params.uri))
        return types.EmptyResult()

    async def _unsubscribe(
        self, context: Context, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        self.subscribed[str(params.uri)] -= 1
        self._sessions.unfollow(context.session, str(params.uri))
        return types.EmptyResult()

    async def _get_prompt(
        self, _: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        if params.name != "greet":
            raise MCPError(types.INVALID_PARAMS, f"no prompt {params.name!r}")
        text = f"Hello, {(params.arguments or {}).get('name', 'world')}!"
        content = types.TextContent(type="text", text=text)
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])

    async def _read_resource(
        self, _: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        uri = str(params.uri)
        if uri == "memo://logo":
            blob = base64.b64encode(b"\x89PNG").decode()
            return types.ReadResourceResult(
                contents=[types.BlobResourceContents(uri=uri, mime_type="image/png", blob=blob)]
            )
        if uri == "memo://motto":
            text = "Less, but better." + " Still." * self.touched.get(uri, 0)
        elif uri.startswith("memo://notes/"):
            text = f"note {uri.removeprefix('memo://notes/')}"
        else:
            raise MCPError(types.INVALID_PARAMS, f"no resource {uri!r}")
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=uri, mime_type="text/plain", text=text)]
        )


class FixtureServer(Server[Any]):
    """Says in the legacy handshake too that its lists change."""

    @override
    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        options = notification_options or NotificationOptions(
            prompts_changed=True, resources_changed=True, tools_changed=True
        )
        return super().create_initialization_options(options, experimental_capabilities, extensions)


class Sessions:
    """Middleware that keeps the legacy sessions which finished their handshake."""

    def __init__(self) -> None:
        self.live: list[ServerSession] = []
        self._followed: list[tuple[ServerSession, str]] = []

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        if ctx.method == "notifications/initialized":
            self.live.append(ctx.session)
        return await call_next(ctx)

    def follow(self, session: ServerSession, uri: str) -> None:
        self._followed.append((session, uri))

    def unfollow(self, session: ServerSession, uri: str) -> None:
        # The SDK makes a session object for each request; what stays is their connection.
        self._followed = [
            (each, followed)
            for each, followed in self._followed
            if followed != uri or each._connection is not session._connection
        ]

    def followers(self, uri: str) -> list[ServerSession]:
        return [session for session, followed in self._followed if followed == uri]
