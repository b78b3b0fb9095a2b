"""The part of a write transaction that is of who may call and what they may do."""

from typing import Protocol

from mcpgateway.control_plane.registry.identities import (
    AccessRule,
    ApiToken,
    Member,
    Revocation,
    Role,
    RoleGrant,
    Team,
    User,
)
from mcpgateway.control_plane.registry.rows import KeyedRows, Rows
from mcpgateway.control_plane.registry.team_ports import TeamRequests


class UserRows(Rows[User], Protocol):
    async def owned(self, email: str) -> list[tuple[str, str, str]]:
        """Noun as in paths, id and name of what somebody owns; teams of which nobody else is an
        owner, but for a personal team without other members."""

    async def other_administrators(self, email: str) -> int:
        """How many active ones there are beside this one."""


class MemberRows(Rows[Member], Protocol):
    """A change of one is a change of its user too."""

    async def of_team(self, team_id: str) -> list[Member]: ...

    async def of_user(self, email: str) -> list[Member]: ...


class GrantRows(Rows[RoleGrant], Protocol):
    """A change of one is a change of its user too."""

    async def of_user(self, email: str) -> list[RoleGrant]: ...

    async def of_role(self, role_id: str) -> list[RoleGrant]: ...

    async def of_team(self, team_id: str) -> list[RoleGrant]: ...

    async def lacking(self) -> list[User]:
        """Users who have no role at all."""


class TokenRows(Rows[ApiToken], Protocol):
    async def of_user(self, email: str) -> list[ApiToken]: ...

    async def of_team(self, team_id: str) -> list[ApiToken]: ...


class AccessReader(Protocol):
    """Reads of what is committed. All raise Unavailable."""

    async def roles(self) -> list[Role]:
        """Sorted by name."""

    async def grants(self, *, email: str = "", role_id: str = "") -> list[RoleGrant]:
        """Of somebody, of a role, or of both; also those that have expired."""

    async def rules(self) -> list[AccessRule]:
        """Sorted by name."""

    async def revoked(self, jti: str) -> bool:
        """Whether a JWT counts no more."""


class IdentityTx(Protocol):
    @property
    def users(self) -> UserRows: ...

    @property
    def teams(self) -> KeyedRows[Team]:
        """Keyed by slug."""

    @property
    def members(self) -> MemberRows: ...

    @property
    def roles(self) -> KeyedRows[Role]: ...

    @property
    def grants(self) -> GrantRows: ...

    @property
    def api_tokens(self) -> TokenRows: ...

    @property
    def revocations(self) -> Rows[Revocation]: ...

    @property
    def team_requests(self) -> TeamRequests: ...

    @property
    def rules(self) -> KeyedRows[AccessRule]: ...
