"""Reads of history. Implements registry.history.ports.History."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Protocol

import asyncpg
import msgspec

from mcpgateway.control_plane.registry.history.model import (
    GONE,
    Change,
    Entry,
    Filter,
    Revision,
    Version,
)
from mcpgateway.control_plane.registry.model import Credential, Who
from mcpgateway.control_plane.store.errors import translated

CHUNK = 2_000  # changes read at once by `chain`; a larger revision comes alone, as it was written

# `body -> 'version'` and not ->>: the latter would read every text of the body.
_EDITS = """
SELECT e.*, r.who::text AS who, r.at FROM (
    SELECT revision, op, body, (body -> 'version')::text::integer AS version,
        lag((body -> 'version')::text) OVER (ORDER BY revision) AS before
    FROM history WHERE noun = $1 AND id = $2
) e JOIN revisions r ON r.n = e.revision
WHERE (e.op <> 'update' OR e.version::text IS DISTINCT FROM e.before)
"""
_VERSIONS = f"""
SELECT v.revision, v.op, v.version, v.who, v.at FROM ({_EDITS}) v
WHERE $3::bigint IS NULL OR v.revision < $3 ORDER BY v.revision DESC LIMIT $4
"""
_VERSION = f"""
SELECT v.revision, v.op, v.version, v.who, v.at, v.body::text AS body FROM ({_EDITS}) v
WHERE v.version = $3 ORDER BY v.revision DESC LIMIT 1
"""
_NEWEST = """
SELECT DISTINCT ON (id) noun, id, revision, op, body::text AS body FROM history
WHERE noun = $1 AND id = ANY ($2) AND body IS NOT NULL ORDER BY id, revision DESC
"""
_AT = """
SELECT * FROM (
    SELECT DISTINCT ON (noun, id) noun, id, revision, op, body::text AS body FROM history
    WHERE revision <= $1 AND noun = ANY ($2) AND ($3::text[] IS NULL OR id = ANY ($3))
    ORDER BY noun, id, revision DESC
) h WHERE h.body IS NOT NULL
"""
_THEN = """
(SELECT h.body::text FROM history h
    WHERE h.noun = c.noun AND h.id = c.id AND h.revision <= {} ORDER BY h.revision DESC LIMIT 1)
"""
_CHANGES = f"""
SELECT c.noun, c.id, {_THEN.format("$1")} AS before, {_THEN.format("$2")} AS after
FROM (SELECT DISTINCT noun, id FROM history WHERE revision > $1 AND revision <= $2) c
ORDER BY c.noun COLLATE "C", c.id COLLATE "C"
"""
_SECRETS = """
SELECT * FROM (
    SELECT DISTINCT ON (id) * FROM credential_history
    WHERE revision <= $1 AND ($2::text[] IS NULL OR id = ANY ($2)) ORDER BY id, revision DESC
) c WHERE c.sealed IS NOT NULL
"""
_KEPT = "SELECT * FROM credential_history WHERE sealed IS NOT NULL"
RESEAL = "UPDATE credential_history SET sealed = $3 WHERE id = $1 AND revision = $2"

_REVISION = (
    "SELECT n, registry::text AS registry, at, who::text AS who, entries, digest, previous, hash"
    " FROM revisions r"
)
_ONE = f"{_REVISION} WHERE r.n = $1"
_AMONG = """
($1::text IS NULL OR r.who ->> 'by' = $1)
    AND ($2::text IS NULL
        OR EXISTS (SELECT 1 FROM history h WHERE h.revision = r.n AND h.noun = $2))
    AND ($3::timestamptz IS NULL OR r.at >= $3) AND ($4::timestamptz IS NULL OR r.at < $4)
