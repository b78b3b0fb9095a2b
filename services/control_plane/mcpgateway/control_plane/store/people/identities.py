"""SQL of users, signing keys and credentials, and how they are written. Their history says that
they changed, never what the secret is."""

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Any

import asyncpg
import msgspec

from mcpgateway.control_plane.registry.model import Credential, SigningKey
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.store.rows import Context

# With what follows from memberships and grants. $1 emails, or null for all.
ALL_USERS = """
SELECT row_to_json(v)::text FROM (
    SELECT u.*,
        (SELECT coalesce(json_agg(m.team_id ORDER BY m.team_id), '[]')
            FROM team_members m JOIN teams t ON t.id = m.team_id
            WHERE m.email = u.email AND t.active) AS teams,
        (SELECT coalesce(json_agg(json_build_array(
                g.role_id, g.scope, g.scope_id, extract(epoch FROM g.expires_at)
            ) ORDER BY g.id), '[]')
            FROM role_grants g WHERE g.email = u.email) AS grants
    FROM users u WHERE $1::text[] IS NULL OR u.email = ANY ($1)
) v
"""
_DERIVED = frozenset({"teams", "grants"})
_COLUMNS = [name for name in User.__struct_fields__ if name not in _DERIVED | {"email"}]
SAVE_USER = f"""
INSERT INTO users (email, {", ".join(_COLUMNS)})
SELECT email, {", ".join(_COLUMNS)} FROM json_populate_record(NULL::users, $1::text::json)
ON CONFLICT (email) DO UPDATE SET ({", ".join(_COLUMNS)}) = (
    {", ".join(f"excluded.{name}" for name in _COLUMNS)}
) RETURNING (xmax = 0)
"""
TOUCH_USERS = "UPDATE users SET revision = $2 WHERE email = ANY ($1)"
REMOVE_USERS = "DELETE FROM users WHERE email = ANY ($1) RETURNING email AS id"
_OWNED = """
SELECT 'gateways' AS noun, id, name FROM upstreams WHERE owner_email = $1
UNION ALL SELECT 'servers', id, name FROM servers WHERE owner_email = $1
UNION ALL SELECT 'a2a', id, name FROM agents WHERE owner_email = $1
UNION ALL SELECT 'roots', id, uri FROM roots WHERE owner_email = $1
UNION ALL SELECT 'teams', t.id, t.name FROM teams t
    JOIN team_members m ON m.team_id = t.id AND m.email = $1 AND m.role = 'owner'
    WHERE NOT EXISTS (
        SELECT 1 FROM team_members o
        WHERE o.team_id = t.id AND o.email <> $1 AND o.role = 'owner'
    ) AND (NOT t.personal OR EXISTS (
        SELECT 1 FROM team_members o WHERE o.team_id = t.id AND o.email <> $1
    ))
UNION ALL SELECT 'tools', id, name FROM tools WHERE owner_email = $1
UNION ALL SELECT 'prompts', id, name FROM prompts WHERE owner_email = $1
UNION ALL SELECT 'resources', id, uri FROM resources WHERE owner_email = $1
"""
_OTHER_ADMINISTRATORS = "SELECT count(*) FROM users WHERE admin AND active AND email <> $1"
NOTE_LOGIN = """
INSERT INTO user_logins (email, last_login) VALUES ($1, $2)
ON CONFLICT (email) DO UPDATE SET last_login = excluded.last_login
"""
LAST_LOGIN = "SELECT last_login FROM user_logins WHERE email = $1"

GET_SIGNING_KEYS = (
    "SELECT * FROM signing_keys WHERE $1::text[] IS NULL OR id = ANY ($1) ORDER BY id"
)
SAVE_SIGNING_KEY = """
INSERT INTO signing_keys (
    id, revision, algorithm, material, sealed, issuer, audience, require_jti, require_exp,
    environment, subject, subject_claims, kid
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO UPDATE SET (
    revision, algorithm, material, sealed, issuer, audience, require_jti, require_exp,
    environment, subject, subject_claims, kid
) = (
    excluded.revision, excluded.algorithm, excluded.material, excluded.sealed, excluded.issuer,
    excluded.audience, excluded.require_jti, excluded.require_exp, excluded.environment,
    excluded.subject, excluded.subject_claims, excluded.kid
) RETURNING (xmax = 0)
"""
REMOVE_SIGNING_KEYS = "DELETE FROM signing_keys WHERE id = ANY ($1) RETURNING id"

GET_CREDENTIALS = "SELECT * FROM credentials WHERE id = ANY ($1)"
CREDENTIALS_OF = """
SELECT * FROM credentials WHERE $1::text[] IS NULL OR upstream_id = ANY ($1)
"""
# What a credential was is kept beside history, whose bodies hold no secret.
SAVE_CREDENTIAL = """
WITH kept AS (
    INSERT INTO credential_history (id, revision, upstream_id, tool_id, agent_id, sealed)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (id, revision) DO UPDATE SET (upstream_id, tool_id, agent_id, sealed) = (
        excluded.upstream_id, excluded.tool_id, excluded.agent_id, excluded.sealed
    )
)
INSERT INTO credentials (id, revision, upstream_id, tool_id, agent_id, sealed)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO UPDATE SET (revision, sealed) = (excluded.revision, excluded.sealed)
RETURNING (xmax = 0)
"""
REMOVE_CREDENTIALS = """
WITH gone AS (
    DELETE FROM credentials WHERE id = ANY ($1) RETURNING id
), kept AS (
    INSERT INTO credential_history (id, revision) SELECT id, $2 FROM gone
    ON CONFLICT (id, revision) DO UPDATE SET sealed = NULL
)
SELECT id FROM gone
"""

