"""The use cases of definitions that wait for somebody: approved, or rejected."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from mcpgateway.common.errors import Stale
from mcpgateway.control_plane.registry import switches
from mcpgateway.control_plane.registry.actor import Actor, check_version, edited
from mcpgateway.control_plane.registry.definitions import definitions
from mcpgateway.control_plane.registry.model import Tool
from mcpgateway.control_plane.registry.ports import Change, Ports

Decision: TypeAlias = Callable[[Tool, str, datetime], dict[str, Any]]


async def approve(
    ports: Ports, actor: Actor, id: str, expected: int | None, seen: str | None
) -> Change:
    """The upstream's definition is the pinned one from now on. `seen`: the digest of the one that
    is meant. Raises NotFound, Denied, Stale, Conflict when nothing waits."""
    return await _decide(ports, actor, id, expected, seen, definitions.approved)


async def reject(
    ports: Ports, actor: Actor, id: str, expected: int | None, seen: str | None
) -> Change:
    """The pinned definition stays, until the upstream changes its words again. Raises what
    `approve` does."""
    return await _decide(ports, actor, id, expected, seen, definitions.rejected)


async def _decide(
    ports: Ports, actor: Actor, id: str, expected: int | None, seen: str | None, decision: Decision
) -> Change:
    async with ports.store.write(actor.who) as tx:
        current = await switches.current(tx.tools, actor, "tool", id)
        check_version(current, expected)
        _check_seen(current, seen)
        row = edited(current, actor.who, tx.at, **decision(current, actor.who.by, tx.at))
        await tx.tools.save([row])
        if definitions.withheld(row) is not definitions.withheld(current):
            await tx.touch_holders("tool", [id])
        return Change(id, tx.revision)


def _check_seen(tool: Tool, seen: str | None) -> None:
    drift = definitions.drift_of(tool)
    if seen is not None and drift is not None and drift.now != seen:
        raise Stale(f"the gateway has another definition by now, {drift.now}: look at that one")
