"""Where there are embeddings a search finds what no word finds, and is never worse for them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mcpgateway.common.metrics.exposition import render
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.routing.model import Access, Record
from mcpgateway.data_plane.pipeline.searching.meanings import IN_A_ROW
from mcpgateway.data_plane.wiring.searches import make_catalogues
from support.data_plane import settings
from support.embeddings import NUMBERS, EmbeddingService, embedding_service
from support.endpoint import Endpoint, answer_of, token
from support.exchange import RecordingExchange
from support.registries import BOB, USER_ROLE, server, tool, upstream
from support.wait import until

TOOLS = (
    tool("t-rent", name="up-rent-vehicle"),
    tool("t-wall", name="up-paint-wall"),
    tool("t-hidden", name="up-hide-automobile", access=Access("private", owner="carl@example.com")),
)
IDS = tuple(each.id for each in TOOLS)
WORLD: tuple[Record, ...] = (
    upstream(),
    *TOOLS,
    server("s", tools=IDS, discovery="search"),
    USER_ROLE,
    BOB,
)


class World:
    """An endpoint of MCP that has one for embeddings, and the metrics of it."""

    def __init__(self, service: EmbeddingService, timeout: str) -> None:
        self.service = service
        self.registry = Registry()
        chosen = settings(
            MCPGATEWAY_EMBEDDINGS_URL=service.url,
            MCPGATEWAY_EMBEDDINGS_MODEL="m",
            MCPGATEWAY_EMBEDDINGS_TIMEOUT=timeout,
        )
        self.catalogues = make_catalogues(chosen, self.registry)
        self.endpoint = Endpoint(WORLD, catalogues=self.catalogues)

    async def filled(self) -> None:
        self.endpoint.legacy("tools/list", {}, "s")
        await self.has(len(IDS))

    async def has(self, vectors: int) -> None:
        meanings = self.catalogues.meanings
        assert meanings is not None
        await until(lambda: meanings.vectors == vectors, f"{vectors} vectors")

    async def found(self, query: str, who: str = "") -> list[str]:
        exchange = self.ask(query, who)
        await exchange.finished()
        result = answer_of(exchange)["result"]
        assert not result["isError"]
        return [each["name"] for each in json.loads(result["content"][0]["text"])["tools"]]

    def ask(self, query: str, who: str = "") -> RecordingExchange:
        params = {"name": "search_tools", "arguments": {"query": query}}
        bearer = f"Bearer {token(who)}" if who else None
        return self.endpoint.modern("tools/call", params, "s", authorization=bearer)

    def count(self, name: str) -> str:
        """Lines of a metric."""
        lines = render(self.registry.families()).decode().splitlines()
        return "\n".join(each for each in lines if each.startswith(name))


@asynccontextmanager
async def world(service: EmbeddingService, timeout: str = "10") -> AsyncIterator[World]:
    made = World(service, timeout)
    try:
        yield made
    finally:
        await made.endpoint.conversations.aclose()


@pytest.fixture
async def service() -> AsyncIterator[EmbeddingService]:
    async with embedding_service() as made:
        yield made


async def test_what_no_word_finds_is_found_by_its_meaning(service: EmbeddingService) -> None:
    async with world(service) as made:
        assert "up-rent-vehicle" not in await made.found("car")
        await made.filled()
        assert (await made.found("car", BOB.id))[0] == "up-rent-vehicle"
        assert 'of="query",outcome="ok"} 1' in made.count("mcpgateway_search_embeddings_total")
        assert made.count("mcpgateway_search_embedded_tools").endswith(" 3")


async def test_only_what_the_caller_may_use_is_found(service: EmbeddingService) -> None:
    async with world(service) as made:
        await made.filled()
        assert "up-hide-automobile" in await made.found("car")
        assert "up-hide-automobile" not in await made.found("car", BOB.id)


async def test_the_same_query_is_answered_alike(service: EmbeddingService) -> None:
    async with world(service) as made:
        await made.filled()
        assert await made.found("paint a car") == await made.found("paint a car")


async def test_a_tool_that_changes_is_found_by_what_it_says_now(
    service: EmbeddingService,
) -> None:
    async with world(service) as made:
        await made.filled()
        made.endpoint.change(tool("t-wall", name="up-show-picture"))
        await until(lambda: "up-show-picture" in service.texts, "another vector")
        await made.has(len(IDS))
        assert (await made.found("photo", BOB.id))[0] == "up-show-picture"


async def test_of_a_server_that_is_gone_no_vectors_are_kept(service: EmbeddingService) -> None:
    async with world(service) as made:
        await made.filled()
        made.endpoint.remove("server", "s")
        await made.has(0)


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("failing", "upstream_rejected"),
        ("nonsense", "upstream_rejected"),
        ("other", "upstream_rejected"),
        ("slow", "upstream_timeout"),
    ],
)
async def test_words_alone_answer_where_the_endpoint_fails(
    service: EmbeddingService, how: str, code: str
) -> None:
    async with world(service, timeout="0.05" if how == "slow" else "10") as made:
        await made.filled()
        match how:
            case "failing":
                service.status = 503
            case "nonsense":
                service.body = b'{"data":[{"index":0,"embedding":"x"}]}'
            case "other":
                service.numbers = NUMBERS // 2
            case _:
                service.held = asyncio.Event()
        for _ in range(IN_A_ROW):
            assert await made.found("paint") == ["up-paint-wall"]
        told = made.count("mcpgateway_search_embeddings_total")
        assert f'of="query",outcome="{code}"}} {IN_A_ROW}' in told
        asked = len(service.asked)
        assert await made.found("paint") == ["up-paint-wall"]  # it is left alone now
        assert len(service.asked) == asked
        if service.held is not None:
            service.held.set()


async def test_who_leaves_is_not_waited_for(service: EmbeddingService) -> None:
    async with world(service) as made:
        await made.filled()
        service.held = asyncio.Event()
        asked = made.ask("car")
        await until(lambda: "car" in service.texts, "the query")
        asked.leave()
        service.held.set()
        assert await made.found("paint wall")
        assert not asked.started


async def test_without_settings_nothing_is_asked() -> None:
    registry = Registry()
    assert make_catalogues(settings(), registry).meanings is None
    assert b"mcpgateway_search_embedded_tools 0" in render(registry.families())


async def test_half_of_the_settings_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    half = settings(MCPGATEWAY_EMBEDDINGS_URL="http://127.0.0.1:1/v1/embeddings")
    assert make_catalogues(half, Registry()).meanings is None
    assert "MCPGATEWAY_EMBEDDINGS_MODEL only one is set" in caplog.text
