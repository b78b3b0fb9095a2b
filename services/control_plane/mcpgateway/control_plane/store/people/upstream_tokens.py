"""Tokens for upstreams, consents that were begun, and clients that were registered: rows without a
revision. Implements `registry.upstream_auth.ports.TokenStore`."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import asyncpg
import msgspec

from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.upstream_auth.ports import ClientRow, Consent, TokenRow
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.rows import Connection
from mcpgateway.control_plane.store.transaction import begin

_FIELDS = TokenRow.__struct_fields__
_ALL = ", ".join(_FIELDS)
_TOKEN = f"SELECT {_ALL} FROM upstream_tokens WHERE upstream_id = $1 AND principal = $2"
_OF = f"SELECT {_ALL} FROM upstream_tokens WHERE principal = $1 AND NOT gone ORDER BY upstream_id"
_SAVE = f"""
INSERT INTO upstream_tokens AS t (upstream_id, principal, kind, sealed, expires_at, renew_at,
    attempts, problem)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (upstream_id, principal) DO UPDATE SET
    (kind, sealed, expires_at, renew_at, attempts, problem, stamp, put, gone, updated_at) =
    (excluded.kind, excluded.sealed, excluded.expires_at, excluded.renew_at, excluded.attempts,
     excluded.problem, t.stamp + 1, false, false, now())
RETURNING {_ALL}
"""
_REPLACE = f"""
UPDATE upstream_tokens SET
    (kind, sealed, expires_at, renew_at, attempts, problem, stamp, put, updated_at) =
    ($3, $4, $5, $6, $7, $8, stamp + 1, false, now())
WHERE upstream_id = $1 AND principal = $2 AND stamp = $9 AND NOT gone
RETURNING {_ALL}
"""
_DROP = """
UPDATE upstream_tokens SET
    (sealed, renew_at, stamp, put, gone, updated_at) = ('', NULL, stamp + 1, false, true, now())
WHERE upstream_id = $1 AND principal = $2 AND NOT gone
RETURNING true
"""
_DUE = f"""
SELECT {_ALL} FROM upstream_tokens WHERE renew_at <= $1 AND NOT gone ORDER BY renew_at LIMIT $2
"""
_TO_PUT = f"SELECT {_ALL} FROM upstream_tokens WHERE NOT put ORDER BY updated_at LIMIT $1"
_WAS_PUT = """
WITH forgotten AS (
    DELETE FROM upstream_tokens
    WHERE upstream_id = $1 AND principal = $2 AND stamp = $3 AND gone
)
UPDATE upstream_tokens SET put = true
WHERE upstream_id = $1 AND principal = $2 AND stamp = $3 AND NOT gone
"""
_ORPHANS = """
UPDATE upstream_tokens t SET
    (sealed, renew_at, stamp, put, gone, updated_at) = ('', NULL, stamp + 1, false, true, now())
WHERE NOT gone AND (
    NOT EXISTS (SELECT 1 FROM upstreams u WHERE u.id = t.upstream_id)
    OR principal <> ''
        AND NOT EXISTS (SELECT 1 FROM users p WHERE p.email = t.principal AND p.active)
)
"""
_WITHOUT = """
SELECT u.id FROM upstreams u
WHERE u.enabled AND u.auth -> 'oauth' ->> 'grant_type' IN ('client_credentials', 'password')
    AND NOT EXISTS (
        SELECT 1 FROM upstream_tokens t
        WHERE t.upstream_id = u.id AND t.principal = '' AND NOT t.gone
    )
"""
_BEGIN = "INSERT INTO upstream_consents VALUES ($1, $2, $3, $4, $5, $6)"
_EXPIRED = "DELETE FROM upstream_consents WHERE expires_at < $1"
_TAKE = "DELETE FROM upstream_consents WHERE state = $1 AND expires_at >= $2 RETURNING *"
_CLIENTS = """
SELECT * FROM upstream_clients WHERE $1::text[] IS NULL OR upstream_id = ANY ($1)
ORDER BY created_at
"""
_SAVE_CLIENT = """
INSERT INTO upstream_clients VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (upstream_id) DO UPDATE SET
    (id, issuer, client_id, redirect_uri, scopes, auth_method, sealed, created_at, expires_at) =
    (excluded.id, excluded.issuer, excluded.client_id, excluded.redirect_uri, excluded.scopes,
     excluded.auth_method, excluded.sealed, excluded.created_at, excluded.expires_at)
