"""SQL of single sign-on: providers, links of their accounts with users, who waits."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from mcpgateway.common.errors import Conflict
from mcpgateway.control_plane.registry.people.sso import Approval, Kept, Link, Provider, Status
from mcpgateway.control_plane.store.errors import translated

MAX_LISTED = 1000

_PROVIDERS = "SELECT spec, secret, created_at, updated_at FROM sso_providers ORDER BY id"
_ADD_PROVIDER = """
INSERT INTO sso_providers (id, spec, secret, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING RETURNING id
"""
_CHANGE_PROVIDER = """
UPDATE sso_providers SET (spec, secret, updated_at) = ($2, $3, $5) WHERE id = $1
RETURNING id, $4::timestamptz
"""
_REMOVE_PROVIDER = """
WITH unlinked AS (DELETE FROM sso_links WHERE provider_id = $1)
DELETE FROM sso_providers WHERE id = $1 RETURNING id
"""
_LINK = "SELECT * FROM sso_links WHERE provider_id = $1 AND issuer = $2 AND subject = $3"
_LINKS_OF = "SELECT * FROM sso_links WHERE email = $1"
_SAVE_LINK = """
INSERT INTO sso_links (provider_id, issuer, subject, email, made_admin, linked_at, last_login)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (provider_id, issuer, subject) DO UPDATE
    SET (made_admin, last_login) = (excluded.made_admin, excluded.last_login)
"""
_APPROVALS = f"""
SELECT * FROM sso_approvals WHERE status = ANY ($1) ORDER BY requested_at, id LIMIT {MAX_LISTED}
"""
_APPROVAL = "SELECT * FROM sso_approvals WHERE id = $1"
_APPROVAL_OF = """
SELECT * FROM sso_approvals WHERE provider_id = $1 AND subject = $2
ORDER BY requested_at DESC LIMIT 1
"""
_SAVE_APPROVAL = """
INSERT INTO sso_approvals (
    id, email, full_name, provider_id, subject, status, requested_at, expires_at, decided_at,
    decided_by, reason
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET (status, decided_at, decided_by, reason) = (
    excluded.status, excluded.decided_at, excluded.decided_by, excluded.reason
)
"""


class PostgresSso:
    """Implements registry.sso_ports.SsoStore."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def providers(self) -> list[Kept]:
        with translated():
            rows = await self._pool.fetch(_PROVIDERS)
        return [
            Kept(
                provider=msgspec.json.decode(row["spec"], type=Provider),
                secret=row["secret"],
                created_at=row["created_at"],
                updated_at=row["updated_at"],
            )
            for row in rows
        ]

    async def save_provider(self, kept: Kept, *, new: bool) -> None:
        spec = msgspec.json.encode(kept.provider).decode()
        args = (kept.provider.id, spec, kept.secret, kept.created_at, kept.updated_at)
        with translated():
            saved = await self._pool.fetchrow(_ADD_PROVIDER if new else _CHANGE_PROVIDER, *args)
        if saved is None and new:
            raise Conflict(f"there is a provider {kept.provider.id!r} already")

    async def remove_provider(self, id: str) -> bool:
        with translated():
            return await self._pool.fetchval(_REMOVE_PROVIDER, id) is not None

    async def link(self, provider_id: str, issuer: str, subject: str) -> Link | None:
        with translated():
            row = await self._pool.fetchrow(_LINK, provider_id, issuer, subject)
        return None if row is None else Link(**dict(row))

    async def links_of(self, email: str) -> list[Link]:
        with translated():
            return [Link(**dict(row)) for row in await self._pool.fetch(_LINKS_OF, email)]

    async def save_link(self, link: Link) -> None:
        with translated():
            await self._pool.execute(_SAVE_LINK, *_values(link))

    async def approvals(self, statuses: Sequence[Status]) -> list[Approval]:
        with translated():
            rows = await self._pool.fetch(_APPROVALS, list(statuses))
        return [Approval(**dict(row)) for row in rows]

    async def approval(self, id: str) -> Approval | None:
        with translated():
            row = await self._pool.fetchrow(_APPROVAL, id)
        return None if row is None else Approval(**dict(row))

    async def approval_of(self, provider_id: str, subject: str) -> Approval | None:
        with translated():
            row = await self._pool.fetchrow(_APPROVAL_OF, provider_id, subject)
        return None if row is None else Approval(**dict(row))

    async def save_approval(self, approval: Approval) -> None:
        with translated():
            await self._pool.execute(_SAVE_APPROVAL, *_values(approval))


def _values(row: msgspec.Struct) -> tuple[Any, ...]:
    """In the order of the fields, which is that of the statements."""
    return tuple(msgspec.structs.asdict(row).values())
