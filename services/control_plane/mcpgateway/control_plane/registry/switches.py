"""Switching single tools, prompts and resources on and off."""

from typing import TypeVar

from mcpgateway.control_plane.registry.actor import Actor, changeable, edited
from mcpgateway.control_plane.registry.model import Entity
from mcpgateway.control_plane.registry.ports import Change, Child, ChildRows, Ports, WriteTx

E = TypeVar("E", bound=Entity)


async def set_state(ports: Ports, actor: Actor, noun: Child, id: str, enabled: bool) -> Change:
    """A disabled thing is not offered, also not by the servers that hold it; a refresh leaves
    the switch as it is. Raises NotFound, Denied."""
    async with ports.store.write(actor.who) as tx:
        if not await _switch(tx, actor, noun, id, enabled):
            return Change(id, None)
        await tx.touch_holders(noun, [id])
        return Change(id, tx.revision)


async def _switch(tx: WriteTx, actor: Actor, noun: Child, id: str, enabled: bool) -> bool:
    match noun:
        case "tool":
            return await _switch_in(tx, tx.tools, actor, noun, id, enabled)
        case "prompt":
            return await _switch_in(tx, tx.prompts, actor, noun, id, enabled)
        case "resource":
            return await _switch_in(tx, tx.resources, actor, noun, id, enabled)


async def _switch_in(
    tx: WriteTx, rows: ChildRows[E], actor: Actor, what: str, id: str, enabled: bool
) -> bool:
    """Whether there was anything to switch."""
    found = await rows.get([id])
    row = changeable(found[0] if found else None, actor, what, id)
    if row.enabled is enabled:
        return False
    await rows.save([edited(row, actor.who, tx.at, enabled=enabled)])
    return True
