"""The statements that all nouns have in common, made of their tables and columns. Pure.

Names come from this package alone, never from a caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mcpgateway.control_plane.registry.model import Kept


@dataclass(frozen=True, slots=True)
class Sql:
    """The write statements of one noun. get: $1 ids; keyed: $1 names (of what has an URI, those);
    save: $1 JSON array of rows, returns whether each is new; remove: $1 ids, returns those that
    were there."""

    get: str
    keyed: str
    save: str
    remove: str


def rows_of(
    table: str, type: type[Kept], *, key: str = "name", elsewhere: frozenset[str] = frozenset()
) -> Sql:
    """Columns are the fields of `type`, but for those that are kept `elsewhere`. `xmax = 0` tells a
    new row."""
    columns = [name for name in type.__struct_fields__ if name not in elsewhere and name != "id"]
    given = ", ".join(columns)
    excluded = ", ".join(f"excluded.{name}" for name in columns)
    return Sql(
        get=f"SELECT row_to_json(t)::text FROM {table} t WHERE t.id = ANY ($1)",
        keyed=f"SELECT row_to_json(t)::text FROM {table} t WHERE t.{key} = ANY ($1)",
        save=f"""
INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1::text::json)
ON CONFLICT (id) DO UPDATE SET ({given}) = ({excluded})
RETURNING id, (xmax = 0) AS created
""",
        remove=f"DELETE FROM {table} WHERE id = ANY ($1) RETURNING id",
    )


@dataclass(frozen=True, slots=True)
class Held:
    """How servers hold things of one noun. drop_from_servers: $1 ids of things that are about to
    go, answers the servers that held one; holders: the same without the drop."""

    drop_from_servers: str
    holders: str


def held_in(table: str) -> Held:
    return Held(
        drop_from_servers=f"DELETE FROM {table} WHERE item_id = ANY ($1) RETURNING server_id",
        holders=f"SELECT DISTINCT server_id FROM {table} WHERE item_id = ANY ($1)",
    )


def hold(tables: Sequence[str]) -> str:
    """Makes a server ($1) hold the ids given for each table ($2, $3, ...), in order, and no others.
    One statement: a write holds the lock of the registry for as long as its round trips take."""
    parts: list[str] = []
    for number, table in enumerate(tables, 2):
        parts.append(f"""
d{number} AS (
    DELETE FROM {table} WHERE server_id = $1 AND NOT item_id = ANY (${number}::text[])
), i{number} AS (
    INSERT INTO {table} (server_id, item_id, position)
    SELECT $1, item, position
    FROM unnest(${number}::text[]) WITH ORDINALITY AS given (item, position)
    ON CONFLICT (server_id, item_id) DO UPDATE SET position = excluded.position
)""")
    return f"WITH {','.join(parts)} SELECT 1"


def page(selected: str, alias: str, sort: str, active: str, *more: str) -> str:
    """A list statement; `selected` is its SELECT ... FROM ..., `active` says when a thing is shown
    without `include_inactive`. Parameters as in `reader.arguments`."""
    a = alias
    where = " AND ".join(
        (
            f"($1::text[] IS NULL OR {a}.id = ANY ($1))",
            f"visible({a}.visibility, {a}.team_id, {a}.owner_email, $2, $3, $4)",
            f"($5::boolean OR ({active}))",
            f"($6::text[] IS NULL OR {a}.tags && $6)",
            f"($7::text IS NULL OR {a}.visibility = $7)",
            f"($8::text IS NULL OR {a}.team_id = $8)",
            f"($9::text IS NULL OR ({a}.{sort}, {a}.id) > ($9, $10::text))",
            *more,
        )
    )
    return f"""
SELECT row_to_json(v)::text FROM (
    {selected}
    WHERE {where}
    ORDER BY {a}.{sort}, {a}.id LIMIT $11
) v
"""


def of_upstream(alias: str) -> str:
    return f"($12::text IS NULL OR {alias}.upstream_id = $12)"


def of_server(alias: str, table: str) -> str:
    held = f"SELECT item_id FROM {table} WHERE server_id = $13"
    return f"($13::text IS NULL OR {alias}.id IN ({held}))"


def offered(table: str, *more: str) -> str:
    """What data planes get of an upstream's things and of our own: $1 ids, or null for all."""
    conditions = "".join(f" AND {each}" for each in more)
    return f"""
SELECT row_to_json(t)::text FROM {table} t LEFT JOIN upstreams u ON u.id = t.upstream_id
WHERE ($1::text[] IS NULL OR t.id = ANY ($1))
    AND t.enabled AND coalesce(u.enabled, true){conditions}
"""
