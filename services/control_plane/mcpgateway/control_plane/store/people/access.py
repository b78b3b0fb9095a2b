"""SQL of teams, roles, tokens and rules, and how they are written."""

from collections.abc import Sequence
from typing import TypeVar

from typing_extensions import override

from mcpgateway.control_plane.registry.people.model import (
    AccessRule,
    ApiToken,
    Held,
    Member,
    Revocation,
    Role,
    RoleGrant,
    Team,
    User,
)
from mcpgateway.control_plane.store.people.identities import UserRows
from mcpgateway.control_plane.store.rows import Context, EntityRows, fetch
from mcpgateway.control_plane.store.statements import rows_of

# What data planes get: $1 ids, or null for all. Whether something has expired is theirs to judge,
# by the time of each call: what is in a delta depends on its revision alone.
OFFERED_ROLES = """
SELECT row_to_json(r)::text FROM roles r
WHERE ($1::text[] IS NULL OR r.id = ANY ($1)) AND r.active
"""
OFFERED_RULES = """
SELECT row_to_json(r)::text FROM access_rules r
WHERE ($1::text[] IS NULL OR r.id = ANY ($1)) AND r.enabled
"""
OFFERED_TOKENS = """
SELECT row_to_json(t)::text FROM api_tokens t
WHERE ($1::text[] IS NULL OR t.id = ANY ($1)) AND t.active
"""
OFFERED_REVOCATIONS = """
SELECT row_to_json(r)::text FROM revocations r
WHERE ($1::text[] IS NULL OR r.id = ANY ($1))
"""
_MEMBERS_OF = "SELECT row_to_json(m)::text FROM team_members m WHERE m.team_id = $1 ORDER BY id"
_MEMBERSHIPS = "SELECT row_to_json(m)::text FROM team_members m WHERE m.email = $1 ORDER BY id"
_GRANTS_TO = "SELECT row_to_json(g)::text FROM role_grants g WHERE g.email = $1 ORDER BY id"
_GRANTS_OF_ROLE = "SELECT row_to_json(g)::text FROM role_grants g WHERE g.role_id = $1 ORDER BY id"
_GRANTS_IN = """
SELECT row_to_json(g)::text FROM role_grants g WHERE g.scope_id = $1 AND $1 <> '' ORDER BY id
"""
_LACKING = """
SELECT u.email FROM users u
WHERE NOT EXISTS (SELECT FROM role_grants g WHERE g.email = u.email) ORDER BY u.email
"""
_TOKENS_IN = "SELECT row_to_json(t)::text FROM api_tokens t WHERE t.team_id = $1 ORDER BY id"
_TOKENS_OF = "SELECT row_to_json(t)::text FROM api_tokens t WHERE t.email = $1 ORDER BY id"

H = TypeVar("H", bound=Held)


class HeldRows(EntityRows[H]):
    """What somebody has: a change of it is one of what data planes know of its holder."""

    def __init__(self, context: Context, noun: str, type: type[H], table: str) -> None:
        super().__init__(context, noun, type, rows_of(table, type, key="email"))
        self._users = UserRows(context)

    @override
    async def save(self, rows: Sequence[H]) -> None:
        await super().save(rows)
        await self._users.touch({row.email for row in rows})

    @override
    async def remove(self, ids: Sequence[str]) -> None:
        holders = {row.email for row in await self.get(ids)}
        await super().remove(ids)
        await self._users.touch(holders)


class MemberRows(HeldRows[Member]):
    """Implements ports.MemberRows."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "team_member", Member, "team_members")

    async def of_team(self, team_id: str) -> list[Member]:
        return await fetch(self._connection, Member, _MEMBERS_OF, team_id)

    async def of_user(self, email: str) -> list[Member]:
        return await fetch(self._connection, Member, _MEMBERSHIPS, email)


class GrantRows(HeldRows[RoleGrant]):
    """Implements ports.GrantRows."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "role_grant", RoleGrant, "role_grants")

    async def of_user(self, email: str) -> list[RoleGrant]:
        return await fetch(self._connection, RoleGrant, _GRANTS_TO, email)

    async def of_role(self, role_id: str) -> list[RoleGrant]:
        return await fetch(self._connection, RoleGrant, _GRANTS_OF_ROLE, role_id)

    async def of_team(self, team_id: str) -> list[RoleGrant]:
        return await fetch(self._connection, RoleGrant, _GRANTS_IN, team_id)

    async def lacking(self) -> list[User]:
        emails = [row["email"] for row in await self._connection.fetch(_LACKING)]
        return await self._users.get(emails)


class TokenRows(EntityRows[ApiToken]):
    """Implements ports.TokenRows."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "api_token", ApiToken, rows_of("api_tokens", ApiToken))

    async def of_user(self, email: str) -> list[ApiToken]:
        return await fetch(self._connection, ApiToken, _TOKENS_OF, email)

    async def of_team(self, team_id: str) -> list[ApiToken]:
        return await fetch(self._connection, ApiToken, _TOKENS_IN, team_id)


def team_rows(context: Context) -> EntityRows[Team]:
    return EntityRows(context, "team", Team, rows_of("teams", Team, key="slug"))


def role_rows(context: Context) -> EntityRows[Role]:
    return EntityRows(context, "role", Role, rows_of("roles", Role))


def revocation_rows(context: Context) -> EntityRows[Revocation]:
    sql = rows_of("revocations", Revocation, key="email")
    return EntityRows(context, "revocation", Revocation, sql)


def rule_rows(context: Context) -> EntityRows[AccessRule]:
    return EntityRows(context, "rule", AccessRule, rows_of("access_rules", AccessRule))