# What data planes get: $1 ids, or null for all. Secrets of OAuth clients stay here; what processes
# are to know goes to runners alone.
OFFERED_CREDENTIALS = """
SELECT c.* FROM credentials c LEFT JOIN upstreams u ON u.id = c.upstream_id
    LEFT JOIN tools t ON t.id = c.tool_id
WHERE ($1::text[] IS NULL OR c.id = ANY ($1)) AND (u.enabled OR t.enabled)
    AND c.id NOT LIKE '%:oauth' AND c.id NOT LIKE '%:env'
"""


def user(row: asyncpg.Record) -> User:
    return msgspec.json.decode(row[0], type=User)


def signing_key(row: asyncpg.Record) -> SigningKey:
    fields = dict(row)
    return SigningKey(**fields | {"subject_claims": tuple(fields["subject_claims"])})


def credential(row: asyncpg.Record) -> Credential:
    return Credential(**dict(row))


class _Rows:
    def __init__(self, context: Context, noun: str) -> None:
        self._context = context
        self._connection = context.connection
        self._noun = noun

    def _saved(self, id: str, created: bool, shown: dict[str, Any]) -> None:
        body = msgspec.Raw(msgspec.json.encode(shown))
        self._context.changes.add(self._noun, id, "create" if created else "update", body)

    async def _remove(self, sql: str, ids: Sequence[str], *more: object) -> None:
        for row in await self._connection.fetch(sql, list(ids), *more):
            self._context.changes.add(self._noun, row["id"], "delete")


class UserRows(_Rows):
    def __init__(self, context: Context) -> None:
        super().__init__(context, "principal")

    async def get(self, ids: Sequence[str]) -> list[User]:
        return [user(row) for row in await self._connection.fetch(ALL_USERS, list(ids))]

    async def save(self, rows: Sequence[User]) -> None:
        for row in rows:
            stamped = msgspec.structs.replace(row, revision=self._context.revision)
            text = msgspec.json.encode(stamped).decode()
            created = await self._connection.fetchval(SAVE_USER, text)
            self._saved(row.email, created, _shown(stamped))

    async def touch(self, emails: Collection[str]) -> None:
        """Data planes know something else of them now: a new revision, not a new version."""
        if not emails:
            return
        await self._connection.execute(TOUCH_USERS, list(emails), self._context.revision)
        for row in await self.get(list(emails)):
            self._saved(row.email, False, _shown(row))

    async def remove(self, ids: Sequence[str]) -> None:
        await self._remove(REMOVE_USERS, ids)

    async def owned(self, email: str) -> list[tuple[str, str, str]]:
        rows = await self._connection.fetch(_OWNED, email)
        return [(row["noun"], row["id"], row["name"]) for row in rows]

    async def other_administrators(self, email: str) -> int:
        return int(await self._connection.fetchval(_OTHER_ADMINISTRATORS, email))


def _shown(row: User) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(row)
    del shown["password_hash"]
    return shown


class SigningKeyRows(_Rows):
    def __init__(self, context: Context) -> None:
        super().__init__(context, "signing_key")

    async def get(self, ids: Sequence[str]) -> list[SigningKey]:
        rows = await self._connection.fetch(GET_SIGNING_KEYS, list(ids))
        return [signing_key(row) for row in rows]

    async def save(self, rows: Sequence[SigningKey]) -> None:
        for row in rows:
            stamped = msgspec.structs.replace(row, revision=self._context.revision)
            shown = msgspec.structs.asdict(stamped)
            created = await self._connection.fetchval(SAVE_SIGNING_KEY, *shown.values())
            del shown["material"]
            self._saved(row.id, created, shown)

    async def remove(self, ids: Sequence[str]) -> None:
        await self._remove(REMOVE_SIGNING_KEYS, ids)


class CredentialRows(_Rows):
    def __init__(self, context: Context) -> None:
        super().__init__(context, "credential")

    async def get(self, ids: Sequence[str]) -> list[Credential]:
        rows = await self._connection.fetch(GET_CREDENTIALS, list(ids))
        return [credential(row) for row in rows]

    async def save(self, rows: Sequence[Credential]) -> None:
        for row in rows:
            revision = self._context.revision
            args = (row.id, revision, row.upstream_id, row.tool_id, row.agent_id, row.sealed)
            created = await self._connection.fetchval(SAVE_CREDENTIAL, *args)
            shown = {"id": row.id, "revision": revision, "seal": sha256(row.sealed).hexdigest()}
            self._saved(row.id, created, shown)

    async def remove(self, ids: Sequence[str]) -> None:
        await self._remove(REMOVE_CREDENTIALS, ids, self._context.revision)
