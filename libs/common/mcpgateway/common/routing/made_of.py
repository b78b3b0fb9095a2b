"""Tools that are made of other tools, as a table knows them: which they are, and who may use them.

It does not call them, and does not look at what a recipe does with arguments.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from mcpgateway.common.policy.access.permits import EVERYWHERE, Permits, Place, Used
from mcpgateway.common.routing import recipe as recipes
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.shards import Editor

Makers = tuple[str, ...]  # ids of the tools that are made of one, sorted


def parts(tool: Tool) -> tuple[str, ...]:
    """Ids of the tools that one is made of; none for any other, and for one that can not be
    read."""
    if not tool.recipe:
        return ()
    try:
        return recipes.tools_of(recipes.decode(tool.recipe))
    except (msgspec.DecodeError, RecursionError):
        return ()


def may_use(permits: Permits, record: Used, place: Place, by_id: Mapping[str, Any]) -> bool:
    """Whether lists show it. Of a tool that is made of others each of those has to be allowed, by
    itself: a server where it is offered gives nobody what he may not use. `by_id` has what is of
    its kind."""
    if not permits.may_use(record, place):
        return False
    if not isinstance(record, Tool) or not record.recipe:
        return True
    found = _all_parts(record, by_id)
    return all(each is not None and permits.may_use(each, EVERYWHERE) for each in found)


def _all_parts(tool: Tool, by_id: Mapping[str, Tool]) -> Iterator[Tool | None]:
    """Those of its parts, too; each once. None for one that is not there."""
    seen: set[str] = set()
    left = list(parts(tool))
    while left:
        id = left.pop()
        if id in seen:
            continue
        seen.add(id)
        found = by_id.get(id)
        yield found
        if found is not None and found.recipe:
            left += parts(found)


def link(makers: Editor[Makers], tool: Tool) -> None:
    """Notes whom a change of its parts concerns."""
    for id in parts(tool):
        makers[id] = tuple(sorted({*(makers.get(id) or ()), tool.id}))


def unlink(makers: Editor[Makers], tool: Tool) -> None:
    for id in parts(tool):
        left = tuple(each for each in makers.get(id) or () if each != tool.id)
        if left:
            makers[id] = left
        else:
            makers.pop(id)


def above(makers: "Editor[Makers] | Mapping[str, Makers]", ids: Iterable[str]) -> set[str]:
    """All that is made of these, or of what is made of them."""
    found: set[str] = set()
    left = list(ids)
    while left:
        for id in makers.get(left.pop()) or ():
            if id not in found:
                found.add(id)
                left.append(id)
    return found


def buildable(
    waiting: dict[str, Tool], makers: Editor[Makers], used: Editor[Any]
) -> Iterator[tuple[Tool, str | None]]:
    """Each of `waiting` with what it lacks, None for nothing; what it is made of comes before it.
    What is made of itself lacks itself, by whatever way. The caller puts those that lack nothing
    among `used` before it asks for the next."""
    lacking: dict[str, set[str]] = {}
    for id, tool in waiting.items():
        lacking[id] = {part for part in parts(tool) if part not in used}
    ready = sorted(id for id, lacks in lacking.items() if not lacks)
    while ready:
        id = ready.pop()
        del lacking[id]
        yield waiting[id], None
        for maker in makers.get(id) or ():
            lacks = lacking.get(maker)
            if lacks is not None and id in lacks:
                lacks.discard(id)
                if not lacks:
                    ready.append(maker)
    for id, lacks in sorted(lacking.items()):
        yield waiting[id], f"a tool that it is made of, {min(lacks)!r}, is not in the table"
