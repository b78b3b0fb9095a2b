"""Under which names an upstream's tools and prompts are offered. Pure.

A name is given once and kept: who came first has it, who comes later gets the next free number.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import UNSET

from mcpgateway.common import ids
from mcpgateway.control_plane.registry.drafts import NamedDraft
from mcpgateway.control_plane.registry.model import Prompt, Tool

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


def own(current: Tool | Prompt, draft: NamedDraft) -> dict[str, str | None]:
    """The columns that name one of our own, where they change: it is offered as it is called, or as
    it is called by custom."""
    if draft.custom_name not in (UNSET, "", current.custom_name or current.original_name):
        return {"custom_name": draft.custom_name, "name": draft.custom_name}
    if draft.name in (UNSET, current.name):
        return {}
    return {"original_name": draft.name, "custom_name": None, "name": draft.name}


def custom(
    current: Tool | Prompt, draft: NamedDraft, slug: str, separator: str
) -> dict[str, str | None]:
    """The same of an upstream's. A new name is a custom one, with or without the prefix; its own
    name as custom name is none. Empty: nothing was said of its name."""
    if draft.custom_name is not UNSET:
        said = draft.custom_name
    elif draft.name in (UNSET, current.name):
        return {}
    else:
        said = draft.name.removeprefix(f"{slug}{separator}")
    if said == (current.custom_name or current.original_name):
        return {}
    name = ids.prefixed_name(slug, said or current.original_name, separator)
    kept = None if said in ("", current.original_name) else said
    return {"custom_name": kept, "name": name}


def _free(usual: str, used: set[str]) -> str:
    name, n = usual, 1
    while name in used:
        n += 1
        name = ids.numbered(usual, n)
    return name
