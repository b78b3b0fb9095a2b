"""Several rankings of tools joined to one, by ranks alone: what they count can not be compared
(reciprocal rank fusion, Cormack et al. 2009)."""

from collections.abc import Sequence

from mcpgateway.common.routing.model import Tool

_DAMPING = 60  # as in the paper: the higher, the less the first ranks count


def fused(rankings: Sequence[Sequence[Tool]], limit: int) -> list[Tool]:
    """The best first; equals in order of their names."""
    scores: dict[str, float] = {}
    tools: dict[str, Tool] = {}
    for ranking in rankings:
        for rank, tool in enumerate(ranking, 1):
            tools[tool.id] = tool
            scores[tool.id] = scores.get(tool.id, 0.0) + 1 / (_DAMPING + rank)
    best = sorted(tools.values(), key=lambda each: (-scores[each.id], each.name, each.id))
    return best[:limit]
