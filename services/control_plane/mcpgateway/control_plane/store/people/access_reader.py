"""Reads of roles, who has them, rules, and what else decisions are made by."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from asyncpg import Record

from mcpgateway.control_plane.registry.people.model import AccessRule, Role, RoleGrant, User
from mcpgateway.control_plane.registry.people.ports import Looked, Thing
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.history import Fetches
from mcpgateway.control_plane.store.people.identities import ALL_USERS

ROLES = "SELECT row_to_json(r)::text FROM roles r ORDER BY r.name"
GRANTS = """
SELECT row_to_json(g)::text FROM role_grants g
WHERE ($1 = '' OR g.email = $1) AND ($2 = '' OR g.role_id = $2) ORDER BY g.email, g.id
"""
RULES = "SELECT row_to_json(r)::text FROM access_rules r ORDER BY r.name"

_PRESENTED = f"""
SELECT EXISTS (SELECT 1 FROM revocations WHERE id = $2) AS revoked, ({ALL_USERS}) AS person
"""
# A row that goes lowers a count, any other change raises a revision.
_MARK = """
SELECT coalesce(max(revision), 0), count(*),
    (SELECT coalesce(max(revision), 0) FROM access_rules), (SELECT count(*) FROM access_rules)
FROM roles
"""

# By the kinds of decisions: the table, and its column for the name.
_TABLES = {
    "tool": ("tools", "name"),
    "prompt": ("prompts", "name"),
    "resource": ("resources", "uri"),
    "server": ("servers", "name"),
    "upstream": ("upstreams", "name"),
    "agent": ("agents", "name"),
    "root": ("roots", "uri"),
}
_THING = """
SELECT {name} AS name, t.id, t.visibility, t.team_id, t.owner_email, t.tags,
    {upstream} AS upstream_id, {open} AS anonymous_access
FROM {table} t WHERE {where}
"""
_ROWS = "(SELECT coalesce(json_agg(row_to_json(v)), '[]')::text FROM ({}) v)"
_NOTHING = "SELECT 1 AS id WHERE false AND $2 || $3 IS NULL"


def _things(kind: str, where: str) -> str:
    table, name = _TABLES[kind]
    return _THING.format(
        table=table,
        name=f"t.{name}",
        upstream="t.upstream_id" if kind in ("tool", "prompt", "resource") else "NULL",
        open="t.anonymous_access" if kind == "server" else "false",
        where=where,
    )


def _looked(kind: str) -> str:
    """$1 emails, $2 an id or "", $3 a name. One statement, so of one moment."""
    name = f"t.{_TABLES[kind][1]}" if kind else ""
    where = f"CASE WHEN $2 <> '' THEN t.id = $2 ELSE {name} = $3 END ORDER BY t.id LIMIT 10"
    return f"""
SELECT ({ALL_USERS}) AS person,
    {_ROWS.format("SELECT * FROM roles ORDER BY name")} AS roles,
    {_ROWS.format("SELECT * FROM access_rules ORDER BY name")} AS rules,
    {_ROWS.format(_things(kind, where) if kind else _NOTHING)} AS things
"""


_LOOKED = {kind: _looked(kind) for kind in ("", *_TABLES)}
_BY_ID = {
    kind: f"SELECT row_to_json(v)::text FROM ({_things(kind, 't.id = ANY ($1)')}) v"
    for kind in _TABLES
}

K = TypeVar("K", bound=msgspec.Struct)


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

    async def presented(self, jti: str, email: str) -> tuple[bool, User | None]:
        with translated():
            [row] = await self._source.fetch(_PRESENTED, [email], jti)
        person = row["person"]
        return row["revoked"], None if person is None else msgspec.json.decode(person, type=User)

    async def policy_mark(self) -> tuple[int, ...]:
        with translated():
            [row] = await self._source.fetch(_MARK)
        return tuple(row)

    async def look(self, email: str, kind: str, id: str, name: str) -> Looked:
        with translated():
            [row] = await self._source.fetch(_LOOKED[kind], [email], id, name)
        person = row["person"]
        return Looked(
            None if person is None else msgspec.json.decode(person, type=User),
            msgspec.json.decode(row["roles"], type=list[Role]),
            msgspec.json.decode(row["rules"], type=list[AccessRule]),
            msgspec.json.decode(row["things"], type=list[Thing]),
        )

    async def users(self, emails: Sequence[str]) -> list[User]:
        return await self._read(User, ALL_USERS, list(emails))

    async def things(self, kind: str, ids: Sequence[str]) -> list[Thing]:
        return await self._read(Thing, _BY_ID[kind], list(ids))

    async def _read(self, type: type[K], sql: str, *args: object) -> list[K]:
        with translated():
            rows: list[Record] = await self._source.fetch(sql, *args)
        return [msgspec.json.decode(row[0], type=type) for row in rows]
