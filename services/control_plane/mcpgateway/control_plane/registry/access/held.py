"""What roles give, with what they inherit. Pure."""

from collections.abc import Mapping
from datetime import datetime

from mcpgateway.control_plane.registry.people.model import Role, RoleGrant


def effective(role_id: str, roles: Mapping[str, Role]) -> frozenset[str]:
    """A role's own permissions and those of the roles that it inherits from. A role that is not
    active gives none, and passes none on."""
    found: set[str] = set()
    for id in (role_id, *ancestors(role_id, roles)):
        role = roles.get(id)
        if role is None or not role.active:
            break
        found.update(role.permissions)
    return frozenset(found)


def ancestors(role_id: str, roles: Mapping[str, Role]) -> list[str]:
    """What a role inherits from, the nearest first; ends where it would begin again."""
    found: list[str] = []
    role = roles.get(role_id)
    while role is not None and role.inherits_from and role.inherits_from not in (role_id, *found):
        found.append(role.inherits_from)
        role = roles.get(role.inherits_from)
    return found


def in_force(grant: RoleGrant, now: datetime) -> bool:
    return grant.expires_at is None or grant.expires_at > now
