"""A search by words and by meaning together.

Looking through all vectors takes 0.1 us each. Where that would be more than 4 ms, only what words
found is put in order by meaning, too.
"""

from collections.abc import Generator

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.search.fusion import fused
from mcpgateway.common.search.index import Index, Shown
from mcpgateway.common.search.space import Space
from mcpgateway.common.search.vectors import Vector

LOOKED_THROUGH = 40_000  # vectors; of more only those are looked at that words found
JOINED = 50  # of each ranking
BY_WORDS = 200  # that words found, where no others are looked at


def search(
    found_in: tuple[Index, Space], query: str, meaning: Vector, limit: int, shown: Shown
) -> Generator[None, None, list[Tool]]:
    """The best that are `shown`, best first. `meaning`: that of the query."""
    index, space = found_in
    if len(space) > LOOKED_THROUGH:
        words = yield from index.search(query, BY_WORDS, shown)
        near = yield from space.ranked(meaning, words)
    else:
        words = yield from index.search(query, JOINED, shown)
        near = yield from space.nearest(meaning, JOINED, shown)
    return fused((words[:JOINED], near[:JOINED]), limit)
