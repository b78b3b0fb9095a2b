"""The use cases of tools that are made of others. What the tools that they are made of are told to
do is theirs: limits, checks and filters of a derived tool are those of its base."""

from typing import Any

import msgspec
from msgspec import UNSET

from mcpgateway.common import ids
from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.common.routing.recipe import Derived, Recipe
from mcpgateway.control_plane.registry import naming, recipes, wording
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.drafts import RestDraft, ToolDraft, given
from mcpgateway.control_plane.registry.model import Tool
from mcpgateway.control_plane.registry.ports import Ports, WriteTx

_SAID = {"method": "request_type"}  # how callers call it
_NOTHING: tuple[object, ...] = ({}, (), None, "", True, 0, 2)  # as answers show what is not there
_SCHEMAS = ("inputSchema", "outputSchema")
_OF_BASE = {
    "jsonpath_filter": "",
    "validation": "none",
    "timeout_ms": None,
    "max_concurrency": None,
}
ANY_ARGUMENTS = {"inputSchema": {"type": "object"}}


async def made(
    tx: WriteTx, ports: Ports, actor: Actor, draft: ToolDraft, fields: dict[str, Any]
) -> Tool:
    """A new one; `fields` are those of the draft that are plain. Raises InvalidCall."""
    assert draft.name is not UNSET
    assert not isinstance(draft.recipe, msgspec.UnsetType)
    name = draft.name if draft.custom_name is UNSET else draft.custom_name
    recipe, base = await recipes.judged(tx, actor, draft.recipe)
    usual: dict[str, Any] = {} if isinstance(recipe, Derived) else {"validation": "both"}
    row = Tool(
        id=ids.make_id(ports.entropy(16)),
        name=name,
        original_name=draft.name,
        custom_name=None if name == draft.name else name,
        definition=msgspec.json.encode(ANY_ARGUMENTS).decode(),
        recipe=recipes.kept(recipe),
        created_at=tx.at,
        updated_at=tx.at,
        created=actor.who,
        **(usual | fields),
    )
    return _worded(recipes.settled(row, base), recipe, draft)


async def changed(
    tx: WriteTx, actor: Actor, current: Tool, draft: ToolDraft, fields: dict[str, Any]
) -> Tool:
    """As it is then, not yet stamped as an edit. Raises InvalidCall."""
    recipe = recipes.of(current)
    assert recipe is not None
    row = msgspec.structs.replace(current, **naming.own(current, draft), **fields)
    if not isinstance(draft.recipe, msgspec.UnsetType):
        if type(draft.recipe) is not type(recipe):
            told = "is of the other kind: delete the tool, and make another one"
            raise _refused([FieldProblem("recipe", told, "kind")])
        recipe, base = await recipes.judged(tx, actor, draft.recipe, current.id)
        row = msgspec.structs.replace(row, recipe=recipes.kept(recipe))
        row = recipes.settled(row, base)
    return _worded(row, recipe, draft)


def _worded(row: Tool, recipe: Recipe, draft: ToolDraft) -> Tool:
    """With its own words. Raises InvalidCall."""
    problems = _rest_problems(draft)
    title = wording.titled(draft, wording.display_name(row.original_name))
    worded = msgspec.structs.replace(draft, members={**draft.members, **title})
    if isinstance(recipe, Derived):
        overrides = wording.overridden(row.definition, row.overrides, worded)
        problems += _base_problems(row, overrides)
        row = msgspec.structs.replace(row, overrides=overrides)
    else:
        if worded.members.get("inputSchema") == {}:
            worded = msgspec.structs.replace(worded, members=worded.members | ANY_ARGUMENTS)
        row = msgspec.structs.replace(row, definition=wording.defined(row.definition, worded))
    if problems:
        raise _refused(problems)
    facts = wording.repeatability(row.definition, row.overrides)
    return msgspec.structs.replace(row, **facts)


def _rest_problems(draft: ToolDraft) -> list[FieldProblem]:
    told = "is of REST operations, and this tool is made of other tools"
    problems = [
        FieldProblem(_SAID.get(name, name), told, "recipe")
        for name, value in given(draft.rest, *RestDraft.__struct_fields__).items()
        if value not in _NOTHING
    ]
    return problems + ([FieldProblem("auth", told, "recipe")] if draft.auth else [])


def _base_problems(row: Tool, overrides: str) -> list[FieldProblem]:
    """Of a derived one."""
    said = wording.read(overrides)
    problems = [
        FieldProblem(name, "follows from the base and the recipe: change the recipe", "derived")
        for name in _SCHEMAS
        if name in said
    ]
    told = "is the base's: change it there, or make a composed tool of one step"
    return problems + [
        FieldProblem(name, told, "derived")
        for name, nothing in _OF_BASE.items()
        if getattr(row, name) not in (nothing, None, "")
    ]


def _refused(problems: list[FieldProblem]) -> InvalidCall:
    text = "; ".join(f"{problem.field} {problem.problem}" for problem in problems)
    return InvalidCall(text, errors=problems)
