"""Recipes of tools that are made of others: which tools they name, whether they can work, and what
a derived tool says of itself.

The definition of a derived tool is its base's, shaped; its own words are overrides of that. The
store shapes it again in every transaction that writes its base.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from mcpgateway.common import ids
from mcpgateway.common.errors import Conflict, FieldProblem, InvalidCall
from mcpgateway.common.policy.access.permissions import USE
from mcpgateway.common.recipes import composing, deriving
from mcpgateway.common.routing.recipe import (
    MAX_DEPTH,
    MAX_RECIPE,
    Composed,
    Derived,
    Recipe,
    tools_of,
)
from mcpgateway.control_plane.registry import wording
from mcpgateway.control_plane.registry.actor import Actor, object_of
from mcpgateway.control_plane.registry.model import Tool, may_see
from mcpgateway.control_plane.registry.ports import WriteTx


def of(row: Tool) -> Recipe | None:
    return None if row.recipe is None else msgspec.convert(row.recipe, Recipe)


def kept(recipe: Recipe) -> dict[str, Any]:
    """As a row has it: what was read of the database is equal to what was written."""
    return msgspec.json.decode(msgspec.json.encode(recipe), type=dict[str, Any])


def base_of(row: Tool) -> str:
    """The id of the tool that a derived one is made of, "" for any other."""
    recipe = of(row)
    return recipe.tool if isinstance(recipe, Derived) else ""


def settled(row: Tool, base: Tool | None) -> Tool:
    """A derived tool with what its base says of itself now; as it is when there is none."""
    recipe = of(row)
    if not isinstance(recipe, Derived) or base is None:
        return row
    made = deriving.definition(wording.shown(base.definition, base.overrides), recipe)
    definition = msgspec.json.encode(made).decode()
    facts = wording.repeatability(definition, row.overrides)
    return msgspec.structs.replace(row, definition=definition, **facts)


async def judged(tx: WriteTx, actor: Actor, recipe: Recipe, id: str = "") -> tuple[Recipe, Tool]:
    """With the ids of its tools in place of their names, and the first of them, the base of a
    derived one. `id`: of the tool that is to have it, "" for a new one. Raises InvalidCall that
    names every problem."""
    found, problems = await _found(tx, actor, recipe)
    if not problems:
        problems = _own_problems(recipe, found) + await _depth_problems(tx, found.values(), id)
    if problems:
        text = "; ".join(f"{problem.field} {problem.problem}" for problem in problems)
        raise InvalidCall(text, errors=problems)
    named = with_tools(recipe, {name: row.id for name, row in found.items()})
    return named, next(iter(found.values()))


async def check_depth(tx: WriteTx, row: Tool) -> None:
    """Of a version that comes back: what it is made of may be made of it by now. Raises
    Conflict."""
    used = await tx.tools.get(list(made_of(row)))
    problems = await _depth_problems(tx, used, row.id)
    if problems:
        text = "; ".join(f"{problem.field} {problem.problem}" for problem in problems)
        raise Conflict(f"this version can not come back: {text}", errors=problems)


def with_tools(recipe: Recipe, names: Mapping[str, str]) -> Recipe:
    """The same with others in place of what it names its tools by, as far as they are known."""
    if isinstance(recipe, Derived):
        return msgspec.structs.replace(recipe, tool=names.get(recipe.tool, recipe.tool))
    steps = tuple(
        msgspec.structs.replace(step, tool=names.get(step.tool, step.tool)) for step in recipe.steps
    )
    return msgspec.structs.replace(recipe, steps=steps)


async def _found(
    tx: WriteTx, actor: Actor, recipe: Recipe
) -> tuple[dict[str, Tool], list[FieldProblem]]:
    """By what the recipe names them: an id, or the name under which one is offered."""
    named = tools_of(recipe)
    as_ids = {name: ids.as_id(name) or name for name in named}
    by_id = {row.id: row for row in await tx.tools.get(list(as_ids.values()))}
    found = {name: by_id[id] for name, id in as_ids.items() if id in by_id}
    by_name = {row.name: row for row in await tx.tools.keyed([n for n in named if n not in found])}
    found |= {name: by_name[name] for name in named if name in by_name}
    problems = [
        FieldProblem(at, problem, "reference")
        for at, name in _places(recipe)
        if (problem := _unusable(actor, name, found.get(name)))
    ]
    return {name: found[name] for name in named if name in found}, problems


def _unusable(actor: Actor, name: str, row: Tool | None) -> str:
    if row is None or not may_see(actor.viewer, row):
        return f"is no tool: there is none with the id or name {name[:128]!r}"
    decision = actor.viewer.decide(USE["tool"], object_of("tool", row))
    return "" if decision.allowed else f"is a tool that you may not use: {decision.reason}"


def _places(recipe: Recipe) -> list[tuple[str, str]]:
    if isinstance(recipe, Derived):
        return [("recipe.tool", recipe.tool)]
    return [(f"recipe.steps[{index}].tool", step.tool) for index, step in enumerate(recipe.steps)]


def _own_problems(recipe: Recipe, found: Mapping[str, Tool]) -> list[FieldProblem]:
    size = len(msgspec.json.encode(recipe))
    if size > MAX_RECIPE:
        return [FieldProblem("recipe", f"has {size} bytes, at most {MAX_RECIPE} are taken", "size")]
    if isinstance(recipe, Composed):
        return [
            FieldProblem(f"recipe{dotted(each.pointer)}", each.problem, "recipe")
            for each in composing.problems(recipe)
        ]
    base = found[recipe.tool]
    said = wording.shown(base.definition, base.overrides)
    return [
        FieldProblem(f"recipe.{member}", problem, "recipe")
        for member, problem in deriving.problems(said, recipe)
    ]


async def _depth_problems(tx: WriteTx, used: Iterable[Tool], id: str) -> list[FieldProblem]:
    """Recipes of recipes go so deep, and come back to nobody."""
    below, ids_below = await _levels_below(tx, used)
    if id and id in ids_below:
        return [FieldProblem("recipe", "is made of the tool itself, by whatever way", "cycle")]
    above = await _levels_above(tx, id) if id else 0
    if below + 1 + above > MAX_DEPTH:
        told = f"tools are made of tools that are made of tools more than {MAX_DEPTH} deep then"
        return [FieldProblem("recipe", told, "depth")]
    return []


async def _levels_below(tx: WriteTx, used: Iterable[Tool]) -> tuple[int, set[str]]:
    """How many levels of recipes there are among these, and the ids of all that they come to."""
    rows = list(used)
    seen = {row.id for row in rows}
    levels = 0
    while any(row.recipe for row in rows) and levels <= MAX_DEPTH:
        levels += 1
        named = {part for row in rows if (recipe := of(row)) for part in tools_of(recipe)}
        rows = list(await tx.tools.get(sorted(named)))
        seen |= named
    return levels, seen


async def _levels_above(tx: WriteTx, id: str) -> int:
    levels, row_ids = 0, [id]
    while levels <= MAX_DEPTH:
        makers = await tx.tools.makers(row_ids)
        if not makers:
            break
        levels, row_ids = levels + 1, [row.id for row in makers]
    return levels


def dotted(at: str) -> str:
    """`/steps/0/each` -> `.steps[0].each`."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in at.split("/")[1:]]
    return "".join(f"[{part}]" if part.isdecimal() else f".{part}" for part in parts)


def shown(row: Tool, names: Mapping[str, str]) -> dict[str, Any] | None:
    """A recipe with the names of its tools in place of their ids, where they are known."""
    recipe = of(row)
    return None if recipe is None else kept(with_tools(recipe, names))


def made_of(row: Tool) -> Sequence[str]:
    """Ids."""
    recipe = of(row)
    return () if recipe is None else tools_of(recipe)
