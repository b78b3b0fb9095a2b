"""In which order things are written, what has a mark, what is pruned. Pure."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.common.routing.recipe import MAX_DEPTH
from mcpgateway.control_plane.registry.model import Entity
from mcpgateway.control_plane.registry.transfer.model import Item, Kind

# What is referred to comes before what refers to it.
ORDER: tuple[Kind, ...] = ("Root", "Gateway", "Tool", "Resource", "Prompt", "Agent", "Server")
MARK = "set:"  # before the name of a set, in a tag
MAX_LABEL = 64


def ordered(items: Iterable[Item], *, last_first: bool = False) -> list[Item]:
    """By kind, and within one as given, but that what tools are made of comes before them."""
    given = list(items)
    levels = _levels(given)
    return sorted(
        given,
        key=lambda item: (ORDER.index(item.kind), levels.get(item.at, 0)),
        reverse=last_first,
    )


def _levels(items: Iterable[Item]) -> dict[str, int]:
    """Of items that are tools made of others, by their place: how many of these stand below."""
    named = {item.name: item for item in items if item.kind == "Tool" and item.body.get("recipe")}
    parts = {name: _texts_of(item.body["recipe"]) & named.keys() for name, item in named.items()}
    levels = dict.fromkeys(named, 1)
    for _ in range(MAX_DEPTH):
        for name, below in parts.items():
            levels[name] = 1 + max((levels[each] for each in below if each != name), default=0)
    return {named[name].at: level for name, level in levels.items()}


def _texts_of(recipe: Any) -> set[str]:
    """Whatever it may name its tools by."""
    said = recipe if isinstance(recipe, dict) else {}
    steps = said.get("steps")
    every = [said, *(steps if isinstance(steps, list) else [])]
    found = [each.get("tool") for each in every if isinstance(each, dict)]
    return {each for each in found if isinstance(each, str)}


def check_distinct(items: Iterable[Item]) -> None:
    """Raises InvalidCall that names each thing that is wanted twice."""
    seen: dict[tuple[str, str, object], Item] = {}
    problems = []
    for item in items:
        first = seen.setdefault((item.kind, item.key, item.parent), item)
        if first is not item:
            problem = f"{item.told} stands at {first.at} already"
            problems.append(FieldProblem(item.at, problem, "distinct"))
    if problems:
        raise InvalidCall("; ".join(f"{p.field}: {p.problem}" for p in problems), errors=problems)


def marked(
    given: tuple[str, ...] | UnsetType, present: Sequence[str], label: str
) -> tuple[str, ...] | UnsetType:
    """The tags of a thing that is applied: those given, with the marks that it has already, and the
    one of this set."""
    if given is UNSET and not label:
        return UNSET
    plain = [tag for tag in (present if given is UNSET else given) if not is_mark(tag)]
    marks = [tag for tag in present if is_mark(tag)]
    mine = [MARK + label] if label and MARK + label not in marks else []
    return (*plain, *marks, *mine)


def is_mark(tag: str) -> bool:
    return tag.startswith(MARK)


def to_prune(rows: Iterable[Entity], label: str, kept: Collection[str]) -> list[Entity]:
    """Those of a set that are none of `kept` ids; what an upstream lists goes with its upstream."""
    mark = MARK + label
    return [
        row
        for row in rows
        if mark in row.tags and row.id not in kept and getattr(row, "upstream_id", None) is None
    ]


def renamed(name: str, seconds: int) -> str:
    """As ContextForge names what it imports beside what is there."""
    return f"{name}_imported_{seconds}"
