"""Failed logins and sessions in PostgreSQL, the same for every control plane of the fleet."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

import asyncpg
import msgspec

from mcpgateway.control_plane.registry.people.account_ports import Bound, LoginSession
from mcpgateway.control_plane.store.errors import translated

_Tokens: TypeAlias = dict[str, tuple[float, float]]
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

# $1 key, $2 limit, $3 now, $4 window. A lock, or a window without one, that is over begins anew. No
# row comes back for what may not go on.
_BEGIN = """
INSERT INTO login_failures AS f (key, failures, since) VALUES ($1, 1, $3)
ON CONFLICT (key) DO UPDATE SET (failures, since, locked_until) = (
    SELECT CASE WHEN o.over THEN 1 ELSE f.failures + 1 END,
        CASE WHEN o.over THEN $3 ELSE f.since END,
        CASE WHEN o.over THEN NULL ELSE f.locked_until END
    FROM (SELECT coalesce(f.locked_until, f.since + $4::interval) <= $3::timestamptz AS over) o
)
WHERE f.failures < $2 OR coalesce(f.locked_until, f.since + $4::interval) <= $3::timestamptz
RETURNING failures
"""
_UNTIL = """
SELECT coalesce(locked_until, since + $2::interval) AS until FROM login_failures WHERE key = $1
"""
_FAILED = """
UPDATE login_failures SET locked_until = $3::timestamptz + $4::interval
WHERE key = $1 AND failures >= $2 AND locked_until IS NULL
RETURNING key
"""
_GIVE_BACK = "UPDATE login_failures SET failures = failures - 1 WHERE key = $1 AND failures > 0"
_FORGET = "DELETE FROM login_failures WHERE key = $1"

_OPEN = """
INSERT INTO login_sessions (
    id, email, started_at, expires_at, refreshed_at, tokens, address, user_agent
) SELECT id, email, started_at, expires_at, refreshed_at, tokens, address, user_agent
FROM json_populate_record(NULL::login_sessions, $1::text::json)
"""
_LIVE = """
SELECT row_to_json(s)::text FROM login_sessions s
WHERE s.email = $1 AND s.tokens ? $2 AND s.ended_at IS NULL AND s.expires_at > $3
"""
# $1 id, $2 jti, $3 issued, $4 expires, $5 now, $6 how many in a minute.
_REFRESHED = """
UPDATE login_sessions s SET refreshed_at = $5, tokens = (
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(s.tokens)
    WHERE (value->>1)::double precision > extract(epoch FROM $5::timestamptz)
) || jsonb_build_object($2::text, jsonb_build_array($3::double precision, $4::double precision))
WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $5 AND $6 > (
    SELECT count(*) FROM jsonb_each(s.tokens)
    WHERE (value->>0)::double precision > extract(epoch FROM $5::timestamptz) - 60
)
RETURNING id
"""
_END = """
UPDATE login_sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL RETURNING tokens::text
"""
_END_ALL = "UPDATE login_sessions SET ended_at = $2 WHERE email = $1 AND ended_at IS NULL"


class PostgresFailures:
    """Implements account_ports.Failures."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, key: str, bound: Bound, now: datetime) -> datetime | None:
        with translated():
            begun = await self._pool.fetchval(_BEGIN, key, bound.limit, now, bound.window)
            if begun is not None:
                return None
            until: datetime | None = await self._pool.fetchval(_UNTIL, key, bound.window)
        return until or now  # it was given free between the two statements: try again at once

    async def failed(self, key: str, bound: Bound, now: datetime) -> bool:
        with translated():
            locked = await self._pool.fetchval(_FAILED, key, bound.limit, now, bound.window)
        return locked is not None

    async def give_back(self, key: str) -> None:
        with translated():
            await self._pool.execute(_GIVE_BACK, key)

    async def forget(self, key: str) -> None:
        with translated():
            await self._pool.execute(_FORGET, key)


class PostgresSessions:
    """Implements account_ports.Sessions."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def open(self, session: LoginSession) -> None:
        with translated():
            await self._pool.execute(_OPEN, msgspec.json.encode(session).decode())

    async def of_token(self, email: str, jti: str, now: datetime) -> LoginSession | None:
        with translated():
            found = await self._pool.fetchval(_LIVE, email, jti, now)
        return None if found is None else msgspec.json.decode(found, type=LoginSession)

    async def refreshed(
        self, id: str, jti: str, times: tuple[float, float], now: datetime, limit: int
    ) -> bool:
        with translated():
            done = await self._pool.fetchval(_REFRESHED, id, jti, *times, now, limit)
        return done is not None

    async def end(self, id: str, now: datetime) -> Mapping[str, tuple[float, float]]:
        with translated():
            tokens = await self._pool.fetchval(_END, id, now)
        return {} if tokens is None else msgspec.json.decode(tokens, type=_Tokens)

    async def end_all(self, email: str, now: datetime) -> None:
        with translated():
            await self._pool.execute(_END_ALL, email, now)
