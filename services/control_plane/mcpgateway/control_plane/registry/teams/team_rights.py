"""Who may do what with a team: its owners everything, and whoever has a role that says so. A token
may leave less of that. What a caller may not know of does not exist."""

from mcpgateway.common.errors import Denied, NotFound
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.people.model import Member, Team, member_id
from mcpgateway.control_plane.registry.ports import Ports, WriteTx
from mcpgateway.control_plane.registry.teams.team_ports import TeamView

MEMBERS = "teams.manage_members"


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


async def managed(
    ports: Ports, actor: Actor, id: str, doing: str, permission: str = MEMBERS
) -> TeamView:
    """Raises NotFound, Denied."""
    team = await seen(ports, actor, id)
    _check(actor, team, team.role, doing, permission)
    return team


async def in_write(tx: WriteTx, actor: Actor, id: str) -> tuple[Team, Member | None]:
    """A team, and his membership. Raises NotFound."""
    found = await tx.teams.get([id])
    mine = await tx.members.get([member_id(id, actor.viewer.email)])
    if not found or not sees(actor, found[0], member=bool(mine)):
        raise no_team(id)
    return found[0], mine[0] if mine else None


async def managed_in_write(
    tx: WriteTx, actor: Actor, id: str, doing: str, permission: str = MEMBERS
) -> Team:
    """Raises NotFound, Denied."""
    team, mine = await in_write(tx, actor, id)
    _check(actor, team, mine.role if mine else None, doing, permission)
    return team


def _check(actor: Actor, team: Team, role: str | None, doing: str, permission: str) -> None:
    own = role == "owner" and actor.viewer.scope.leaves(permission)
    if not own and not actor.viewer.may_in(permission, team.id):
        who = f"owners of team {team.name!r} and who has the permission {permission} in it"
        raise Denied(f"only {who} may {doing}")
