"""What the authorization server keeps, in PostgreSQL.

A family of tokens is locked before anything of it, so that what ends it sees all that was issued.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import asyncpg
import msgspec
from typing_extensions import override

from mcpgateway.control_plane.registry.people.oauth_server import (
    Access,
    Client,
    ClientMetadata,
    Consent,
    Device,
    Grant,
    Handle,
    HandleKind,
    OAuthStore,
    Remembered,
)
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.rows import Connection

UNUSED = timedelta(days=1)  # that a client which nobody has let in is kept
_ACQUIRE = 10.0  # seconds

S = TypeVar("S", bound=msgspec.Struct)

_CLIENT = "SELECT secret_sha256, metadata::text, registered_at FROM oauth_clients WHERE id = $1"
_ADD_CLIENT = """
INSERT INTO oauth_clients (id, secret_sha256, metadata, registered_at)
VALUES ($1, $2, $3::text::jsonb, $4)
"""
_USED = "UPDATE oauth_clients SET used_at = $2 WHERE id = $1"
# What counts for the gateway as a whole ('') counts for each of its endpoints.
_CONSENTED = """
SELECT ARRAY(
    SELECT DISTINCT unnest(scopes) FROM oauth_consents
    WHERE email = $1 AND client_id = $2 AND redirect_uri = $3 AND resource IN ($4, '')
)
"""
_REMEMBER = """
INSERT INTO oauth_consents (email, client_id, redirect_uri, resource, scopes, given_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (email, client_id, redirect_uri, resource) DO UPDATE
SET given_at = excluded.given_at, scopes = ARRAY(
    SELECT DISTINCT unnest(oauth_consents.scopes || excluded.scopes) ORDER BY 1
)
"""
_CONSENTS = """
WITH held AS (
    SELECT client_id, scopes, resource, created_at AS since, expires_at, false AS remembered
    FROM oauth_grants WHERE email = $1 AND expires_at > $2
    UNION ALL
    SELECT client_id, scopes, resource, given_at, NULL, true FROM oauth_consents WHERE email = $1
), merged AS (
    SELECT client_id,
        array_remove(array_agg(DISTINCT scope), NULL) AS scopes,
        array_remove(array_agg(DISTINCT resource), NULL) AS resources,
        min(since) AS since,
        max(expires_at) AS expires_at,
        bool_or(remembered) AS remembered
    FROM held LEFT JOIN LATERAL unnest(scopes) AS scope ON true
    GROUP BY client_id
)
SELECT count(*) OVER () AS total, json_build_object(
    'email', $1::text,
    'client_id', m.client_id,
    'client_name', coalesce(c.metadata ->> 'client_name', ''),
    'scopes', m.scopes,
    'resources', m.resources,
    'since', m.since,
    'expires_at', m.expires_at,
    'remembered', m.remembered
)::text AS consent
FROM merged m LEFT JOIN oauth_clients c ON c.id = m.client_id
ORDER BY m.since DESC, m.client_id LIMIT $3 OFFSET $4
"""
_CLIENTS_OF = """
SELECT client_id FROM oauth_grants WHERE email = $1
UNION SELECT client_id FROM oauth_consents WHERE email = $1
"""
_LOCK_ALL = "SELECT id FROM oauth_grants WHERE email = $1 AND client_id = $2 ORDER BY id FOR UPDATE"
_LIVE_OF_ALL = """
SELECT jti, expires_at FROM oauth_access_tokens
WHERE grant_id = ANY($1::text[]) AND expires_at > $2
"""
_END_ALL = "DELETE FROM oauth_grants WHERE id = ANY($1::text[])"
_FORGET = "DELETE FROM oauth_consents WHERE email = $1 AND client_id = $2"
_ADD_GRANT = """
INSERT INTO oauth_grants (id, client_id, email, scopes, resource, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_ADD_HANDLE = """
INSERT INTO oauth_handles (sha256, kind, grant_id, redirect_uri, challenge, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_HANDLE = """
SELECT row_to_json(h)::text AS handle, row_to_json(g)::text AS family
FROM oauth_handles h JOIN oauth_grants g ON g.id = h.grant_id
WHERE h.sha256 = $1 AND h.kind = $2
"""
_LOCK = "SELECT 1 FROM oauth_grants WHERE id = $1 FOR UPDATE"
_SPEND = "UPDATE oauth_handles SET spent_at = $2 WHERE sha256 = $1 AND spent_at IS NULL RETURNING 1"
_ADD_ACCESS = "INSERT INTO oauth_access_tokens (jti, grant_id, expires_at) VALUES ($1, $2, $3)"
_PROLONG = "UPDATE oauth_grants SET expires_at = greatest(expires_at, $2) WHERE id = $1"
_LIVE = """
SELECT jti, expires_at FROM oauth_access_tokens WHERE grant_id = $1 AND expires_at > $2
"""
_END = "DELETE FROM oauth_grants WHERE id = $1"
_GRANT = "SELECT row_to_json(g)::text FROM oauth_grants g WHERE g.id = $1"
_GRANT_OF = """
SELECT row_to_json(g)::text
FROM oauth_grants g JOIN oauth_access_tokens t ON t.grant_id = g.id WHERE t.jti = $1
"""
_ADD_DEVICE = """
INSERT INTO oauth_devices (sha256, user_code, client_id, scopes, resource, expires_at, interval)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_DEVICE = "SELECT row_to_json(d)::text FROM oauth_devices d WHERE d.sha256 = $1"
_WAITING = """
SELECT row_to_json(d)::text FROM oauth_devices d
WHERE d.user_code = $1 AND d.grant_id IS NULL AND NOT d.denied AND d.expires_at > $2
"""
_POLL = "UPDATE oauth_devices SET polled_at = $2, interval = $3 WHERE sha256 = $1"
_ALLOW = """
UPDATE oauth_devices SET grant_id = $2
WHERE sha256 = $1 AND grant_id IS NULL AND NOT denied RETURNING 1
"""
_DENY = """
UPDATE oauth_devices SET denied = true
WHERE sha256 = $1 AND grant_id IS NULL AND NOT denied RETURNING 1
"""
_TAKE = "DELETE FROM oauth_devices WHERE sha256 = $1 AND grant_id IS NOT NULL RETURNING 1"
_FIRST = """
INSERT INTO oauth_assertions (sha256, expires_at) VALUES ($1, $2)
ON CONFLICT (sha256) DO NOTHING RETURNING 1
"""
_SWEEP = (
    "DELETE FROM oauth_grants WHERE expires_at < $1",
    "DELETE FROM oauth_devices WHERE expires_at < $1",
    "DELETE FROM oauth_access_tokens WHERE expires_at < $1",
    "DELETE FROM oauth_assertions WHERE expires_at < $1",
)
_SWEEP_CLIENTS = "DELETE FROM oauth_clients WHERE used_at IS NULL AND registered_at < $1"


class PostgresOAuth(OAuthStore):
    """Implements registry.oauth_server.OAuthStore."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        with translated():
            async with (
                self._pool.acquire(timeout=_ACQUIRE) as connection,
                connection.transaction(),
            ):
                yield connection

    async def _value(self, statement: str, *values: Any) -> Any:
        with translated():
            return await self._pool.fetchval(statement, *values)

    async def _one(self, type: type[S], statement: str, *values: Any) -> S | None:
        text = await self._value(statement, *values)
        return None if text is None else msgspec.json.decode(text, type=type)

    @override
    async def client(self, id: str) -> Client | None:
        with translated():
            row = await self._pool.fetchrow(_CLIENT, id)
        if row is None:
            return None
        return Client(
            id=id,
            metadata=msgspec.json.decode(row["metadata"], type=ClientMetadata),
            secret_sha256=row["secret_sha256"],
            registered_at=row["registered_at"],
        )

    @override
    async def add_client(self, client: Client) -> None:
        metadata = msgspec.json.encode(client.metadata).decode()
        await self._value(
            _ADD_CLIENT, client.id, client.secret_sha256, metadata, client.registered_at
        )

    @override
    async def consented(self, email: str, subject: Remembered) -> tuple[str, ...]:
        return tuple(await self._value(_CONSENTED, email, *subject))

    @override
    async def remember(
        self, email: str, subject: Remembered, scopes: Sequence[str], at: datetime
    ) -> None:
        await self._value(_REMEMBER, email, *subject, list(scopes), at)

    @override
    async def consents(
        self, email: str, at: datetime, limit: int, offset: int
    ) -> tuple[list[Consent], int]:
        with translated():
            rows = await self._pool.fetch(_CONSENTS, email, at, limit, offset)
        found = [msgspec.json.decode(row["consent"], type=Consent) for row in rows]
        return found, rows[0]["total"] if rows else 0

    @override
    async def clients_of(self, email: str) -> list[str]:
        with translated():
            return [row["client_id"] for row in await self._pool.fetch(_CLIENTS_OF, email)]

    @override
    async def withdraw(self, email: str, client_id: str, at: datetime) -> list[Access]:
        async with self._transaction() as connection:
            await connection.execute(_FORGET, email, client_id)
            grants = [row["id"] for row in await connection.fetch(_LOCK_ALL, email, client_id)]
            live = await connection.fetch(_LIVE_OF_ALL, grants, at)
            await connection.execute(_END_ALL, grants)
        return [Access(row["jti"], row["expires_at"]) for row in live]

    @override
    async def start(self, grant: Grant, code: Handle) -> None:
        async with self._transaction() as connection:
            await _add_grant(connection, grant, code.expires_at)
            await _add_handle(connection, code)
            await connection.execute(_USED, grant.client_id, grant.created_at)

    @override
    async def handle(self, sha256: str, kind: HandleKind) -> tuple[Handle, Grant] | None:
        with translated():
            row = await self._pool.fetchrow(_HANDLE, sha256, kind)
        if row is None:
            return None
        handle = msgspec.json.decode(row["handle"], type=Handle)
        return handle, msgspec.json.decode(row["family"], type=Grant)

    @override
    async def redeem(
        self, handle: Handle, access: Access, refresh: Handle | None, at: datetime
    ) -> bool:
        async with self._transaction() as connection:
            await connection.execute(_LOCK, handle.grant_id)
            if await connection.fetchval(_SPEND, handle.sha256, at) is None:
                return False
            await _issued(connection, handle.grant_id, access, refresh)
            return True

    @override
    async def end(self, grant_id: str, at: datetime) -> list[Access]:
        async with self._transaction() as connection:
            await connection.execute(_LOCK, grant_id)
            live = await connection.fetch(_LIVE, grant_id, at)
            await connection.execute(_END, grant_id)
        return [Access(row["jti"], row["expires_at"]) for row in live]

    @override
    async def grant_of(self, jti: str) -> Grant | None:
        return await self._one(Grant, _GRANT_OF, jti)

    @override
    async def grant(self, id: str) -> Grant | None:
        return await self._one(Grant, _GRANT, id)

    @override
    async def add_device(self, device: Device) -> None:
        await self._value(
            _ADD_DEVICE,
            device.sha256,
            device.user_code,
            device.client_id,
            list(device.scopes),
            device.resource,
            device.expires_at,
            device.interval,
        )

    @override
    async def device(self, sha256: str) -> Device | None:
        return await self._one(Device, _DEVICE, sha256)

    @override
    async def waiting_device(self, user_code: str, at: datetime) -> Device | None:
        return await self._one(Device, _WAITING, user_code, at)

    @override
    async def poll(self, sha256: str, at: datetime, interval: int) -> None:
        await self._value(_POLL, sha256, at, interval)

    @override
    async def allow_device(self, sha256: str, grant: Grant) -> bool:
        async with self._transaction() as connection:
            device = await connection.fetchval(_DEVICE, sha256)
            if device is None:
                return False
            expires = msgspec.json.decode(device, type=Device).expires_at
            await _add_grant(connection, grant, expires)
            if await connection.fetchval(_ALLOW, sha256, grant.id) is not None:
                return True
            await connection.execute(_END, grant.id)
            return False

    @override
    async def deny_device(self, sha256: str) -> bool:
        return await self._value(_DENY, sha256) is not None

    @override
    async def redeem_device(
        self, device: Device, access: Access, refresh: Handle | None
    ) -> Grant | None:
        async with self._transaction() as connection:
            await connection.execute(_LOCK, device.grant_id)
            if await connection.fetchval(_TAKE, device.sha256) is None:
                return None
            await _issued(connection, str(device.grant_id), access, refresh)
            text = await connection.fetchval(_GRANT, device.grant_id)
        return msgspec.json.decode(text, type=Grant)

    @override
    async def first_use(self, sha256: str, expires_at: datetime) -> bool:
        return await self._value(_FIRST, sha256, expires_at) is not None

    @override
    async def sweep(self, now: datetime) -> None:
        with translated():
            for statement in _SWEEP:
                await self._pool.execute(statement, now)
            await self._pool.execute(_SWEEP_CLIENTS, now - UNUSED)


async def _add_grant(connection: Connection, grant: Grant, expires: datetime) -> None:
    await connection.execute(
        _ADD_GRANT,
        grant.id,
        grant.client_id,
        grant.email,
        list(grant.scopes),
        grant.resource,
        grant.created_at,
        expires,
    )


async def _add_handle(connection: Connection, handle: Handle) -> None:
    await connection.execute(
        _ADD_HANDLE,
        handle.sha256,
        handle.kind,
        handle.grant_id,
        handle.redirect_uri,
        handle.challenge,
        handle.expires_at,
    )


async def _issued(
    connection: Connection, grant_id: str, access: Access, refresh: Handle | None
) -> None:
    last = access.expires_at if refresh is None else max(access.expires_at, refresh.expires_at)
    await connection.execute(_PROLONG, grant_id, last)
    await connection.execute(_ADD_ACCESS, access.jti, grant_id, access.expires_at)
    if refresh is not None:
        await _add_handle(connection, refresh)
