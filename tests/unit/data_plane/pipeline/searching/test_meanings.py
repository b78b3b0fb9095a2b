"""Tools get their vectors in the background, whatever the endpoint does; queries do not wait."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.search.embeddings_api import Endpoint
from mcpgateway.common.search.space import Space
from mcpgateway.common.search.vectors import vector
from mcpgateway.data_plane.pipeline.searching.embedder import Embedder
from mcpgateway.data_plane.pipeline.searching.meanings import BATCH, IN_A_ROW, Meanings
from support.embeddings import NUMBERS, EmbeddingService, embedding, embedding_service
from support.registries import tool
from support.wait import until


class World:
    """Meanings of an endpoint; `told` is how its requests ended."""

    def __init__(self, service: EmbeddingService, limit: int = 1_000) -> None:
        self.told = Counter[tuple[str, str]]()
        embedder = Embedder(Pool(), Endpoint(service.url, "m"))
        self.meanings = Meanings(embedder, self.count, 10.0, pause=0.01, limit=limit)

    def count(self, of: str, outcome: str) -> None:
        self.told[of, outcome] += 1

    def space(self, *names: str) -> Space:
        made = self.meanings.space()
        for each in names:
            made.put(tool(each, name=each))
        self.meanings.wake()
        return made

    async def has(self, vectors: int) -> None:
        await until(lambda: self.meanings.vectors == vectors, f"{vectors} vectors")


@asynccontextmanager
async def world(service: EmbeddingService, limit: int = 1_000) -> AsyncIterator[World]:
    made = World(service, limit)
    try:
        yield made
    finally:
        await made.meanings.aclose()


@pytest.fixture
async def service() -> AsyncIterator[EmbeddingService]:
    async with embedding_service() as made:
        yield made


def names(count: int) -> list[str]:
    return [f"t{n}" for n in range(count)]


async def test_tools_are_asked_for_in_batches(service: EmbeddingService) -> None:
    async with world(service) as made:
        made.space(*names(2 * BATCH + 1))
        await made.has(2 * BATCH + 1)
        assert [len(each) for each in service.asked] == [BATCH, BATCH, 1]
        assert made.told == {("tools", "ok"): 3}


async def test_one_that_changes_is_asked_for_alone(service: EmbeddingService) -> None:
    async with world(service) as made:
        space = made.space("a", "b")
        await made.has(2)
        space.put(tool("a", name="c"))
        made.meanings.wake()
        await made.has(2)
        assert service.asked == [["a", "b"], ["c"]]


async def test_what_another_server_has_is_not_asked_for_again(service: EmbeddingService) -> None:
    async with world(service) as made:
        made.space("a", "b")
        await made.has(2)
        made.space("a", "b", "c")
        await made.has(5)
        assert service.asked == [["a", "b"], ["c"]]


@pytest.mark.parametrize("how", ["status", "nonsense"])
async def test_it_is_tried_again_until_the_endpoint_answers(
    service: EmbeddingService, how: str
) -> None:
    if how == "status":
        service.status = 503
    else:
        service.body = b"{}"
    async with world(service) as made:
        made.space("a", "b")
        await until(lambda: len(service.asked) > 2, "more than one try")
        assert made.meanings.vectors == 0
        service.status, service.body = 200, None
        await made.has(2)
        assert made.told["tools", "upstream_rejected"] >= 2


async def test_a_text_that_is_refused_does_not_stop_the_others(service: EmbeddingService) -> None:
    service.refused = "t7"
    async with world(service) as made:
        made.space(*names(3 * BATCH))
        await made.has(3 * BATCH - 1)
        assert service.asked.count(["t7"]) == 1


async def test_where_all_texts_are_refused_they_are_not_all_tried_and_none_is_lost_for_long(
    service: EmbeddingService,
) -> None:
    service.status = 400
    async with world(service) as made:
        made.space(*names(100))
        await until(lambda: len(service.asked) > 11, "some tries")
        service.status = 200
        await until(lambda: made.meanings.vectors >= 90, "those that were not given up")
        assert len(service.asked) < 60


async def test_no_more_vectors_are_kept_than_there_is_room_for(service: EmbeddingService) -> None:
    async with world(service, limit=BATCH) as made:
        first = made.space(*names(BATCH))
        await made.has(BATCH)
        second = made.space("a", "b")
        assert second.wants
        made.meanings.forget(first)
        await made.has(2)


async def test_a_query_has_its_vector(service: EmbeddingService) -> None:
    async with world(service) as made:
        assert await made.meanings.of("a car") == vector(embedding("a car"))
        assert made.told == {("query", "ok"): 1}


async def test_a_query_whose_vector_can_not_be_compared_has_none(
    service: EmbeddingService,
) -> None:
    async with world(service) as made:
        made.space("a")
        await made.has(1)
        service.numbers = NUMBERS // 2
        assert await made.meanings.of("a car") is None


async def test_an_endpoint_that_fails_queries_is_left_alone_for_a_while(
    service: EmbeddingService,
) -> None:
    async with world(service) as made:
        space = made.space("a")
        await made.has(1)
        service.status = 500
        for _ in range(IN_A_ROW):
            assert made.meanings.asks(space)
            assert await made.meanings.of("a car") is None
        assert not made.meanings.asks(space)
        assert made.told["query", "upstream_rejected"] == IN_A_ROW
        assert made.told["query", "resting"] == 1


async def test_a_search_where_nothing_has_a_vector_asks_for_none(
    service: EmbeddingService,
) -> None:
    async with world(service) as made:
        assert not made.meanings.asks(made.meanings.space())
        assert made.told == {}


async def test_an_end_is_made_of_it_while_the_endpoint_keeps_silent(
    service: EmbeddingService,
) -> None:
    service.held = asyncio.Event()
    async with world(service) as made:
        made.space("a")
        await until(lambda: bool(service.asked), "the request")
    service.held.set()
    made.space("b")
    assert service.asked == [["a"]]
