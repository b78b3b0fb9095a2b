"""Tasks that the gateway keeps, as all replicas know them: a record for each, in a bucket.

The replica that runs a task writes it and is the only one to, until another one finds that it is
gone and takes the record over: a compare-and-put, so that exactly one does. What ends a task may
be larger than a value of a bucket and is then kept in pieces beside it.
"""

from typing import NamedTuple

import msgspec

from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.mcp.task_state import TaskState
from mcpgateway.data_plane.parked.bucket import Store, key_of
from mcpgateway.data_plane.parked.task_index import TaskIndex

PIECE = 256 * 1024  # bytes of one value
OUTCOME_LIMIT = 1024 * 1024  # bytes of what ends a task
RECIPE_LIMIT = 128 * 1024  # bytes of what a call is run again from


class Followed(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A task of an upstream that stands behind one of ours. `session`: in which it is asked for."""

    upstream: str
    id: str
    session: str = ""


class TaskRecord(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """`owner` is the replica that runs the call, "" when nobody does any more. `recipe`: JSON of
    the params that the client called with, empty when they are too many; `again`: whether the call
    may be made from them once more. `pieces`: of the result, which then is not in `state`. `tool`:
    what was called, by its name for the caller."""

    era: Era
    owner: str
    state: TaskState
    recipe: bytes = b""
    again: bool = False
    followed: Followed | None = None
    pieces: int = 0
    tool: str = ""


class Kept(NamedTuple):
    """A record and the revision that a change of it must name."""

    record: TaskRecord
    revision: int


_encode = msgspec.msgpack.Encoder().encode
_records = msgspec.msgpack.Decoder(TaskRecord)


class TaskJournal:
    """By the key of a task. Its methods raise Away, those that write also Moved."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.index = TaskIndex(store)

    @property
    def up(self) -> bool:
        return self._store.up

    async def read(self, key: str) -> Kept | None:
        """None where there is none, or one of another version of ours."""
        entry = await self._store.get(_key(key))
        if entry.value is None:
            return None
        try:
            return Kept(_records.decode(entry.value), entry.revision)
        except msgspec.DecodeError:
            return None

    async def whole(self, key: str, record: TaskRecord) -> TaskState:
        """The state with its result, wherever that is kept."""
        if not record.pieces:
            return record.state
        parts = [await self._store.get(_key(key, n)) for n in range(record.pieces)]
        result = b"".join(part.value or b"" for part in parts)
        return msgspec.structs.replace(record.state, result=result)

    async def write(self, key: str, record: TaskRecord, after: int) -> int:
        """The revision of what is stored now. A result of over PIECE goes into pieces first."""
        result = record.state.result
        if len(result) > PIECE // 2:
            pieces = [result[n : n + PIECE] for n in range(0, len(result), PIECE)]
            for number, piece in enumerate(pieces):
                await self._put_piece(_key(key, number), piece)
            state = msgspec.structs.replace(record.state, result=b"")
            record = msgspec.structs.replace(record, state=state, pieces=len(pieces))
        return await self._store.put(_key(key), _encode(record), after)

    async def drop(self, key: str) -> None:
        """Forget a task that nobody knows of."""
        entry = await self._store.get(_key(key))
        await self._store.put(_key(key), None, entry.revision)

    async def _put_piece(self, key: str, piece: bytes) -> None:
        """Whatever is there is of an attempt that broke off."""
        await self._store.put(key, piece, (await self._store.get(key)).revision)


def _key(key: str, piece: int | None = None) -> str:
    return key_of("task", key) if piece is None else key_of("task", key, str(piece))
