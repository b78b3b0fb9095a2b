"""The part of a write transaction that is of who may call and what they may do."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from mcpgateway.common.routing.model import Visibility
from mcpgateway.control_plane.registry.people.model import (
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
from mcpgateway.control_plane.registry.teams.team_ports import TeamRequests


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


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """What of a thing of any kind decisions are made by. `name` is its URI, for a resource or a
    root."""

    id: str
    name: str
    visibility: Visibility = "public"
    team_id: str | None = None
    owner_email: str | None = None
    tags: tuple[str, ...] = ()
    upstream_id: str | None = None
    anonymous_access: bool = False


class Looked(NamedTuple):
    """All that a decision is made by, as it was at one moment."""

    user: User | None
    roles: Sequence[Role]
    rules: Sequence[AccessRule]
    things: Sequence[Thing]


class AccessReader(Protocol):
    """Reads of what is committed. All raise Unavailable."""

    async def roles(self) -> list[Role]:
        """Sorted by name."""

    async def grants(self, *, email: str = "", role_id: str = "") -> list[RoleGrant]:
        """Of somebody, of a role, or of both; also those that have expired."""

    async def rules(self) -> list[AccessRule]:
        """Sorted by name."""

    async def look(self, email: str, kind: str, id: str, name: str) -> Looked:
        """At one moment. `kind` is a word of rules (tool, prompt, resource, server, upstream,
        agent, root), or "" for nothing; things are those with the id, or with the name where the
        id is "" (of many that have it, some)."""

    async def users(self, emails: Sequence[str]) -> list[User]: ...

    async def things(self, kind: str, ids: Sequence[str]) -> list[Thing]: ...

    async def presented(self, jti: str, email: str) -> tuple[bool, User | None]:
        """Whether a JWT counts no more (never one without a `jti`, ""), and its subject; at one
        moment."""

    async def policy_mark(self) -> tuple[int, ...]:
        """Another one whenever a role or a rule was made, changed or removed."""


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
