"""Who acts: the caller as the use cases see it, and how an edit is stamped. Pure."""

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from mcpgateway.common.errors import Denied, NotFound, Stale
from mcpgateway.control_plane.registry.model import Entity, Viewer, Who, may_change, may_see

E = TypeVar("E", bound=Entity)


class Actor(msgspec.Struct, frozen=True):
    """`viewer` decides what is seen and allowed, `who` is written down."""

    viewer: Viewer
    who: Who


def visible(entity: E | None, actor: Actor, what: str, id: str) -> E:
    """Raises NotFound also for what the actor may not see: its existence is not told."""
    if entity is None or not may_see(actor.viewer, entity):
        raise NotFound(f"no {what} {id!r}")
    return entity


def changeable(entity: E | None, actor: Actor, what: str, id: str) -> E:
    """Raises NotFound, or Denied for what is seen but belongs to somebody else."""
    entity = visible(entity, actor, what, id)
    if not may_change(actor.viewer, entity):
        raise Denied(f"{what} {id!r} belongs to another: only its owner or an administrator may")
    return entity


def claimed(actor: Actor, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes, with only an administrator giving things to others. Raises Denied for a team
    that the actor is not in."""
    viewer = actor.viewer
    if viewer.admin:
        return changes
    if changes.get("owner_email", viewer.email) != viewer.email:
        raise Denied("only an administrator may give a thing to another owner")
    team = changes.get("team_id")
    if team and team not in viewer.teams:
        raise Denied(f"you are not a member of team {team!r}")
    return changes


def check_version(entity: Entity, expected: int | None) -> None:
    """Raises Stale when the caller saw another version (If-Match)."""
    if expected is not None and entity.version != expected:
        raise Stale(f"this is version {entity.version} now, and If-Match names {expected}")


def edited(entity: E, who: Who, at: datetime, **changes: Any) -> E:
    """The next version of it."""
    return msgspec.structs.replace(
        entity, version=entity.version + 1, updated_at=at, modified=who, **changes
    )