"""
_REVISIONS = f"""
{_REVISION} WHERE {_AMONG} AND ($5::bigint IS NULL OR r.n < $5) ORDER BY r.n DESC LIMIT $6
"""
_CHAIN = f"{_REVISION} WHERE {_AMONG} AND r.n > $5 ORDER BY r.n LIMIT 200"
_ENTRIES = """
SELECT noun, id, revision, op, body::text AS body FROM history
WHERE revision = ANY ($1) ORDER BY revision
"""


class Fetches(Protocol):
    """A pool, or the connection of a transaction."""

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]: ...


class PostgresHistory:
    def __init__(self, source: Fetches) -> None:
        self._source = source

    async def versions(
        self, noun: str, id: str, before: int | None = None, limit: int | None = None
    ) -> list[Version]:
        return [_version(row) for row in await self._rows(_VERSIONS, noun, id, before, limit)]

    async def version(self, noun: str, id: str, version: int) -> Version | None:
        rows = await self._rows(_VERSION, noun, id, version)
        return _version(rows[0]) if rows else None

    async def newest(self, noun: str, ids: Sequence[str]) -> list[Entry]:
        return [_entry(row) for row in await self._rows(_NEWEST, noun, list(ids))]

    async def at(
        self, revision: int, nouns: Sequence[str], ids: Sequence[str] | None = None
    ) -> list[Entry]:
        wanted = None if ids is None else list(ids)
        return [_entry(row) for row in await self._rows(_AT, revision, list(nouns), wanted)]

    async def changes(self, after: int, until: int) -> list[Change]:
        rows = await self._rows(_CHANGES, after, until)
        return [
            Change(row["noun"], row["id"], _body(row["before"]), _body(row["after"]))
            for row in rows
        ]

    async def secrets(self, revision: int, ids: Sequence[str] | None = None) -> list[Credential]:
        rows = await self._rows(_SECRETS, revision, None if ids is None else list(ids))
        return [Credential(**dict(row)) for row in rows]

    async def kept_secrets(self) -> list[Credential]:
        return [Credential(**dict(row)) for row in await self._rows(_KEPT)]

    async def revisions(self, filter: Filter, before: int | None, limit: int) -> list[Revision]:
        rows = await self._rows(_REVISIONS, *_filtered(filter), before, limit)
        return [_revision(row) for row in rows]

    async def chain(self, filter: Filter, after: int) -> list[tuple[Revision, list[Entry]]]:
        rows = await self._rows(_CHAIN, *_filtered(filter), after)
        revisions = _as_many_as_fit([_revision(row) for row in rows])
        entries = await self._rows(_ENTRIES, [each.n for each in revisions])
        found = {
            n: list(map(_entry, rows)) for n, rows in groupby(entries, lambda row: row["revision"])
        }
        return [(each, found.get(each.n, [])) for each in revisions]

    async def revision(self, n: int) -> Revision | None:
        rows = await self._rows(_ONE, n)
        return _revision(rows[0]) if rows else None

    async def _rows(self, sql: str, *args: object) -> list[asyncpg.Record]:
        with translated():
            return await self._source.fetch(sql, *args)


def _filtered(filter: Filter) -> tuple[object, ...]:
    return filter.by, filter.noun, filter.since, filter.until


def _as_many_as_fit(revisions: Sequence[Revision]) -> list[Revision]:
    """The first ones, at least one."""
    found: list[Revision] = []
    entries = 0
    for revision in revisions:
        entries += revision.entries
        if found and entries > CHUNK:
            break
        found.append(revision)
    return found


def _body(text: str | None) -> msgspec.Raw:
    return GONE if text is None else msgspec.Raw(text.encode())


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(row["noun"], row["id"], row["revision"], row["op"], _body(row["body"]))


def _version(row: asyncpg.Record) -> Version:
    who = msgspec.json.decode(row["who"], type=Who)
    body = _body(row.get("body"))
    return Version(row["revision"], row["version"], row["op"], row["at"], who, body)


def _revision(row: asyncpg.Record) -> Revision:
    values = dict(row)
    return Revision(**(values | {"who": msgspec.Raw(values["who"].encode())}))
