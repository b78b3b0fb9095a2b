"""Who acts: the caller as the use cases see it, and how an edit is stamped. Pure."""

from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec

from mcpgateway.common.errors import Denied, NotFound, Stale
from mcpgateway.common.policy.access.rules import NOTHING, Object
from mcpgateway.common.routing.model import Access
from mcpgateway.control_plane.registry.access.rights import GIVE, kind_of, needed
from mcpgateway.control_plane.registry.model import Entity, Viewer, Who, may_see

E = TypeVar("E", bound=Entity)


class Actor(msgspec.Struct, frozen=True):
    """`viewer` decides what is seen and allowed, `who` is written down."""

    viewer: Viewer
    who: Who

    def may(self, permission: str, thing: Object = NOTHING) -> bool:
        """With a thing; without, with the gateway as a whole."""
        return self.viewer.may(permission, thing)

    def check(self, permission: str, doing: str) -> None:
        """With the gateway as a whole. Raises Denied."""
        decision = self.viewer.decide(permission)
        if not decision.allowed:
            raise Denied(f"only who has the permission {permission} may {doing}: {decision.reason}")


def object_of(what: str, entity: Entity) -> Object:
    """As rules see it. A root is the whole gateway's, whoever made it."""
    name = str(getattr(entity, "uri", None) or getattr(entity, "name", ""))
    access = Access(entity.visibility) if what == "root" else entity.access
    upstream = getattr(entity, "upstream_id", None) or ""
    return Object(kind_of(what), entity.id, name, access, entity.tags, upstream)


def visible(entity: E | None, actor: Actor, what: str, id: str) -> E:
    """Raises NotFound also for what the actor may not see: its existence is not told."""
    if entity is None or not may_see(actor.viewer, entity):
        raise NotFound(f"no {what} {id!r}")
    return entity


def changeable(
    entity: E | None, actor: Actor, what: str, id: str, act: Literal["update", "delete"] = "update"
) -> E:
    """Raises NotFound, or Denied for what is seen and may not be changed."""
    entity = visible(entity, actor, what, id)
    decision = actor.viewer.decide(needed(what, act), object_of(what, entity))
    if not decision.allowed:
        raise Denied(f"you may not {act} {what} {id!r}: {decision.reason}")
    return entity


def creatable(actor: Actor, what: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The fields of a new thing, which is the actor's unless they say otherwise. Raises Denied."""
    fields = {"owner_email": actor.viewer.email} | claimed(actor, what, changes)
    name = changes.get("uri") or changes.get("name") or ""
    tags = tuple(changes.get("tags", ()))
    thing = Object(kind_of(what), "", str(name), _access(fields), tags)
    decision = actor.viewer.decide(needed(what, "create"), thing)
    if not decision.allowed:
        raise Denied(f"you may not make this {what}: {decision.reason}")
    return fields


def claimed(
    actor: Actor, what: str, changes: dict[str, Any], current: Entity | None = None
) -> dict[str, Any]:
    """The changes, with things given to others or put into a team only by who may; `current` is
    what they change. Raises Denied."""
    viewer = actor.viewer
    mine = current.owner_email if current else viewer.email
    if changes.get("owner_email", mine) not in (mine, viewer.email) and not actor.may(GIVE):
        raise Denied(f"only who has the permission {GIVE} may give a thing to another owner")
    team, permission = changes.get("team_id"), needed(what, "create")
    same = current is not None and team == current.team_id
    if team and not same and not viewer.may_in(permission, team):
        if team not in viewer.teams:
            raise Denied(f"you are not a member of team {team!r}")
        raise Denied(f"to put a {what} into team {team!r}, you need {permission} in it")
    return changes


def _access(fields: dict[str, Any]) -> Access:
    team, owner = fields.get("team_id"), fields.get("owner_email")
    return Access(fields.get("visibility", "public"), team or "", owner or "")


def check_version(entity: Entity, expected: int | None) -> None:
    """Raises Stale when the caller saw another version (If-Match)."""
    if expected is not None and entity.version != expected:
        raise Stale(f"this is version {entity.version} now, and If-Match names {expected}")


def edited(entity: E, who: Who, at: datetime, **changes: Any) -> E:
    """The next version of it."""
    return msgspec.structs.replace(
        entity, version=entity.version + 1, updated_at=at, modified=who, **changes
    )
