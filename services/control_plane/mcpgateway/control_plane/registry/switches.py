"""What tools, prompts and resources have in common: they are switched, removed and named alike,
whether they are an upstream's or our own."""

from typing import Any, Literal, TypeVar

from mcpgateway.common.errors import Conflict
from mcpgateway.control_plane.registry.actor import Actor, changeable, check_version, edited
from mcpgateway.control_plane.registry.model import Prompt, Resource, Tool, may_see
from mcpgateway.control_plane.registry.ports import Change, Child, ChildRows, Ports, WriteTx

T = TypeVar("T", bound=Tool | Prompt | Resource)
_NAMED = 20  # tools that an answer names


async def set_state(
    ports: Ports, actor: Actor, noun: Child, id: str, enabled: bool, expected: int | None
) -> Change:
    """A disabled thing is not offered, also not by the servers that hold it; a refresh leaves
    the switch as it is. Raises NotFound, Denied, Stale."""
    async with ports.store.write(actor.who) as tx:
        rows = _rows(tx, noun)
        row = await current(rows, actor, noun, id)
        check_version(row, expected)
        if row.enabled is enabled:
            return Change(id, None)
        await rows.save([edited(row, actor.who, tx.at, enabled=enabled)])
        await tx.touch_holders(noun, [id])
        await tx.credentials.save(await tx.credentials.get([id]))
        return Change(id, tx.revision)


async def remove(ports: Ports, actor: Actor, noun: Child, id: str, expected: int | None) -> Change:
    """Servers lose it, and what is made of a tool is not offered without it. What an upstream still
    lists comes back with the next refresh, under another id, which the answer says. Raises
    NotFound, Denied, Stale."""
    async with ports.store.write(actor.who) as tx:
        rows = _rows(tx, noun)
        row = await current(rows, actor, noun, id, "delete")
        check_version(row, expected)
        await tx.credentials.remove([id])
        await rows.remove([id])
        notes = [await _left_out(tx, actor, id)] if noun == "tool" else []
        if row.upstream_id:
            told = f"the next refresh of gateway {row.upstream_id} brings it back"
            notes.append(f"{told}: disable it instead")
        return Change(id, tx.revision, note="; ".join(filter(None, notes)))


async def _left_out(tx: WriteTx, actor: Actor, id: str) -> str:
    """What is made of a tool that goes is kept, and not offered any more."""
    makers = [row.name for row in await tx.tools.makers([id]) if may_see(actor.viewer, row)]
    told = ", ".join(sorted(makers)[:_NAMED])
    return f"what is made of it is not offered any more: {told}" if makers else ""


async def refuse_taken(table: ChildRows[T], what: str, name: str) -> None:
    """Raises Conflict when a tool (or prompt) is offered under this name already."""
    if name in await table.names_like(name):
        raise Conflict(f"another {what} has the name {name!r}")


async def current(
    rows: ChildRows[T],
    actor: Actor,
    what: str,
    id: str,
    act: Literal["update", "delete"] = "update",
) -> T:
    """As it is inside a write. Raises NotFound, Denied."""
    found = await rows.get([id])
    return changeable(found[0] if found else None, actor, what, id, act)


def _rows(tx: WriteTx, noun: Child) -> ChildRows[Any]:
    match noun:
        case "tool":
            return tx.tools
        case "prompt":
            return tx.prompts
        case "resource":
            return tx.resources