"""
_CONFIG = "SELECT value::text FROM registry_config WHERE name = 'passthrough_headers'"
_SET_CONFIG = """
INSERT INTO registry_config VALUES ('passthrough_headers', $1::text::jsonb)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_FOLLOWERS = "SELECT id FROM upstreams WHERE passthrough_headers = '{}' ORDER BY id"
_DROP_CONFIG = "DELETE FROM registry_config WHERE name = 'passthrough_headers'"


class _Nothing(Exception):
    """Rolls back the revision that nothing needs."""


class PostgresTokens:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def token(self, upstream_id: str, principal: str) -> TokenRow | None:
        found = await self._tokens(_TOKEN, upstream_id, principal)
        return found[0] if found and not found[0].gone else None

    async def tokens_of(self, principal: str) -> list[TokenRow]:
        return await self._tokens(_OF, principal)

    async def save_token(self, row: TokenRow) -> TokenRow:
        return (await self._tokens(_SAVE, *_given(row)))[0]

    async def replace_token(self, row: TokenRow) -> TokenRow | None:
        found = await self._tokens(_REPLACE, *_given(row), row.stamp)
        return found[0] if found else None

    async def drop_token(self, upstream_id: str, principal: str) -> bool:
        with translated():
            return bool(await self._pool.fetchval(_DROP, upstream_id, principal))

    async def due(self, now: datetime, limit: int) -> list[TokenRow]:
        return await self._tokens(_DUE, now, limit)

    async def to_put(self, limit: int) -> list[TokenRow]:
        return await self._tokens(_TO_PUT, limit)

    async def was_put(self, row: TokenRow) -> None:
        with translated():
            await self._pool.execute(_WAS_PUT, row.upstream_id, row.principal, row.stamp)

    async def put_all_again(self) -> None:
        with translated():
            await self._pool.execute("UPDATE upstream_tokens SET put = false WHERE put")

    async def drop_orphans(self) -> None:
        with translated():
            await self._pool.execute(_ORPHANS)

    async def shared_without_token(self) -> list[str]:
        with translated():
            return [row["id"] for row in await self._pool.fetch(_WITHOUT)]

    async def begin(self, consent: Consent) -> None:
        with translated():
            await self._pool.execute(_BEGIN, *msgspec.structs.astuple(consent))

    async def take(self, state: str, now: datetime) -> Consent | None:
        with translated():
            row = await self._pool.fetchrow(_TAKE, state, now)
            await self._pool.execute(_EXPIRED, now)
        return Consent(**dict(row)) if row else None

    async def clients(self, upstream_ids: Sequence[str] | None) -> list[ClientRow]:
        given = None if upstream_ids is None else list(upstream_ids)
        with translated():
            rows = [dict(row) for row in await self._pool.fetch(_CLIENTS, given)]
        return [ClientRow(**row | {"scopes": tuple(row["scopes"])}) for row in rows]

    async def save_client(self, row: ClientRow) -> None:
        with translated():
            await self._pool.execute(_SAVE_CLIENT, *msgspec.structs.astuple(row))

    async def remove_client(self, id: str) -> bool:
        sql = "DELETE FROM upstream_clients WHERE id = $1 OR client_id = $1 RETURNING true"
        with translated():
            return bool(await self._pool.fetchval(sql, id))

    async def passthrough(self) -> tuple[str, ...] | None:
        with translated():
            text = await self._pool.fetchval(_CONFIG)
        return None if text is None else tuple(msgspec.json.decode(text, type=list[str]))

    async def set_passthrough(
        self, names: Sequence[str] | None, who: Who, at: datetime
    ) -> int | None:
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                if names is None:
                    await connection.execute(_DROP_CONFIG)
                else:
                    await connection.execute(_SET_CONFIG, msgspec.json.encode(names).decode())
                return await _touch_followers(connection, who, at)

    async def _tokens(self, sql: str, *args: object) -> list[TokenRow]:
        with translated():
            return [TokenRow(**dict(row)) for row in await self._pool.fetch(sql, *args)]


async def _touch_followers(connection: Connection, who: Who, at: datetime) -> int | None:
    """In a part of the transaction: without any, it takes no revision, and the rest stays."""
    with suppress(_Nothing):
        async with connection.transaction():
            tx = await begin(connection, at)  # from here on nobody else writes
            ids = [row["id"] for row in await connection.fetch(_FOLLOWERS)]
            if not ids:
                raise _Nothing
            await tx.upstreams.save(await tx.upstreams.get(ids))
            await tx.finish(who)
            return tx.revision
    return None


def _given(row: TokenRow) -> tuple[object, ...]:
    return (
        row.upstream_id,
        row.principal,
        row.kind,
        row.sealed,
        row.expires_at,
        row.renew_at,
        row.attempts,
        row.problem,
    )
