"""What is sealed in rows without a revision. Implements `registry.resealing.SealedRows`."""

from collections.abc import Mapping, Sequence

import asyncpg

from mcpgateway.control_plane.registry.resealing import RowKind, SealedRow
from mcpgateway.control_plane.store.errors import translated

# Table, the SQL of what its seals are bound to, and the sealed column.
_TABLES: Mapping[RowKind, tuple[str, str, str]] = {
    "sso_provider": ("sso_providers", "t.id", "secret"),
    "upstream client": ("upstream_clients", "t.id", "sealed"),
    "upstream consent": ("upstream_consents", "t.state", "sealed"),
    "upstream token": ("upstream_tokens", "t.upstream_id || E'\\n' || t.principal", "sealed"),
}
SEALED_COLUMNS = frozenset(f"{table}.{column}" for table, _, column in _TABLES.values())
_READ = {
    kind: f"""
SELECT {id} AS id, t.{column} AS sealed FROM {table} t
WHERE {id} > $1 AND t.{column} <> '' ORDER BY {id} LIMIT $2
"""
    for kind, (table, id, column) in _TABLES.items()
}
_WRITE = {
    kind: f"""
UPDATE {table} t SET {column} = n.now
FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS n (id, before, now)
WHERE {id} = n.id AND t.{column} = n.before
"""
    for kind, (table, id, column) in _TABLES.items()
}


class PostgresSealedRows:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def sealed(self, kind: RowKind, after: str, limit: int) -> list[SealedRow]:
        with translated():
            rows = await self._pool.fetch(_READ[kind], after, limit)
        return [SealedRow(row["id"], row["sealed"]) for row in rows]

    async def seal_anew(
        self, kind: RowKind, rows: Sequence[SealedRow], sealed: Sequence[bytes]
    ) -> None:
        ids, before = [row.id for row in rows], [row.sealed for row in rows]
        with translated():
            await self._pool.execute(_WRITE[kind], ids, before, list(sealed))
