"""Who may do what with a team: its owners and administrators everything, and whoever has a role in
it that says so. What a caller may not know of does not exist."""

from mcpgateway.common.errors import Denied, NotFound
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.identities import Member, Team, member_id
from mcpgateway.control_plane.registry.ports import Ports, WriteTx
from mcpgateway.control_plane.registry.team_ports import TeamView


def no_team(id: str) -> NotFound:
    return NotFound(f"no team {id!r}")


def sees(actor: Actor, team: Team, *, member: bool) -> bool:
    public = team.visibility == "public" and team.active and not team.personal
    return actor.viewer.admin or member or public


async def seen(ports: Ports, actor: Actor, id: str) -> TeamView:
    """Raises NotFound."""
    team = await ports.store.read.teams.one(id, actor.viewer.email)
    if team is None or not sees(actor, team, member=team.role is not None):
        raise no_team(id)
    return team


async def entered(ports: Ports, actor: Actor, id: str, doing: str) -> TeamView:
    """A team that he is in, or any for an administrator: others know only that it is there. Raises
    NotFound, Denied."""
    team = await seen(ports, actor, id)
    if not actor.viewer.admin and team.role is None:
        raise Denied(f"only members of team {team.name!r} may {doing}")
    return team


async def managed(ports: Ports, actor: Actor, id: str, doing: str) -> TeamView:
    """A team that he is an owner of. Raises NotFound, Denied."""
    team = await seen(ports, actor, id)
    _check_owner(actor, team, team.role, doing)
    return team


async def in_write(tx: WriteTx, actor: Actor, id: str) -> tuple[Team, Member | None]:
    """A team, and his membership. Raises NotFound."""
    found = await tx.teams.get([id])
    mine = await tx.members.get([member_id(id, actor.viewer.email)])
    if not found or not sees(actor, found[0], member=bool(mine)):
        raise no_team(id)
    return found[0], mine[0] if mine else None


async def managed_in_write(tx: WriteTx, actor: Actor, id: str, doing: str) -> Team:
    """Raises NotFound, Denied."""
    team, mine = await in_write(tx, actor, id)
    _check_owner(actor, team, mine.role if mine else None, doing)
    return team


def _check_owner(actor: Actor, team: Team, role: str | None, doing: str) -> None:
    if not actor.viewer.admin and role != "owner":
        raise Denied(f"only owners of team {team.name!r} and administrators may {doing}")
