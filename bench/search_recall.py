"""Recall@5 of the labelled queries by words, by a model's meaning, and by both:
`MCPGATEWAY_EMBEDDINGS_URL=... MCPGATEWAY_EMBEDDINGS_MODEL=... python -m bench.search_recall`.

It reads what data planes read, and asks the endpoint for some 500 vectors.
"""

import asyncio
import os
import sys
from collections.abc import Generator
from typing import NamedTuple

from bench.labelled import Labelled, labelled_queries, labelled_tools
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.settings import SettingsError, load
from mcpgateway.common.runtime.slices import begun
from mcpgateway.common.search import by_meaning
from mcpgateway.common.search.embeddings_api import Endpoint
from mcpgateway.common.search.index import Index
from mcpgateway.common.search.space import Space
from mcpgateway.common.search.vectors import Vector
from mcpgateway.data_plane.embedding_settings import EmbeddingSettings
from mcpgateway.data_plane.pipeline.searching.embedder import Embedder
from mcpgateway.data_plane.pipeline.searching.meanings import BATCH, BATCH_SECONDS

FIRST = 5
QUERIES = ("queries", "unseen")


class Recall(NamedTuple):
    """Of the queries of this name those for which a tool that would do is among the first five."""

    name: str
    words: float
    meaning: float
    both: float


async def measure(endpoint: Endpoint) -> list[Recall]:
    """Raises GatewayError where the endpoint fails."""
    embedder = Embedder(Pool(), endpoint)
    try:
        index, space = Index(), Space()
        for tool in labelled_tools():
            index.put(tool)
            space.put(tool)
        while space.wants:
            wanted = space.wanted(BATCH)
            vectors = await embedder.embed([each.text for each in wanted], BATCH_SECONDS)
            for each, vector in zip(wanted, vectors, strict=True):
                space.learn(each.id, each.digest, vector)
        return [await _recall(name, index, space, embedder) for name in QUERIES]
    finally:
        await embedder.aclose()


async def _recall(name: str, index: Index, space: Space, embedder: Embedder) -> Recall:
    asked = labelled_queries(name)
    words = meaning = both = 0
    for each in asked:
        (vector,) = await embedder.embed([each.query], BATCH_SECONDS)
        words += _finds(each, index.search(each.query, FIRST, _any))
        meaning += _finds(each, space.nearest(vector, FIRST, _any))
        both += _finds(each, _joined(index, space, each.query, vector))
    return Recall(name, words / len(asked), meaning / len(asked), both / len(asked))


def _joined(
    index: Index, space: Space, query: str, vector: Vector
) -> Generator[None, None, list[Tool]]:
    return by_meaning.search((index, space), query, vector, FIRST, _any)


def _finds(asked: Labelled, steps: Generator[None, None, list[Tool]]) -> bool:
    return any(each.name in asked.wanted for each in begun(steps, 10))


def _any(_: Tool) -> bool:
    return True


async def _run() -> list[Recall]:
    endpoint = load(EmbeddingSettings, os.environ).embeddings
    if endpoint is None:
        raise SettingsError(
            ["MCPGATEWAY_EMBEDDINGS_URL and MCPGATEWAY_EMBEDDINGS_MODEL are wanted"]
        )
    return await measure(endpoint)


def main() -> int:
    try:
        found = asyncio.run(_run())
    except (SettingsError, GatewayError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name, words, meaning, both in found:
        sys.stdout.write(f"{name}: words {words:.2f}, meaning {meaning:.2f}, both {both:.2f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
