"""The use cases of roles: make, change, delete. Built-in ones stay as they are, and nobody puts
into a role what he does not have himself."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common import ids
from mcpgateway.common.errors import Conflict, Denied, NotFound, Stale
from mcpgateway.common.policy.access.grants import MAX_INHERITED
from mcpgateway.control_plane.registry.access.held import ancestors, effective
from mcpgateway.control_plane.registry.access.rights import ROLES
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.people.model import Role, RoleScope
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.wrong import wrong

_NAMED = 5  # of who has a role, in messages


class RoleDraft(msgspec.Struct, frozen=True, kw_only=True):
    """UNSET: nothing was said."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    scope: RoleScope | UnsetType = UNSET
    permissions: tuple[str, ...] | UnsetType = UNSET
    inherits_from: str | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET


async def create(ports: Ports, actor: Actor, draft: RoleDraft) -> Change:
    """Raises Denied, InvalidCall, Conflict (name taken)."""
    actor.check(ROLES, "make roles")
    assert draft.name is not UNSET
    assert draft.scope is not UNSET
    assert draft.permissions is not UNSET
    async with ports.store.write(actor.who) as tx:
        row = Role(
            id=ids.make_id(ports.entropy(16)),
            name=draft.name,
            description=draft.description or None,
            scope=draft.scope,
            permissions=draft.permissions,
            inherits_from=draft.inherits_from or None,
            created_by=actor.viewer.email,
            created_at=tx.at,
            updated_at=tx.at,
        )
        await _check(ports, actor, row, ())
        await _refuse_taken(tx, row)
        await tx.roles.save([row])
        return Change(row.id, tx.revision)


async def replace(
    ports: Ports, actor: Actor, id: str, draft: RoleDraft, expected: int | None
) -> Change:
    """Changes what the draft names. Raises what `create` does, NotFound, Stale, and Conflict for a
    built-in role."""
    actor.check(ROLES, "change roles")
    async with ports.store.write(actor.who) as tx:
        current = await one(tx, id)
        check_version(current.version, expected)
        _refuse_system(current)
        if draft.scope not in (UNSET, current.scope):
            raise wrong("scope", f"is {current.scope}, and stays so: make another role", "fixed")
        names = [name for name in draft.__struct_fields__ if getattr(draft, name) is not UNSET]
        said = {name: getattr(draft, name) for name in names}
        row = msgspec.structs.replace(
            current, version=current.version + 1, updated_at=tx.at, **said
        )
        await _check(ports, actor, row, current.permissions)
        await _refuse_taken(tx, row)
        await tx.roles.save([row])
        return Change(id, tx.revision)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    """Raises NotFound, Denied, Stale, and Conflict for a built-in role, one that somebody has, one
    that another inherits from, one that people get by themselves."""
    actor.check(ROLES, "delete roles")
    async with ports.store.write(actor.who) as tx:
        current = await one(tx, id)
        check_version(current.version, expected)
        _refuse_system(current)
        await _refuse_used(ports, tx, current)
        await tx.roles.remove([id])
        return Change(id, tx.revision)


async def one(tx: WriteTx, id: str) -> Role:
    """Raises NotFound."""
    found = await tx.roles.get([id])
    if not found:
        raise NotFound(f"no role {id!r}")
    return found[0]


def check_version(version: int, expected: int | None) -> None:
    """Raises Stale."""
    if expected is not None and version != expected:
        raise Stale(f"this is version {version} now, and If-Match names {expected}")


async def _check(ports: Ports, actor: Actor, row: Role, had: Iterable[str]) -> None:
    """Of what the role would be. `had`: its own permissions before."""
    roles = {role.id: role for role in await ports.store.read.access.roles()} | {row.id: row}
    _check_line(row, roles)
    now = effective(row.id, roles) if row.active else frozenset(row.permissions)
    refuse_more(actor, now - frozenset(had), f"be in role {row.name!r}")


def _check_line(row: Role, roles: Mapping[str, Role]) -> None:
    if row.inherits_from is None:
        return
    parent = roles.get(row.inherits_from)
    if parent is None:
        raise wrong("inherits_from", f"names no role: {row.inherits_from}", "unknown")
    line = ancestors(row.id, roles)
    if parent.id == row.id or row.id in _onwards(line, roles):
        names = " -> ".join(roles[id].name for id in (row.id, *line) if id in roles)
        raise wrong("inherits_from", f"would make a circle: {names} -> {row.name}", "circle")
    if len(line) > MAX_INHERITED:
        raise wrong("inherits_from", f"is {len(line)} roles deep, {MAX_INHERITED} at most", "depth")
    if parent.scope != row.scope:
        problem = f"is a role of scope {parent.scope}, and this one of {row.scope}"
        raise wrong("inherits_from", problem, "scope")


def _onwards(line: Sequence[str], roles: Mapping[str, Role]) -> set[str | None]:
    """What the last one of a line inherits from."""
    last = roles.get(line[-1]) if line else None
    return {last.inherits_from} if last else set()


def refuse_more(actor: Actor, permissions: Iterable[str], what: str, team: str = "") -> None:
    """Nobody gives what he does not have himself, everywhere or in that team. Raises Denied."""
    may = actor.viewer.may_in if team else lambda permission, _: actor.may(permission)
    lacking = sorted({each for each in permissions if not may(each, team)})
    if lacking:
        raise Denied(f"you do not have {', '.join(lacking)} yourself, so it can not {what}")


def _refuse_system(role: Role) -> None:
    if role.system:
        raise Conflict(f"role {role.name!r} is built in: make one of your own, like it")


async def _refuse_taken(tx: WriteTx, row: Role) -> None:
    if any(other.id != row.id for other in await tx.roles.keyed([row.name])):
        raise Conflict(f"another role has the name {row.name!r}")


async def _refuse_used(ports: Ports, tx: WriteTx, role: Role) -> None:
    grants = await tx.grants.of_role(role.id)
    if grants:
        people = sorted({grant.email for grant in grants})
        more = f" and {len(people) - _NAMED} more" if len(people) > _NAMED else ""
        raise Conflict(
            f"role {role.name!r} is had by {', '.join(people[:_NAMED])}{more}: take it away first"
        )
    heirs = [r.name for r in await ports.store.read.access.roles() if r.inherits_from == role.id]
    if heirs:
        raise Conflict(f"role {role.name!r} is what {', '.join(heirs)} inherits from")
    settings = [said for said, name, _ in ports.default_roles.settings() if name == role.name]
    if settings:
        raise Conflict(f"role {role.name!r} is what {settings[0]} names")
