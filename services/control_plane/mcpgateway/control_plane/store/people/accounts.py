"""Users as administrators list them, old passwords, resets and events of logins in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from mcpgateway.control_plane.registry.people.account_ports import Account, Accounts, AuthEvent
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.people.identities import user
from mcpgateway.control_plane.store.people.logins import Pool, PostgresFailures, PostgresSessions

# $1 a pattern, $2 how many, $3 after how many, $4 now, $5 one email or null.
_PEOPLE = """
SELECT row_to_json(v)::text, l.last_login,
    CASE WHEN f.locked_until <= $4 THEN 0 ELSE coalesce(f.failures, 0) END AS failures,
    CASE WHEN f.locked_until > $4 THEN f.locked_until END AS locked_until
FROM (
    SELECT u.*,
        (SELECT coalesce(json_agg(m.team_id ORDER BY m.team_id), '[]')
            FROM team_members m JOIN teams t ON t.id = m.team_id
            WHERE m.email = u.email AND t.active) AS teams
    FROM users u
    WHERE CASE WHEN $5::text IS NULL
        THEN u.email ILIKE $1 OR u.full_name ILIKE $1 ELSE u.email = $5 END
    ORDER BY u.email LIMIT $2 OFFSET $3
) v
LEFT JOIN user_logins l ON l.email = v.email
LEFT JOIN login_failures f ON f.key = 'account:' || v.email
ORDER BY v.email
"""
_HOW_MANY = "SELECT count(*) FROM users u WHERE u.email ILIKE $1 OR u.full_name ILIKE $1"

_LAST = """
SELECT password_hash FROM password_history WHERE email = $1 ORDER BY replaced_at DESC LIMIT $2
"""
_KEEP = """
INSERT INTO password_history (email, replaced_at, password_hash) VALUES ($1, $3, $2)
ON CONFLICT (email, replaced_at) DO NOTHING
"""
_KEEP_ONLY = """
DELETE FROM password_history WHERE email = $1 AND replaced_at NOT IN (
    SELECT replaced_at FROM password_history WHERE email = $1 ORDER BY replaced_at DESC LIMIT $2
)
"""

_ADD_RESET = """
WITH others AS (DELETE FROM password_resets WHERE email = $2)
INSERT INTO password_resets (sha256, email, requested_at, expires_at) VALUES ($1, $2, $3, $4)
"""
_FIND_RESET = "SELECT email, expires_at FROM password_resets WHERE sha256 = $1 AND expires_at > $2"
_TAKE_RESET = "DELETE FROM password_resets WHERE sha256 = $1 AND expires_at > $2 RETURNING email"

_NOTE = """
INSERT INTO auth_events (at, email, event_type, success, address, user_agent, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_EVENTS = """
SELECT row_to_json(e)::text FROM auth_events e
WHERE ($1::text IS NULL OR e.email = $1) AND ($2::text IS NULL OR e.event_type = $2)
ORDER BY e.id DESC LIMIT $3 OFFSET $4
"""

_PRUNE_EVENTS = "DELETE FROM auth_events WHERE at < $1"
_PRUNE = (
    "DELETE FROM login_sessions WHERE expires_at < $1",
    "DELETE FROM password_resets WHERE expires_at < $1",
    """
DELETE FROM login_failures
WHERE since < $1::timestamptz - interval '2 days' AND coalesce(locked_until < $1, true)
""",  # no window is longer
)
_EXPIRED = "SELECT id FROM revocations WHERE expires_at < $1 ORDER BY id LIMIT 10000"


class PostgresOldPasswords:
    """Implements account_ports.OldPasswords."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def last(self, email: str, count: int) -> list[str]:
        with translated():
            return [row[0] for row in await self._pool.fetch(_LAST, email, count)]

    async def keep(self, email: str, hash: str, at: datetime, count: int) -> None:
        with translated():
            await self._pool.execute(_KEEP, email, hash, at)
            await self._pool.execute(_KEEP_ONLY, email, count)


class PostgresResets:
    """Implements account_ports.Resets."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, sha256: str, email: str, now: datetime, expires: datetime) -> None:
        with translated():
            await self._pool.execute(_ADD_RESET, sha256, email, now, expires)

    async def find(self, sha256: str, now: datetime) -> tuple[str, datetime] | None:
        with translated():
            row = await self._pool.fetchrow(_FIND_RESET, sha256, now)
        return None if row is None else (row["email"], row["expires_at"])

    async def take(self, sha256: str, now: datetime) -> str | None:
        with translated():
            email: str | None = await self._pool.fetchval(_TAKE_RESET, sha256, now)
        return email


class PostgresEvents:
    """Implements account_ports.Events."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, event: AuthEvent) -> None:
        _, *values = msgspec.structs.astuple(event)
        with translated():
            await self._pool.execute(_NOTE, *values)

    async def list(
        self, email: str | None, event_type: str | None, limit: int, offset: int
    ) -> Sequence[AuthEvent]:
        with translated():
            rows = await self._pool.fetch(_EVENTS, email, event_type, limit, offset)
        return [msgspec.json.decode(row[0], type=AuthEvent) for row in rows]


class PostgresPeople:
    """Implements account_ports.People."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list(
        self, search: str, limit: int, offset: int, now: datetime
    ) -> tuple[list[Account], int]:
        pattern = f"%{_plain(search)}%"
        with translated():
            rows = await self._pool.fetch(_PEOPLE, pattern, limit, offset, now, None)
            total = await self._pool.fetchval(_HOW_MANY, pattern)
        return [_account(row) for row in rows], int(total)

    async def one(self, email: str, now: datetime) -> Account | None:
        with translated():
            row = await self._pool.fetchrow(_PEOPLE, "", 1, 0, now, email)
        return None if row is None else _account(row)


class PostgresHousekeeping:
    """Implements account_ports.Housekeeping."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def prune(self, now: datetime, events_before: datetime) -> None:
        with translated():
            await self._pool.execute(_PRUNE_EVENTS, events_before)
            for sql in _PRUNE:
                await self._pool.execute(sql, now)

    async def expired_revocations(self, now: datetime) -> list[str]:
        with translated():
            return [row["id"] for row in await self._pool.fetch(_EXPIRED, now)]


def postgres_accounts(pool: Pool) -> Accounts:
    return Accounts(
        PostgresFailures(pool),
        PostgresSessions(pool),
        PostgresOldPasswords(pool),
        PostgresResets(pool),
        PostgresEvents(pool),
        PostgresPeople(pool),
        PostgresHousekeeping(pool),
    )


def _plain(search: str) -> str:
    """Without the wildcards of LIKE."""
    return search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _account(row: asyncpg.Record) -> Account:
    return Account(user(row), row["last_login"], row["failures"], row["locked_until"])
