"""An endpoint for embeddings is asked over HTTP; whatever it does wrong is an error in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mcpgateway.common.errors import UpstreamRejected, UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.search.embeddings_api import Endpoint
from mcpgateway.common.search.vectors import vector
from mcpgateway.data_plane.pipeline.searching.embedder import (
    ANSWER,
    Embedder,
    TextsRefused,
)
from support.embeddings import NUMBERS, EmbeddingService, embedding, embedding_service
from support.http import free_port


@asynccontextmanager
async def embedder(
    service: EmbeddingService | None = None, *, key: str = "", dimensions: int = 0
) -> AsyncIterator[Embedder]:
    url = f"http://127.0.0.1:{free_port()}/v1/embeddings" if service is None else service.url
    made = Embedder(Pool(), Endpoint(url, "a-model", key, dimensions))
    try:
        yield made
    finally:
        await made.aclose()


@pytest.fixture
async def service() -> AsyncIterator[EmbeddingService]:
    async with embedding_service() as made:
        yield made


async def test_texts_become_vectors_in_their_order(service: EmbeddingService) -> None:
    async with embedder(service) as asked:
        found = await asked.embed(["a car", "weather"], 10)
    assert found == [vector(embedding("a car")), vector(embedding("weather"))]
    assert service.keys == [None]
    assert "dimensions" not in service.requests[0]


async def test_key_model_and_dimensions_are_sent(service: EmbeddingService) -> None:
    async with embedder(service, key="s3cret", dimensions=NUMBERS) as asked:
        await asked.embed(["a"], 10)
    assert service.keys == ["Bearer s3cret"]
    assert service.requests[0]["model"] == "a-model"
    assert service.requests[0]["dimensions"] == NUMBERS


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_texts_that_are_refused_are_told_apart(
    service: EmbeddingService, status: int
) -> None:
    service.status = status
    async with embedder(service) as asked:
        with pytest.raises(TextsRefused, match=str(status)):
            await asked.embed(["a"], 10)


@pytest.mark.parametrize("status", [201, 302, 401, 404, 429, 500, 503])
async def test_any_other_status_is_a_failure(service: EmbeddingService, status: int) -> None:
    service.status = status
    async with embedder(service) as asked:
        with pytest.raises(UpstreamRejected, match=str(status)) as raised:
            await asked.embed(["a"], 10)
        assert not isinstance(raised.value, TextsRefused)


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"data":[]}', b"x" * (ANSWER + 1)], ids=["html", "none", "huge"]
)
async def test_nonsense_is_a_failure(service: EmbeddingService, body: bytes) -> None:
    service.body = body
    async with embedder(service) as asked:
        with pytest.raises(UpstreamRejected):
            await asked.embed(["a"], 10)


async def test_one_that_is_slow_is_waited_for_no_longer_than_told(
    service: EmbeddingService,
) -> None:
    service.held = asyncio.Event()
    async with embedder(service) as asked:
        with pytest.raises(UpstreamTimeout):
            await asked.embed(["a"], 0.05)
    service.held.set()


async def test_one_that_is_away_is_a_failure() -> None:
    async with embedder() as asked:
        with pytest.raises(UpstreamUnreachable):
            await asked.embed(["a"], 10)


async def test_vectors_that_can_not_be_compared_with_the_first_are_refused(
    service: EmbeddingService,
) -> None:
    async with embedder(service) as asked:
        await asked.embed(["a"], 10)
        service.numbers = NUMBERS // 2
        with pytest.raises(UpstreamRejected, match=f"of {NUMBERS // 2} numbers, of {NUMBERS}"):
            await asked.embed(["a"], 10)
        service.numbers = NUMBERS
        await asked.embed(["a"], 10)


async def test_dimensions_that_were_not_asked_for_are_refused(service: EmbeddingService) -> None:
    async with embedder(service, dimensions=32) as asked:
        with pytest.raises(UpstreamRejected, match="of 32 are wanted"):
            await asked.embed(["a"], 10)
