"""What tools, prompts and resources have in common: they are switched, removed and named alike,
whether they are an upstream's or our own."""

from typing import TypeVar

from mcpgateway.common.errors import Conflict
from mcpgateway.control_plane.registry.actor import Actor, changeable, check_version, edited
from mcpgateway.control_plane.registry.model import Prompt, Resource, Tool
from mcpgateway.control_plane.registry.ports import Change, Child, ChildRows, Ports, WriteTx

T = TypeVar("T", bound=Tool | Prompt | Resource)


async def set_state(ports: Ports, actor: Actor, noun: Child, id: str, enabled: bool) -> Change:
    """A disabled thing is not offered, also not by the servers that hold it; a refresh leaves
    the switch as it is. Raises NotFound, Denied."""
    async with ports.store.write(actor.who) as tx:
        if not await _switch(tx, actor, noun, id, enabled):
            return Change(id, None)
        await tx.touch_holders(noun, [id])
        await tx.credentials.save(await tx.credentials.get([id]))
        return Change(id, tx.revision)


async def remove(ports: Ports, actor: Actor, noun: Child, id: str, expected: int | None) -> Change:
    """Servers lose it. What an upstream still lists comes back with the next refresh, under
    another id, which the answer says. Raises NotFound, Denied, Stale."""
    async with ports.store.write(actor.who) as tx:
        upstream_id = await _remove(tx, actor, noun, id, expected)
        note = f"the next refresh of gateway {upstream_id} brings it back: disable it instead"
        return Change(id, tx.revision, note=note if upstream_id else "")


async def refuse_taken(table: ChildRows[T], what: str, name: str) -> None:
    """Raises Conflict when a tool (or prompt) is offered under this name already."""
    if name in await table.names_like(name):
        raise Conflict(f"another {what} has the name {name!r}")


async def _switch(tx: WriteTx, actor: Actor, noun: Child, id: str, enabled: bool) -> bool:
    match noun:
        case "tool":
            return await _switch_in(tx, tx.tools, actor, noun, id, enabled)
        case "prompt":
            return await _switch_in(tx, tx.prompts, actor, noun, id, enabled)
        case "resource":
            return await _switch_in(tx, tx.resources, actor, noun, id, enabled)


async def _switch_in(
    tx: WriteTx, rows: ChildRows[T], actor: Actor, what: str, id: str, enabled: bool
) -> bool:
    """Whether there was anything to switch."""
    row = await current(rows, actor, what, id)
    if row.enabled is enabled:
        return False
    await rows.save([edited(row, actor.who, tx.at, enabled=enabled)])
    return True


async def _remove(
    tx: WriteTx, actor: Actor, noun: Child, id: str, expected: int | None
) -> str | None:
    """Answers the upstream that it belonged to."""
    match noun:
        case "tool":
            return await _remove_from(tx, tx.tools, actor, noun, id, expected)
        case "prompt":
            return await _remove_from(tx, tx.prompts, actor, noun, id, expected)
        case "resource":
            return await _remove_from(tx, tx.resources, actor, noun, id, expected)


async def _remove_from(
    tx: WriteTx, rows: ChildRows[T], actor: Actor, what: str, id: str, expected: int | None
) -> str | None:
    row = await current(rows, actor, what, id)
    check_version(row, expected)
    await tx.credentials.remove([id])
    await rows.remove([id])
    return row.upstream_id


async def current(rows: ChildRows[T], actor: Actor, what: str, id: str) -> T:
    """As it is inside a write. Raises NotFound, Denied."""
    found = await rows.get([id])
    return changeable(found[0] if found else None, actor, what, id)
