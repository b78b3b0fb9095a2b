"""SQL of API tokens as they are shown, and of what they are used for."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from mcpgateway.control_plane.registry.people.token_ports import TokenQuery, TokenView, Usage, Used
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.history import Fetches

_VIEW = """
SELECT t.*, l.at AS last_used, l.source AS last_source
FROM api_tokens t LEFT JOIN token_last_use l ON l.token_id = t.id
"""
_PAGE = f"""
WITH found AS (
    {_VIEW} WHERE ($1::text IS NULL OR t.email = $1) AND ($2::text IS NULL OR t.team_id = $2)
        AND ($3::boolean OR t.active AND (t.expires_at IS NULL OR t.expires_at > now()))
)
SELECT (SELECT count(*) FROM found) AS total, row_to_json(p)::text AS row
FROM (SELECT 1) AS once
LEFT JOIN (SELECT * FROM found ORDER BY created_at DESC, id OFFSET $4 LIMIT $5) p ON true
"""
_ONE = f"SELECT row_to_json(v)::text AS row FROM ({_VIEW} WHERE t.id = $1) v"
_USAGE = """
SELECT method, sum(allowed)::bigint AS allowed, sum(refused)::bigint AS refused
FROM token_usage WHERE token_id = $1 AND hour >= $2
GROUP BY method ORDER BY sum(allowed) + sum(refused) DESC, method
"""
# Sorted, so that two that write the same rows do it in the same order.
_NOTE = """
WITH said AS (
    SELECT s.* FROM json_to_recordset($1::text::json) AS s (
        token_id text, method text, allowed bigint, refused bigint, at timestamptz, source text
    ) JOIN api_tokens t ON t.id = s.token_id
), counted AS (
    INSERT INTO token_usage (token_id, hour, method, allowed, refused)
    SELECT token_id, date_trunc('hour', at, 'UTC'), method, sum(allowed), sum(refused) FROM said
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (token_id, hour, method) DO UPDATE SET (allowed, refused) = (
        token_usage.allowed + excluded.allowed, token_usage.refused + excluded.refused)
)
INSERT INTO token_last_use (token_id, at, source)
SELECT DISTINCT ON (token_id) token_id, at, source FROM said ORDER BY token_id, at DESC
ON CONFLICT (token_id) DO UPDATE SET (at, source) = (excluded.at, excluded.source)
WHERE token_last_use.at < excluded.at
"""
_FORGET = "DELETE FROM token_usage WHERE hour < $1"


class PostgresTokens:
    """Implements token_ports.TokenReads."""

    def __init__(self, source: Fetches) -> None:
        self._source = source

    async def page(self, query: TokenQuery) -> tuple[list[TokenView], int]:
        with translated():
            rows = await self._source.fetch(_PAGE, *query)
        found = [msgspec.json.decode(row["row"], type=TokenView) for row in rows if row["row"]]
        return found, int(rows[0]["total"])

    async def one(self, id: str) -> TokenView | None:
        with translated():
            rows = await self._source.fetch(_ONE, id)
        return msgspec.json.decode(rows[0]["row"], type=TokenView) if rows else None

    async def usage(self, id: str, since: datetime) -> list[Usage]:
        with translated():
            rows = await self._source.fetch(_USAGE, id, since)
        return [Usage(row["method"], row["allowed"], row["refused"]) for row in rows]


class PostgresTokenUses:
    """Implements token_ports.TokenUses."""

    def __init__(self, source: Fetches) -> None:
        self._source = source

    async def note(self, used: Sequence[Used]) -> None:
        with translated():
            await self._source.fetch(_NOTE, msgspec.json.encode(used).decode())

    async def forget(self, before: datetime) -> None:
        with translated():
            await self._source.fetch(_FORGET, before)
