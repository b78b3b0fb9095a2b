"""The roles that every registry has, and which of all roles people get by themselves. Pure."""

from hashlib import sha256
from typing import NamedTuple

from mcpgateway.control_plane.registry.people.model import RoleScope

_NOUNS = ("tools", "resources", "prompts", "servers", "gateways", "a2a")
_READ = tuple(f"{noun}.read" for noun in (*_NOUNS, "roots", "tags"))
_USE = ("tools.execute", "prompts.execute", "servers.use", "a2a.invoke")
_EDIT = tuple(f"{noun}.{act}" for noun in _NOUNS for act in ("create", "update", "delete"))
_TOKENS = tuple(f"tokens.{act}" for act in ("create", "read", "update", "revoke"))
_VIEW = (*_READ, *_USE)
_FURTHER = ("servers.manage", "gateways.serve", "resources.share", "teams.read", "teams.join")
_DEVELOP = (*_VIEW, *_EDIT, *_FURTHER)


class BuiltIn(NamedTuple):
    """What it says of a role. Its id is that of the name, in every registry."""

    name: str
    description: str
    scope: RoleScope
    permissions: tuple[str, ...]

    @property
    def id(self) -> str:
        return role_id(self.name)


def role_id(name: str) -> str:
    """Of a built-in role."""
    return sha256(name.encode()).hexdigest()[:32]


BUILT_IN = (
    BuiltIn("platform_admin", "May do everything", "global", ("*",)),
    BuiltIn(
        "team_admin",
        "May do everything in a team, with its members too",
        "team",
        (*_DEVELOP, "teams.update", "teams.delete", "teams.manage_members", "users.invite"),
    ),
    BuiltIn("developer", "May make, change and use what is a team's", "team", _DEVELOP),
    BuiltIn("viewer", "May see and use what is a team's", "team", (*_VIEW, "teams.read")),
    BuiltIn(
        "platform_viewer",
        "May see and use what is public",
        "global",
        (*_VIEW, "teams.read", "teams.create", "teams.join", *_TOKENS),
    ),
)
BY_ID = {role.id: role for role in BUILT_IN}


class DefaultRoles(NamedTuple):
    """Names of the roles that people get by themselves, "" for none: administrators and all others
    everywhere, owners and members of a team in it."""

    admin: str = "platform_admin"
    user: str = "platform_viewer"
    team_owner: str = "team_admin"
    team_member: str = "viewer"

    def settings(self) -> tuple[tuple[str, str, RoleScope], ...]:
        """Of each: the setting that says it, the name, the scope that it must have."""
        return (
            ("DEFAULT_ADMIN_ROLE", self.admin, "global"),
            ("DEFAULT_USER_ROLE", self.user, "global"),
            ("DEFAULT_TEAM_OWNER_ROLE", self.team_owner, "team"),
            ("DEFAULT_TEAM_MEMBER_ROLE", self.team_member, "team"),
        )


USUAL_ROLES = DefaultRoles()
