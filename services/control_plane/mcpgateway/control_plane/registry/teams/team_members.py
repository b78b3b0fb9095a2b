"""The use cases of who is in a team. Whoever puts somebody there (its owners, invitations, an
identity provider's groups) calls `enter`."""

import msgspec

from mcpgateway.common.errors import Conflict, Denied, NotFound
from mcpgateway.control_plane.registry.access import roles
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.people.model import Member, Team, TeamRole, member_id
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.teams.team_rights import in_write, managed_in_write
from mcpgateway.control_plane.registry.wrong import wrong


async def enter(ports: Ports, tx: WriteTx, team: Team, member: Member) -> None:
    """Raises Conflict for who is there already, a full team, a personal one, and somebody who is in
    as many teams as there may be; InvalidCall for who is no user."""
    if team.personal:
        raise Conflict(f"team {team.name!r} is personal: nobody else can be in it")
    if not team.active:
        raise Conflict(f"team {team.name!r} is not active")
    if await tx.members.get([member.id]):
        raise Conflict(f"{member.email} is a member of team {team.name!r} already")
    if not await tx.users.get([member.email]):
        raise wrong("email", f"names no user: {member.email}", "unknown")
    await check_room(ports, tx, team)
    await check_teams_of(ports, tx, member.email)
    await tx.members.save([member])
    by = member.invited_by or member.email
    await roles.team_grant(tx, member.email, team.id, member.role, ports.default_roles, by=by)


def membership(
    team_id: str, email: str, role: TeamRole, tx: WriteTx, by: str | None, source: str = "manual"
) -> Member:
    """Not yet written."""
    return Member(
        id=member_id(team_id, email),
        team_id=team_id,
        email=email,
        role=role,
        joined_at=tx.at,
        invited_by=by,
        source=source,
    )


async def add(ports: Ports, actor: Actor, team_id: str, email: str, role: TeamRole) -> Change:
    """Raises what `enter` does, NotFound, Denied."""
    async with ports.store.write(actor.who) as tx:
        team = await managed_in_write(tx, actor, team_id, "add members")
        member = membership(team_id, email, role, tx, actor.viewer.email)
        await enter(ports, tx, team, member)
        return Change(member.id, tx.revision)


async def set_role(ports: Ports, actor: Actor, team_id: str, email: str, role: TeamRole) -> Change:
    """Raises NotFound, Denied, and Conflict for the last owner."""
    async with ports.store.write(actor.who) as tx:
        team = await managed_in_write(tx, actor, team_id, "change what members are")
        member = await _member(tx, team, email)
        if member.role == role:
            return Change(member.id, None)
        if role != "owner":
            await _check_not_last(tx, team, member)
        await tx.members.save([msgspec.structs.replace(member, role=role)])
        by = actor.viewer.email
        await roles.team_grant(tx, email, team_id, role, ports.default_roles, by=by)
        return Change(member.id, tx.revision)


async def remove(ports: Ports, actor: Actor, team_id: str, email: str) -> Change:
    """Anybody may remove himself. Raises NotFound, Denied, and Conflict for the last owner."""
    if email == actor.viewer.email:
        return await leave(ports, actor, team_id)
    async with ports.store.write(actor.who) as tx:
        team = await managed_in_write(tx, actor, team_id, "remove members")
        return await _go(tx, team, await _member(tx, team, email))


async def leave(ports: Ports, actor: Actor, team_id: str) -> Change:
    """Raises NotFound, Denied (his personal team), Conflict (the last owner)."""
    async with ports.store.write(actor.who) as tx:
        team, mine = await in_write(tx, actor, team_id)
        if mine is None:
            raise NotFound(f"you are no member of team {team.name!r}")
        return await _go(tx, team, mine)


async def check_room(ports: Ports, tx: WriteTx, team: Team) -> None:
    """Raises Conflict."""
    limit = ports.teams.members if team.max_members is None else team.max_members
    if len(await tx.members.of_team(team.id)) >= limit:
        raise Conflict(f"team {team.name!r} has {limit} members, which is its limit")


async def check_teams_of(ports: Ports, tx: WriteTx, email: str) -> None:
    """Raises Conflict. His personal team does not count."""
    ids = [member.team_id for member in await tx.members.of_user(email)]
    teams = [team for team in await tx.teams.get(ids) if not team.personal]
    limit = ports.teams.per_user
    if len(teams) >= limit:
        raise Conflict(f"{email} is in {len(teams)} teams, {limit} is the limit")


async def _go(tx: WriteTx, team: Team, member: Member) -> Change:
    if team.personal:
        raise Denied(f"team {team.name!r} is the personal one of {member.email}")
    await _check_not_last(tx, team, member)
    await tx.members.remove([member.id])
    await roles.leave_team(tx, member.email, team.id)
    return Change(member.id, tx.revision)


async def _check_not_last(tx: WriteTx, team: Team, member: Member) -> None:
    if member.role != "owner":
        return
    members = await tx.members.of_team(team.id)
    if sum(each.role == "owner" for each in members) == 1:
        problem = f"{member.email} is the last owner of team {team.name!r}"
        raise Conflict(f"{problem}: make another member its owner first, or delete the team")


async def _member(tx: WriteTx, team: Team, email: str) -> Member:
    found = await tx.members.get([member_id(team.id, email)])
    if not found:
        raise NotFound(f"{email!r} is no member of team {team.name!r}")
    return found[0]
