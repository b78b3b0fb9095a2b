"""The use cases of invitations: who manages a team asks somebody into it, by email; he says yes or
no. A token comes with an invitation once, when it is made; whoever is logged in as the one that is
invited may name it by its id as well."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from mcpgateway.common import ids
from mcpgateway.common.errors import Conflict, Denied, NotFound
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.people.model import Team, TeamRole, member_id
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.teams.team_members import enter, membership
from mcpgateway.control_plane.registry.teams.team_ports import Invitation, TeamRequests
from mcpgateway.control_plane.registry.teams.team_rights import managed

_ENTROPY = 32  # bytes of a token
TOKEN_LIMIT = 128  # characters of what names an invitation
MAX_PENDING = 1000  # invitations of a team


class Invited(NamedTuple):
    """`token` is shown this once."""

    invitation: Invitation
    token: str


def make(ports: Ports, team: Team, email: str, role: TeamRole, by: str, at: datetime) -> Invited:
    """Not yet kept."""
    token = base64.urlsafe_b64encode(ports.entropy(_ENTROPY)).rstrip(b"=").decode()
    invitation = Invitation(
        id=ids.make_id(ports.entropy(16)),
        team_id=team.id,
        team_name=team.name,
        email=email,
        role=role,
        invited_by=by,
        invited_at=at,
        expires_at=at + timedelta(days=ports.teams.invitation_days),
        sha256=sha256(token.encode()).hexdigest(),
    )
    return Invited(invitation, token)


async def invite(ports: Ports, actor: Actor, team_id: str, email: str, role: TeamRole) -> Invited:
    """In place of an invitation that he had. Raises NotFound, Denied, Conflict."""
    team = await managed(ports, actor, team_id, "invite people")
    if not (ports.teams.inviting or actor.viewer.admin):
        raise Denied("only administrators may invite people (ALLOW_TEAM_INVITATIONS)")
    if team.personal:
        raise Conflict(f"team {team.name!r} is personal: nobody else can be in it")
    members = await ports.store.read.teams.members(team_id)
    if email in {member.email for member in members}:
        raise Conflict(f"{email} is a member of team {team.name!r} already")
    requests, now = ports.store.team_requests, ports.clock()
    open_ones = await _open(requests, now, team_id=team_id)
    if len(open_ones) >= MAX_PENDING:
        raise Conflict(f"team {team.name!r} has {MAX_PENDING} invitations, which is the limit")
    invited = make(ports, team, email, role, actor.viewer.email, now)
    await requests.save_invitation(invited.invitation)
    return invited


async def of_team(ports: Ports, actor: Actor, team_id: str) -> Sequence[Invitation]:
    """Those that have expired too. Raises NotFound, Denied."""
    await managed(ports, actor, team_id, "see its invitations")
    return await ports.store.team_requests.invitations(team_id=team_id)


async def mine(ports: Ports, actor: Actor) -> Sequence[Invitation]:
    """Those that have not expired."""
    return await _open(ports.store.team_requests, ports.clock(), email=actor.viewer.email)


async def cancel(ports: Ports, actor: Actor, id: str) -> None:
    """Raises NotFound also for an invitation of a team that he does not know; Denied."""
    found = await ports.store.team_requests.invitation(id)
    if found is None or found.id != id:
        raise NotFound(f"no invitation {id!r}")
    await managed(ports, actor, found.team_id, "cancel its invitations")
    await ports.store.team_requests.remove_invitation(id)


async def accept(ports: Ports, actor: Actor, key: str) -> Change:
    """By its token or its id. Raises NotFound, Denied (of an unverified email), and what
    `team_members.enter` raises. Answers the membership."""
    async with ports.store.write(actor.who) as tx:
        invitation = await _to_me(tx.team_requests, actor, key, ports.clock())
        team = (await tx.teams.get([invitation.team_id]))[0]
        await _check_verified(ports, tx, actor.viewer.email)
        member = membership(team.id, actor.viewer.email, invitation.role, tx, invitation.invited_by)
        await enter(ports, tx, team, member)
        await tx.team_requests.remove_invitation(invitation.id)
        return Change(member_id(team.id, member.email), tx.revision)


async def decline(ports: Ports, actor: Actor, key: str) -> Invitation:
    """Raises NotFound."""
    requests = ports.store.team_requests
    invitation = await _to_me(requests, actor, key, ports.clock())
    await requests.remove_invitation(invitation.id)
    return invitation


async def _to_me(requests: TeamRequests, actor: Actor, key: str, now: datetime) -> Invitation:
    """Raises NotFound: that there is one for somebody else is not told."""
    found = await requests.invitation(ids.as_id(key) or sha256(key.encode()).hexdigest())
    if found is None or found.email != actor.viewer.email:
        raise NotFound("there is no such invitation to you")
    if found.expires_at <= now:
        raise NotFound(f"the invitation to team {found.team_name!r} has expired")
    return found


async def _check_verified(ports: Ports, tx: WriteTx, email: str) -> None:
    user = (await tx.users.get([email]))[0]
    if ports.teams.verified_only and not user.email_verified:
        problem = "your email address is not verified (REQUIRE_EMAIL_VERIFICATION_FOR_INVITES)"
        raise Denied(problem)


async def _open(
    requests: TeamRequests, now: datetime, *, team_id: str | None = None, email: str | None = None
) -> Sequence[Invitation]:
    found = await requests.invitations(team_id=team_id, email=email)
    return [each for each in found if each.expires_at > now]
