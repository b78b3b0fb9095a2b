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


class MemberRows(Rows[Member], Protocol):
    """A change of one is a change of its user too."""

    async def of_team(self, team_id: str) -> list[Member]: ...

    async def of_user(self, email: str) -> list[Member]: ...


class GrantRows(Rows[RoleGrant], Protocol):
    """A change of one is a change of its user too."""

    async def of_user(self, email: str) -> list[RoleGrant]: ...

    async def of_role(self, role_id: str) -> list[RoleGrant]: ...

    async def of_team(self, team_id: str) -> list[RoleGrant]: ...


class TokenRows(Rows[ApiToken], Protocol):
    async def of_user(self, email: str) -> list[ApiToken]: ...


class IdentityTx(Protocol):
    @property
    def users(self) -> Rows[User]: ...

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
    def rules(self) -> KeyedRows[AccessRule]: ...
