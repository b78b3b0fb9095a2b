"""Who may call and what they may do, as the registry keeps it: frozen values, one struct for one
table, fields are the columns.

What only the control plane knows of somebody (failed logins, invitations, usage) has no revision
and is not here. What data planes get of these is decided in `routes`.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

from mcpgateway.control_plane.registry.model import Kept

RoleScope = Literal["global", "team", "personal"]
TeamRole = Literal["owner", "member"]
Effect = Literal["allow", "deny"]


class Granted(msgspec.Struct, frozen=True, array_like=True):
    """A role that somebody has. `scope_id` is a team's id for the scope "team", else "".
    `expires` in Unix seconds, None for never."""

    role: str
    scope: RoleScope
    scope_id: str = ""
    expires: float | None = None


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may call: a person, or with `service` a program of its own. Without
    `password_hash` nobody logs in by password. `not_before`: tokens issued earlier (Unix seconds)
    are void. `attributes` are what rules may ask about.

    `teams` and `grants` follow from memberships and role grants; they are read with a user and not
    written.
    """

    email: str
    revision: int = 0
    version: int = 1
    full_name: str | None = None
    password_hash: str | None = None
    service: bool = False
    admin: bool = False
    active: bool = True
    auth_provider: str = "local"
    email_verified: bool = True
    attributes: dict[str, Any] = {}
    password_change_required: bool = False
    password_changed_at: datetime | None = None
    not_before: float = 0.0
    created_at: datetime
    updated_at: datetime
    teams: tuple[str, ...] = ()
    grants: tuple[Granted, ...] = ()


class Team(Kept, frozen=True, kw_only=True):
    """`max_members` None: as many as the settings say."""

    version: int = 1
    name: str
    slug: str
    description: str | None = None
    personal: bool = False
    visibility: Literal["private", "public"] = "private"
    max_members: int | None = None
    active: bool = True
    created_by: str
    created_at: datetime
    updated_at: datetime


class Held(Kept, frozen=True, kw_only=True):
    """What somebody has: a membership, a role."""

    email: str


def member_id(team_id: str, email: str) -> str:
    return f"{team_id}:{email}"


class Member(Held, frozen=True, kw_only=True):
    """`id` is `member_id`. `source`: "manual", or the provider whose groups made it."""

    team_id: str
    role: TeamRole = "member"
    joined_at: datetime
    invited_by: str | None = None
    source: str = "manual"


class Role(Kept, frozen=True, kw_only=True):
    """`permissions` are its own; it also has those of the role with the id `inherits_from`. A
    `system` role is made at the start and can not be changed."""

    version: int = 1
    name: str
    description: str | None = None
    scope: RoleScope
    permissions: tuple[str, ...] = ()
    inherits_from: str | None = None
    system: bool = False
    active: bool = True
    created_by: str
    created_at: datetime
    updated_at: datetime


class RoleGrant(Held, frozen=True, kw_only=True):
    """That somebody has a role. `source`: "manual", "default", or the provider whose groups made
    it. What has expired counts no more, in whichever table it still is."""

    role_id: str
    scope: RoleScope
    scope_id: str = ""
    granted_by: str
    granted_at: datetime
    expires_at: datetime | None = None
    source: str = "manual"


class ApiToken(Kept, frozen=True, kw_only=True):
    """A token that somebody made for programs. Its secret part is kept as SHA-256 only. Empty
    `permissions` or `ip_restrictions` restrict nothing."""

    version: int = 1
    email: str
    team_id: str | None = None
    name: str
    description: str | None = None
    sha256: str
    server_id: str | None = None
    permissions: tuple[str, ...] = ()
    ip_restrictions: tuple[str, ...] = ()
    time_restrictions: dict[str, Any] = msgspec.field(default_factory=dict)
    usage_limits: dict[str, Any] = msgspec.field(default_factory=dict)
    tags: tuple[str, ...] = ()
    active: bool = True
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revocation_reason: str | None = None


class Revocation(Kept, frozen=True, kw_only=True):
    """A JWT that counts no more, by its `jti`. It is kept until the token would have expired."""

    email: str
    reason: str = ""
    revoked_at: datetime
    expires_at: datetime | None = None


class AccessRule(Kept, frozen=True, kw_only=True):
    """`spec` is what a `common.policy.access.rules.Spec` is as JSON."""

    version: int = 1
    name: str
    description: str | None = None
    effect: Effect
    enabled: bool = True
    spec: dict[str, Any]
    created_by: str
    created_at: datetime
    updated_at: datetime
