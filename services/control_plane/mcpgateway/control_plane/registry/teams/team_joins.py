"""The use cases of requests to join a public team: who is not in it asks, its owners answer."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from mcpgateway.common import ids
from mcpgateway.common.errors import Conflict, Denied, NotFound
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.teams.team_members import enter, membership
from mcpgateway.control_plane.registry.teams.team_ports import JoinRequest, TeamRequests
from mcpgateway.control_plane.registry.teams.team_rights import managed, managed_in_write, seen

MAX_PENDING = 1000  # requests to one team


async def ask(ports: Ports, actor: Actor, team_id: str, message: str | None) -> JoinRequest:
    """Raises NotFound, Denied, Conflict."""
    team = await seen(ports, actor, team_id)
    if not (ports.teams.joining or actor.viewer.admin):
        raise Denied("nobody may ask to join a team (ALLOW_TEAM_JOIN_REQUESTS)")
    actor.check("teams.join", "ask to join teams")
    if team.role is not None:
        raise Conflict(f"you are a member of team {team.name!r} already")
    if team.visibility != "public" or team.personal or not team.active:
        raise Denied(f"team {team.name!r} is joined by invitation only")
    requests, now = ports.store.team_requests, ports.clock()
    known = await requests.joining(team_id, actor.viewer.email)
    if known is not None and known.status == "pending" and known.expires_at > now:
        raise Conflict(f"you have asked to join team {team.name!r} already")
    if len(await requests.joins(team_id)) >= MAX_PENDING:
        raise Conflict(f"{MAX_PENDING} people wait to join team {team.name!r}: the limit")
    request = JoinRequest(
        id=ids.make_id(ports.entropy(16)),
        team_id=team_id,
        team_name=team.name,
        email=actor.viewer.email,
        message=message,
        requested_at=now,
        expires_at=now + timedelta(days=ports.teams.invitation_days),
    )
    await requests.save_join(request)
    return request


async def pending(ports: Ports, actor: Actor, team_id: str) -> Sequence[JoinRequest]:
    """Those that have not expired. Raises NotFound, Denied."""
    await managed(ports, actor, team_id, "see who wants to join")
    now = ports.clock()
    found = await ports.store.team_requests.joins(team_id)
    return [each for each in found if each.expires_at > now]


async def approve(ports: Ports, actor: Actor, team_id: str, id: str) -> Change:
    """Answers the membership. Raises NotFound, Denied, and what `team_members.enter` raises."""
    async with ports.store.write(actor.who) as tx:
        team = await managed_in_write(tx, actor, team_id, "answer who wants to join")
        request = await _waiting(ports, tx.team_requests, team_id, id)
        member = membership(team_id, request.email, "member", tx, actor.viewer.email)
        await enter(ports, tx, team, member)
        await tx.team_requests.save_join(msgspec.structs.replace(request, status="approved"))
        return Change(member.id, tx.revision)


async def reject(ports: Ports, actor: Actor, team_id: str, id: str) -> None:
    """Raises NotFound, Denied."""
    await managed(ports, actor, team_id, "answer who wants to join")
    requests = ports.store.team_requests
    request = await _waiting(ports, requests, team_id, id)
    await requests.save_join(msgspec.structs.replace(request, status="rejected"))


async def _waiting(ports: Ports, requests: TeamRequests, team_id: str, id: str) -> JoinRequest:
    found = await requests.join(id)
    if found is None or found.team_id != team_id or found.status != "pending":
        raise NotFound(f"no request {id!r} to join this team is waiting")
    if found.expires_at <= ports.clock():
        raise NotFound(f"the request {id!r} to join this team has expired")
    return found
