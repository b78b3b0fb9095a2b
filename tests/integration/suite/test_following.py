"""Changes at upstreams of either era reach clients of either era, through all that is between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest
from mcp.client.client import Client

from support.mcp_catalogue import GROW
from support.mcp_servers import mcp_server
from support.suite import Suite
from support.wait import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:resources/subscribe is removed"),
]

PROMPT = 15.0  # seconds; it takes a quarter of one where the machine has nothing else to do
MOTTO = "memo://motto"


class Ear:
    """A client that listens, of either era. `heard` gets the names of what it is told."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.client: Client

    async def hears(self, what: str) -> None:
        async with asyncio.timeout(PROMPT):
            while await self.heard.get() != what:
                pass

    async def is_offered(self, name: str) -> bool:
        return name in {tool.name for tool in (await self.client.list_tools()).tools}

    async def hears_of_touched(self, uri: str) -> None:
        """A legacy client's stream may stand a moment after its subscription was answered, and
        what changes before is nobody's to tell: it is changed until it is told."""
        async with asyncio.timeout(PROMPT):
            while True:
                await self.client.call_tool("told-touch", {"uri": uri})
                with suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        while await self.heard.get() != uri:
                            pass
                        return

    async def take(self, message: Any) -> None:
        method = getattr(message, "method", None)
        if method == "notifications/resources/updated":
            self.heard.put_nowait(str(message.params.uri))
        elif method == "notifications/tools/list_changed":
            self.heard.put_nowait("tools")


@asynccontextmanager
async def listening(suite: Suite, mode: str) -> AsyncIterator[Ear]:
    async with AsyncExitStack() as stack:
        ear = Ear()
        options = {"message_handler": ear.take} if mode == "legacy" else {}
        ear.client = client = await stack.enter_async_context(suite.client("/mcp", mode, **options))
        if mode == "legacy":
            await client.subscribe_resource(MOTTO)
            yield ear
            return
        events = await stack.enter_async_context(
            client.listen(tools_list_changed=True, resource_subscriptions=[MOTTO])
        )

        async def note() -> None:
            async for event in events:
                ear.heard.put_nowait(str(getattr(event, "uri", "tools")))

        noting = asyncio.create_task(note())
        try:
            yield ear
        finally:
            noting.cancel()
            await asyncio.wait([noting])


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
@pytest.mark.parametrize(
    "options",
    [{"era": "modern"}, {"era": "legacy"}, {"era": "legacy", "transport": "sse"}],
    ids=["modern", "legacy", "sse"],
)
async def test_what_changes_at_an_upstream_is_told(
    suite: Suite, options: dict[str, Any], mode: str
) -> None:
    async with mcp_server(**options) as upstream:
        kind = "SSE" if options.get("transport") == "sse" else "STREAMABLEHTTP"
        registered = await suite.register("told", upstream.url, transport=kind)
        try:
            async with listening(suite, mode) as ear:
                await ear.hears_of_touched(MOTTO)
                upstream.catalogue.tools.append(GROW)
                await upstream.catalogue.changed()
                await ear.hears("tools")
                # The replica that lists may apply the change a moment after the one that tells.
                await until(lambda: ear.is_offered("told-grow"), "the new tool is listed", PROMPT)
        finally:
            async with suite.http() as http:
                answer = await http.delete(f"/gateways/{registered['id']}?wait=applied")
                assert answer.status_code == 200, answer.text
