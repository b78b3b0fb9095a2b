"""What follows from somebody's groups at a provider: roles, teams, being an administrator. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from mcpgateway.control_plane.registry.people.model import TeamRole
from mcpgateway.control_plane.registry.people.sso import Identity, Policy, Provider

ADMIN_ROLES = frozenset({"admin", "platform_admin"})  # mapped to, they make an administrator


class RoleIn(NamedTuple):
    """A role by its name, in a team by its slug or id; "" names none."""

    role: str
    team: str = ""


class Place(NamedTuple):
    """A place in a team, which is named by its slug or id."""

    team: str
    role: TeamRole = "member"


class Wanted(NamedTuple):
    admin: bool
    roles: frozenset[RoleIn]
    places: frozenset[Place]


def wanted(provider: Provider, identity: Identity, policy: Policy) -> Wanted:
    """Of known groups (`identity.groups` is not None)."""
    groups = identity.groups or frozenset()
    mapped = {_role(value) for value in _mapped(provider.role_mappings, groups)}
    made_admin = any(each.role in ADMIN_ROLES and not each.team for each in mapped)
    roles = {each for each in mapped if each.team or each.role not in ADMIN_ROLES}
    if not mapped and provider.default_role:
        roles = {_role(provider.default_role)}
    return Wanted(
        admin=made_admin or is_admin(provider, identity, policy),
        roles=frozenset(roles),
        places=_places(_mapped(provider.team_mappings, groups)),
    )


def is_admin(provider: Provider, identity: Identity, policy: Policy) -> bool:
    """By groups, or by the domain of a verified address. Names of organizations at GitHub are the
    same in any case."""
    groups, admins = identity.groups or frozenset(), frozenset(provider.admin_groups)
    if provider.preset == "github":
        groups, admins = _folded(groups), _folded(admins)
    if groups & admins:
        return True
    if provider.preset == "google" and provider.admin_domains:
        if identity.domain in provider.admin_domains:
            return True
    elif identity.verified and domain_of(identity.email) in provider.admin_domains:
        return True
    return identity.verified and domain_of(identity.email) in policy.admin_domains


def domain_of(email: str) -> str:
    return email.rpartition("@")[2].lower()


def _mapped(mappings: dict[str, str], groups: frozenset[str]) -> Iterable[str]:
    return (value for group, value in mappings.items() if group in groups)


def _role(value: str) -> RoleIn:
    role, _, team = value.partition("@")
    return RoleIn(role.strip(), team.strip())


def _places(values: Iterable[str]) -> frozenset[Place]:
    """One place in each team: who is an owner by one group is that."""
    found: dict[str, Place] = {}
    for value in values:
        team, _, role = value.partition(":")
        place = Place(team.strip(), "owner" if role.strip() == "owner" else "member")
        if place.team and (place.role == "owner" or place.team not in found):
            found[place.team] = place
    return frozenset(found.values())


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)
