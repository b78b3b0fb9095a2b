"""How a noun is read and written inside a transaction. Rows travel as JSON both ways: PostgreSQL
maps members to columns, msgspec maps them to fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import msgspec
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

from mcpgateway.control_plane.registry.history.model import Op
from mcpgateway.control_plane.registry.model import Kept
from mcpgateway.control_plane.store.changes import Changes
from mcpgateway.control_plane.store.statements import Sql

E = TypeVar("E", bound=Kept)
Connection: TypeAlias = "PoolConnectionProxy[Record]"


@dataclass(frozen=True, slots=True)
class Context:
    """One transaction: its connection, registry, revision and the history that it will leave."""

    connection: Connection
    registry: str
    revision: int
    changes: Changes


async def fetch(connection: Connection, type: type[E], sql: str, *args: object) -> list[E]:
    """For statements whose only column is a row as JSON text."""
    return [msgspec.json.decode(row[0], type=type) for row in await connection.fetch(sql, *args)]


class EntityRows(Generic[E]):
    """Implements ports.Rows for what is one row of one table."""

    def __init__(self, context: Context, noun: str, type: type[E], sql: Sql) -> None:
        self._context = context
        self._connection = context.connection
        self._noun = noun
        self._type = type
        self._sql = sql

    async def get(self, ids: Sequence[str]) -> list[E]:
        return await fetch(self._connection, self._type, self._sql.get, list(ids))

    async def keyed(self, keys: Sequence[str]) -> list[E]:
        return await fetch(self._connection, self._type, self._sql.keyed, list(keys))

    async def save(self, rows: Sequence[E]) -> None:
        if not rows:
            return
        stamped = [msgspec.structs.replace(row, revision=self._context.revision) for row in rows]
        bodies = {row.id: msgspec.Raw(msgspec.json.encode(row)) for row in stamped}
        text = msgspec.json.encode(list(bodies.values())).decode()
        for saved in await self._connection.fetch(self._sql.save, text):
            op: Op = "create" if saved["created"] else "update"
            self._context.changes.add(self._noun, saved["id"], op, bodies[saved["id"]])

    async def remove(self, ids: Sequence[str]) -> None:
        for gone in await self._connection.fetch(self._sql.remove, list(ids)):
            self._context.changes.add(self._noun, gone["id"], "delete")
