"""The log of decisions in PostgreSQL. Implements ports of `registry.decisions`."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.registry.access.decisions import (
    LIMITS,
    MAX_BATCH,
    Asked,
    Decided,
    Logged,
)
from mcpgateway.control_plane.store.errors import translated

_CLEANED = 10_000  # rows removed by one statement, so that none runs for long

_COLUMNS = ", ".join(Decided.__struct_fields__)
_ADD = f"""
INSERT INTO decisions ({_COLUMNS})
SELECT {_COLUMNS} FROM json_populate_recordset(NULL::decisions, $1::text::json)
"""
_FIND = f"""
SELECT row_id, row_to_json(v)::text FROM (
    SELECT {_COLUMNS}, row_id FROM decisions
    WHERE ($1::text IS NULL OR principal = $1) AND ($2::text IS NULL OR action = $2)
        AND ($3::text IS NULL OR kind = $3) AND ($4::text IS NULL OR id = $4)
        AND ($5::text IS NULL OR name = $5) AND ($6::text IS NULL OR server = $6)
        AND ($7::text IS NULL OR rule = $7) AND ($8::text IS NULL OR verdict = $8)
        AND ($9::timestamptz IS NULL OR minute >= $9)
        AND ($10::timestamptz IS NULL OR minute < $10)
        AND ($11::timestamptz IS NULL OR (minute, row_id) < ($11, $12::bigint))
    ORDER BY minute DESC, row_id DESC LIMIT $13
) v ORDER BY minute DESC, row_id DESC
"""
_DISTINCT = """
SELECT row_to_json(v)::text FROM (
    SELECT max(minute) AS minute, principal, action, verdict, kind, id, name, server, source,
        sum(count)::bigint AS count,
        (array_agg(token ORDER BY row_id DESC))[1] AS token,
        (array_agg(rule ORDER BY row_id DESC))[1] AS rule
    FROM decisions WHERE $1::timestamptz IS NULL OR minute >= $1
    GROUP BY principal, action, verdict, kind, id, name, server, source
    ORDER BY 1 DESC, principal, action, id LIMIT $2
) v
"""
_CLEAN = f"""
WITH gone AS (
    DELETE FROM decisions WHERE row_id IN (
        SELECT row_id FROM decisions WHERE minute < $1 ORDER BY minute LIMIT {_CLEANED}
        FOR UPDATE SKIP LOCKED
    ) RETURNING 1
) SELECT count(*) FROM gone
"""


class PostgresDecisions:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def add(self, batch: Sequence[Decided]) -> None:
        if len(batch) > MAX_BATCH:
            raise InvalidCall(f"{len(batch)} decisions at once: {MAX_BATCH} is the limit")
        if not batch:
            return
        text = msgspec.json.encode([_storable(each) for each in batch]).decode()
        with translated():
            await self._pool.execute(_ADD, text)

    async def find(self, asked: Asked) -> list[Logged]:
        filters = [getattr(asked, name) for name in _FILTERS]
        minute, row = asked.before or (None, None)
        with translated():
            rows = await self._pool.fetch(_FIND, *filters, minute, row, asked.limit)
        return [Logged(row[0], msgspec.json.decode(row[1], type=Decided)) for row in rows]

    async def distinct(self, since: datetime | None, limit: int) -> list[Decided]:
        with translated():
            rows = await self._pool.fetch(_DISTINCT, since, limit)
        return [msgspec.json.decode(row[0], type=Decided) for row in rows]

    async def clean(self, before: datetime) -> int:
        removed = 0
        while True:
            with translated():
                gone = int(await self._pool.fetchval(_CLEAN, before))
            removed += gone
            if gone < _CLEANED:
                return removed


_FILTERS = (
    *("principal", "action", "kind", "id", "name", "server", "rule", "verdict"),
    *("since", "until"),
)


def _storable(decided: Decided) -> Decided:
    """Cut to its limits; PostgreSQL's text holds no NUL."""
    cut = {name: getattr(decided, name).replace("\0", "")[:limit] for name, limit in LIMITS.items()}
    return msgspec.structs.replace(decided, **cut)
