"""An MCP server that counts what it carries out: `look(key)` says that it is read-only,
`write(key)` says nothing. Both take a moment, so that a kill finds calls under way."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server

from support.mcp_servers import serve

LONGEST = 0.05  # seconds that a call takes
Context = ServerRequestContext[Any, Any]


class CountingServer:
    """`written` has how often each key was."""

    def __init__(self) -> None:
        self.url = ""
        self.written: Counter[str] = Counter()
        self._chosen = random.Random(1)

    async def list_tools(self, _: Context, __: Any) -> types.ListToolsResult:
        schema = {"type": "object", "properties": {"key": {"type": "string"}}}
        reads = types.ToolAnnotations(read_only_hint=True)
        return types.ListToolsResult(
            tools=[
                types.Tool(name="look", input_schema=schema, annotations=reads),
                types.Tool(name="write", input_schema=schema),
            ]
        )

    async def call_tool(
        self, _: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        key = str((params.arguments or {})["key"])
        await asyncio.sleep(self._chosen.random() * LONGEST / 2)
        if params.name == "write":
            self.written[key] += 1
        await asyncio.sleep(self._chosen.random() * LONGEST / 2)
        return types.CallToolResult(content=[types.TextContent(type="text", text=key)])


@asynccontextmanager
async def counting_server() -> AsyncIterator[CountingServer]:
    counting = CountingServer()
    server: Server[Any] = Server(
        "counting", on_list_tools=counting.list_tools, on_call_tool=counting.call_tool
    )
    async with serve(server.streamable_http_app()) as base:
        counting.url = f"{base}/mcp"
        yield counting
