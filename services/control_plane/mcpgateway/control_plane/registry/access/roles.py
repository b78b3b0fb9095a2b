"""Roles that are there from the start, and those that people get by themselves: what other use
cases need of roles inside their own writes."""

import logging
from collections.abc import Sequence
from hashlib import sha256

from mcpgateway.common.errors import Unavailable
from mcpgateway.control_plane.registry.access.default_roles import (
    BUILT_IN,
    BuiltIn,
    DefaultRoles,
)
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.people.model import Role, RoleGrant, RoleScope, TeamRole
from mcpgateway.control_plane.registry.ports import Ports, WriteTx

log = logging.getLogger(__name__)

DEFAULT = "default"  # the source of grants that nobody made by hand


def grant_id(email: str, role_id: str, scope: RoleScope, scope_id: str) -> str:
    """The same for the same grant: nobody has a role twice in one place."""
    return sha256("\n".join((email, role_id, scope, scope_id)).encode()).hexdigest()[:32]


async def ensure(ports: Ports, who: Who) -> None:
    """Writes only when a built-in role is missing or another than this release's. Raises
    Unavailable when a setting names a role that there is not, or one of another scope."""
    known = await ports.store.read.access.roles()
    if _missing(known):
        async with ports.store.write(who) as tx:
            await make(tx, ports.default_roles)
        known = await ports.store.read.access.roles()
    by_name = {role.name: role for role in known}
    for setting, name, scope in ports.default_roles.settings():
        if name:
            _checked(by_name.get(name), setting, name, scope)


async def make(tx: WriteTx, defaults: DefaultRoles) -> None:
    """The built-in roles as they are in this release. When there were none, whoever has no role
    gets the default one."""
    known = await tx.roles.get([role.id for role in BUILT_IN])
    before = {role.id: role for role in known}
    missing = _missing(known)
    await tx.roles.save([_row(tx, role, before.get(role.id)) for role in missing])
    if known or not missing:
        return
    for user in await tx.grants.lacking():
        await default_grant(tx, user.email, defaults, admin=user.admin)
        log.info("gave %s the default role", user.email)


async def default_grant(
    tx: WriteTx, email: str, defaults: DefaultRoles, *, admin: bool = False, by: str = "system"
) -> None:
    """What a new user gets. The user must be saved before. Raises Unavailable when the setting
    names no role."""
    setting, name, scope = defaults.settings()[0 if admin else 1]
    if name:
        role = await _named(tx, setting, name, scope)
        await tx.grants.save([_grant(tx, email, role, "", by)])


async def team_grant(
    tx: WriteTx,
    email: str,
    team_id: str,
    role: TeamRole,
    defaults: DefaultRoles,
    *,
    by: str = "system",
) -> None:
    """What a member of a team gets in it; takes away what he got there as another kind of member,
    but no role that was given by hand. Raises Unavailable when the setting names no role."""
    setting, name, scope = defaults.settings()[2 if role == "owner" else 3]
    before = [
        grant
        for grant in await tx.grants.of_user(email)
        if (grant.scope_id, grant.source) == (team_id, DEFAULT)
    ]
    rows = []
    if name:
        rows = [_grant(tx, email, await _named(tx, setting, name, scope), team_id, by)]
    wanted = [row.id for row in rows]
    await tx.grants.remove([grant.id for grant in before if grant.id not in wanted])
    there = {grant.id for grant in await tx.grants.get(wanted)}
    await tx.grants.save([row for row in rows if row.id not in there])


async def leave_team(tx: WriteTx, email: str, team_id: str) -> None:
    """Takes away every role that somebody has in a team."""
    grants = await tx.grants.of_user(email)
    await tx.grants.remove([grant.id for grant in grants if grant.scope_id == team_id])


async def remove_team(tx: WriteTx, team_id: str) -> None:
    """Takes away every role that anybody has in a team."""
    await tx.grants.remove([grant.id for grant in await tx.grants.of_team(team_id)])


async def remove_user(tx: WriteTx, email: str) -> None:
    """Takes away every role of somebody, who can be removed then."""
    await tx.grants.remove([grant.id for grant in await tx.grants.of_user(email)])


def _missing(known: Sequence[Role]) -> list[BuiltIn]:
    """Those that are not there as this release has them."""
    by_id = {role.id: role for role in known}
    return [role for role in BUILT_IN if not _same(by_id.get(role.id), role)]


def _same(row: Role | None, role: BuiltIn) -> bool:
    if row is None:
        return False
    said = BuiltIn(row.name, row.description or "", row.scope, row.permissions)
    return said == role and row.system and row.active and row.inherits_from is None


def _row(tx: WriteTx, role: BuiltIn, before: Role | None) -> Role:
    return Role(
        id=role.id,
        version=before.version + 1 if before else 1,
        name=role.name,
        description=role.description,
        scope=role.scope,
        permissions=role.permissions,
        system=True,
        created_by="system",
        created_at=before.created_at if before else tx.at,
        updated_at=tx.at,
    )


def _grant(tx: WriteTx, email: str, role: Role, scope_id: str, by: str) -> RoleGrant:
    return RoleGrant(
        id=grant_id(email, role.id, role.scope, scope_id),
        email=email,
        role_id=role.id,
        scope=role.scope,
        scope_id=scope_id,
        granted_by=by,
        granted_at=tx.at,
        source=DEFAULT,
    )


async def _named(tx: WriteTx, setting: str, name: str, scope: RoleScope) -> Role:
    found = await tx.roles.keyed([name])
    return _checked(found[0] if found else None, setting, name, scope)


def _checked(role: Role | None, setting: str, name: str, scope: RoleScope) -> Role:
    """Raises Unavailable."""
    if role is None:
        raise Unavailable(f"{setting} names role {name!r}, which is not there: make it, or unset")
    if role.scope != scope:
        raise Unavailable(f"{setting} names role {name!r} of scope {role.scope}, not of {scope}")
    return role
