"""Under which names an upstream's tools and prompts are offered. Pure.

A name is given once and kept: who came first has it, who comes later gets the next free number.
"""

from collections.abc import Iterable
from typing import NamedTuple

from mcpgateway.common import ids

_PREFIX = 100  # of a name; longer ones may have been cut


class Names(NamedTuple):
    """`offered` by own name; `renamed` are those of them that had to take a number."""

    offered: dict[str, str]
    renamed: dict[str, str]


def prefix(slug: str, separator: str) -> str:
    """How every name of this upstream begins, whether cut, numbered or neither."""
    return f"{slug}{separator}"[:_PREFIX]


def assign(originals: Iterable[str], taken: Iterable[str], slug: str, separator: str) -> Names:
    """Names for `originals`, none of which is in `taken` or given twice."""
    used = set(taken)
    names = Names({}, {})
    for original in originals:
        usual = ids.prefixed_name(slug, original, separator)
        name = _free(usual, used)
        used.add(name)
        names.offered[original] = name
        if name != usual:
            names.renamed[original] = name
    return names


def _free(usual: str, used: set[str]) -> str:
    name, n = usual, 1
    while name in used:
        n += 1
        name = ids.numbered(usual, n)
    return name
