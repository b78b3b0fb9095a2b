"""A client of a real data plane finds tools by what they mean, as long as the endpoint answers."""

import json

import pytest
from mcp.client.client import Client

from mcpgateway.common.routing.model import Tool
from support.data_plane import data_plane
from support.embeddings import embedding_service
from support.registries import server, upstream
from support.wait import until

NAMES = ("rent-vehicle", "paint-wall", "forecast")


async def found(client: Client, query: str) -> list[str]:
    result = await client.call_tool("search_tools", {"query": query})
    return [each["name"] for each in json.loads(result.content[0].text)["tools"]]  # type: ignore[union-attr]  # it is a text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_finds_what_no_word_finds(mode: str) -> None:
    tools = [Tool(each, "u1", each, each, b'{"inputSchema":{"type":"object"}}') for each in NAMES]
    searched = server("s1", tools=NAMES, discovery="search")
    async with (
        embedding_service() as service,
        data_plane(
            upstream(),
            *tools,
            searched,
            MCPGATEWAY_EMBEDDINGS_URL=service.url,
            MCPGATEWAY_EMBEDDINGS_MODEL="m",
            MCPGATEWAY_EMBEDDINGS_TIMEOUT="10",
        ) as plane,
        plane.client("/servers/s1/mcp", mode) as client,
    ):
        await client.list_tools()

        async def by_meaning() -> bool:
            return "rent-vehicle" in await found(client, "automobile")

        await until(by_meaning, "a tool that is found by its meaning")
        service.status = 503
        assert await found(client, "automobile") == []
        assert await found(client, "paint") == ["paint-wall"]
