"""What to change of somebody's roles and places in teams so that they are as his groups say. Pure.

Only what this provider gave is taken away; what people gave by hand stays as it is, also where the
groups say otherwise.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from mcpgateway.control_plane.registry.people.model import Member, RoleGrant, RoleScope, TeamRole


class Given(NamedTuple):
    """A role that somebody is to have."""

    role_id: str
    scope: RoleScope
    scope_id: str


class GrantChanges(NamedTuple):
    give: frozenset[Given]
    take: tuple[str, ...]  # ids of grants


class PlaceChanges(NamedTuple):
    give: Mapping[str, TeamRole]  # by team id
    take: tuple[str, ...]  # ids of memberships


def grants(held: Sequence[RoleGrant], wanted: Collection[Given], provider_id: str) -> GrantChanges:
    have = {Given(each.role_id, each.scope, each.scope_id) for each in held}
    take = (
        each.id
        for each in held
        if each.source == provider_id
        and Given(each.role_id, each.scope, each.scope_id) not in wanted
    )
    return GrantChanges(frozenset(wanted) - have, tuple(take))


def places(
    held: Sequence[Member], wanted: Mapping[str, TeamRole], provider_id: str
) -> PlaceChanges:
    by_team = {each.team_id: each for each in held}
    give = {
        team: role
        for team, role in wanted.items()
        if team not in by_team
        or (by_team[team].source == provider_id and by_team[team].role != role)
    }
    take = (each.id for each in held if each.source == provider_id and each.team_id not in wanted)
    return PlaceChanges(give, tuple(take))
