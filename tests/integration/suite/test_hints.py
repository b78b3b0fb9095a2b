"""What an upstream says in a call about its lists reaches the registry by way of the data plane."""

import pytest

from support.mcp_catalogue import GROW
from support.mcp_servers import mcp_server
from support.suite import Suite
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_list_that_changed_in_a_call_is_fetched_without_a_standing_stream(
    suite: Suite,
) -> None:
    async def grown() -> bool:
        return "plain-grown" in {tool["name"] for tool in await suite.tools()}

    async with mcp_server(era="legacy", standing=False) as upstream:
        upstream.catalogue.tools.append(GROW)
        await suite.register("plain", upstream.url)
        async with suite.client("/mcp", "legacy") as client:
            await client.call_tool("plain-grow", {"name": "grown"})
        await until(grown, "the registry has the new tool")
