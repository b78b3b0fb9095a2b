"""What an endpoint for embeddings adds to words is measured with the labelled queries."""

import pytest

from bench.search_recall import QUERIES, measure
from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.search.embeddings_api import Endpoint
from support.embeddings import embedding_service


async def test_recall_is_told_of_words_of_meaning_and_of_both() -> None:
    async with embedding_service() as service:
        found = await measure(Endpoint(service.url, "m"))
    assert [each.name for each in found] == list(QUERIES)
    for each in found:
        assert each.words >= 0.9
        assert 0 < each.meaning <= 1
        assert each.both >= min(each.words, each.meaning)


async def test_an_endpoint_that_fails_is_told_of() -> None:
    async with embedding_service() as service:
        service.status = 401
        with pytest.raises(UpstreamRejected, match="401"):
            await measure(Endpoint(service.url, "m"))
