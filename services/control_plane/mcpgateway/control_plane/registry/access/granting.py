"""The use cases of who has which role: given, looked at, taken away. Nobody gives what he does not
have himself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from mcpgateway.common.errors import Conflict, Denied, NotFound
from mcpgateway.common.policy.access.permissions import NAMES
from mcpgateway.control_plane.registry.access.callers import subject_of, viewer_of
from mcpgateway.control_plane.registry.access.held import effective, in_force
from mcpgateway.control_plane.registry.access.rights import IN_TEAM, ROLES
from mcpgateway.control_plane.registry.access.role_acts import one, refuse_more
from mcpgateway.control_plane.registry.access.roles import grant_id
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.model import Viewer
from mcpgateway.control_plane.registry.people.model import Role, RoleGrant, RoleScope, User
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.wrong import wrong


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A role that somebody is to have. `scope_id`: a team's id for the scope "team"."""

    role_id: str
    scope: RoleScope
    scope_id: str = ""
    expires_at: datetime | None = None


class Had(NamedTuple):
    """A role that somebody has, with its name."""

    grant: RoleGrant
    role: str
    active: bool


async def give(ports: Ports, actor: Actor, email: str, wanted: Wanted) -> Change:
    """The answer's id is that of the grant. Raises Denied, NotFound, InvalidCall, Conflict for
    what he has already."""
    async with ports.store.write(actor.who) as tx:
        _check_may(actor, wanted.scope, wanted.scope_id)
        if not await tx.users.get([email]):
            raise NotFound(f"no user {email!r}")
        role = await one(tx, wanted.role_id)
        _check_wanted(role, wanted, tx.at)
        if wanted.scope == "team" and not await tx.teams.get([wanted.scope_id]):
            raise wrong("scope_id", f"names no team: {wanted.scope_id}", "unknown")
        roles = {each.id: each for each in await ports.store.read.access.roles()}
        refuse_more(actor, effective(role.id, roles), f"be given to {email}", wanted.scope_id)
        id = grant_id(email, role.id, wanted.scope, wanted.scope_id)
        before = await tx.grants.get([id])
        if before and in_force(before[0], tx.at) and before[0].expires_at == wanted.expires_at:
            raise Conflict(f"{email} has role {role.name!r} there already")
        grant = RoleGrant(
            id=id,
            email=email,
            role_id=role.id,
            scope=wanted.scope,
            scope_id=wanted.scope_id,
            granted_by=actor.viewer.email,
            granted_at=tx.at,
            expires_at=wanted.expires_at,
        )
        await tx.grants.save([grant])
        return Change(id, tx.revision)


async def take(
    ports: Ports, actor: Actor, email: str, role_id: str, scope: str, scope_id: str
) -> Change:
    """Of several places where he has it, `scope` and `scope_id` say which; "": any. Raises Denied,
    NotFound."""
    async with ports.store.write(actor.who) as tx:
        found = [
            grant
            for grant in await tx.grants.of_user(email)
            if grant.role_id == role_id
            and scope in ("", grant.scope)
            and scope_id in ("", grant.scope_id)
        ]
        if not found:
            raise NotFound(f"{email} does not have role {role_id!r} there")
        for grant in found:
            _check_may(actor, grant.scope, grant.scope_id)
        await tx.grants.remove([grant.id for grant in found])
        return Change(found[0].id, tx.revision)


async def had(ports: Ports, actor: Actor, email: str, *, active: bool = True) -> list[Had]:
    """Of oneself, or all that the actor may see: of others, what counts in teams that he manages.
    Raises NotFound also for a user of whom he may see nothing: else it told who has an account."""
    whole = email == actor.viewer.email or actor.may(ROLES)
    if whole and email != actor.viewer.email:
        await known(ports, email)
    now = ports.clock()
    roles = {role.id: role for role in await ports.store.read.access.roles()}
    rows = await ports.store.read.access.grants(email=email)
    seen = [grant for grant in rows if _may_see(actor, grant)]
    if not (whole or seen):
        raise NotFound(f"no user {email!r}")
    return [
        Had(grant, roles[grant.role_id].name, in_force(grant, now))
        for grant in seen
        if in_force(grant, now) or not active
    ]


async def permissions(ports: Ports, actor: Actor, email: str, team: str) -> list[str]:
    """What roles let somebody do everywhere, or in a team as well. Raises Denied, NotFound."""
    return permitted(await seat(ports, actor, email), team)


async def seat(ports: Ports, actor: Actor, email: str) -> Viewer:
    """As whom somebody would call. Raises Denied, NotFound."""
    if email == actor.viewer.email:
        return actor.viewer
    actor.check(ROLES, "see what others may do")
    user = await known(ports, email)
    viewer = viewer_of(subject_of(user, ports.clock()))
    return msgspec.structs.replace(viewer, policy=actor.viewer.policy)


async def known(ports: Ports, email: str) -> User:
    """Raises NotFound."""
    user = await ports.store.read.user(email)
    if user is None:
        raise NotFound(f"no user {email!r}")
    return user


def permitted(viewer: Viewer, team: str = "") -> list[str]:
    """Sorted. What is one's own may be handled besides."""
    if team:
        return [name for name in NAMES if viewer.may_in(name, team)]
    return [name for name in NAMES if viewer.may(name)]


def by_noun(names: Sequence[str]) -> Mapping[str, list[str]]:
    """Permissions by what they are about."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.partition(".")[0], []).append(name)
    return found


def _check_may(actor: Actor, scope: RoleScope, scope_id: str) -> None:
    if actor.may(ROLES) or (
        scope == "team" and scope_id and actor.viewer.may_in(IN_TEAM, scope_id)
    ):
        return
    where = f"in team {scope_id!r}, {IN_TEAM} in it, or" if scope == "team" else ""
    raise Denied(f"to give or take away a role {where} the permission {ROLES} is needed")


def _may_see(actor: Actor, grant: RoleGrant) -> bool:
    if grant.email == actor.viewer.email or actor.may(ROLES):
        return True
    return grant.scope == "team" and actor.viewer.may_in(IN_TEAM, grant.scope_id)


def _check_wanted(role: Role, wanted: Wanted, now: datetime) -> None:
    """Raises InvalidCall."""
    if role.scope != wanted.scope:
        raise wrong("scope", f"must be {role.scope}, that of role {role.name!r}", "scope")
    if wanted.scope == "team" and not wanted.scope_id:
        raise wrong("scope_id", "must be the id of a team, for the scope team", "missing")
    if wanted.scope != "team" and wanted.scope_id:
        raise wrong("scope_id", f"has no meaning for the scope {wanted.scope}", "scope")
    if not role.active:
        raise wrong("role_id", f"names role {role.name!r}, which is not active", "inactive")
    if wanted.expires_at is not None and wanted.expires_at <= now:
        raise wrong("expires_at", "must be in the future", "past")
