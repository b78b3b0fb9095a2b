"""Reads of roles, who has them, and rules."""

from typing import TypeVar

import msgspec
from asyncpg import Record

from mcpgateway.control_plane.registry.identities import AccessRule, Role, RoleGrant
from mcpgateway.control_plane.registry.model import Kept
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.history import Fetches

ROLES = "SELECT row_to_json(r)::text FROM roles r ORDER BY r.name"
GRANTS = """
SELECT row_to_json(g)::text FROM role_grants g
WHERE ($1 = '' OR g.email = $1) AND ($2 = '' OR g.role_id = $2) ORDER BY g.email, g.id
"""
RULES = "SELECT row_to_json(r)::text FROM access_rules r ORDER BY r.name"

REVOKED = "SELECT 1 FROM revocations WHERE id = $1"

K = TypeVar("K", bound=Kept)


class PostgresAccessReader:
    """Implements ports.AccessReader."""

    def __init__(self, source: Fetches) -> None:
        self._source = source

    async def roles(self) -> list[Role]:
        return await self._read(Role, ROLES)

    async def grants(self, *, email: str = "", role_id: str = "") -> list[RoleGrant]:
        return await self._read(RoleGrant, GRANTS, email, role_id)

    async def rules(self) -> list[AccessRule]:
        return await self._read(AccessRule, RULES)

    async def revoked(self, jti: str) -> bool:
        with translated():
            rows: list[Record] = await self._source.fetch(REVOKED, jti)
        return bool(rows)

    async def _read(self, type: type[K], sql: str, *args: object) -> list[K]:
        with translated():
            rows: list[Record] = await self._source.fetch(sql, *args)
        return [msgspec.json.decode(row[0], type=type) for row in rows]
