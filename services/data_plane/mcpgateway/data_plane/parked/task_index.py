"""Which tasks a caller has at a virtual server: what `tasks/list` shows, and nothing else.

One value for each caller and server in the bucket of tasks, the newest ENTRIES of them; it is as
old as the last task and forgotten with the bucket's values.
"""

import asyncio
import logging

import msgspec

from mcpgateway.data_plane.parked.bucket import Away, Moved, Store, key_of

log = logging.getLogger(__name__)

ENTRIES = 500  # tasks of one caller at one server; a new one pushes out the oldest
_ATTEMPTS = 8  # at one write, when others write too
_PAUSE = 0.02  # seconds, between two attempts


class Entry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A task under the id that its keeper gave it; `upstream` "" is the gateway itself."""

    upstream: str
    id: str


_encode = msgspec.msgpack.Encoder().encode
_entries = msgspec.msgpack.Decoder(list[Entry])


class TaskIndex:
    """By virtual server and the key of the caller."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, server: str, caller: str, entry: Entry) -> None:
        """What can not be written is not listed: the task itself is found all the same."""
        key = key_of("tasks of", server, caller)
        try:
            for _ in range(_ATTEMPTS):
                entries, revision = await self._stored(key)
                try:
                    await self._store.put(key, _encode([*entries, entry][-ENTRIES:]), revision)
                except Moved:
                    await asyncio.sleep(_PAUSE)
                else:
                    return
            log.warning("a task will not be listed: others write the same list all the time")
        except Away as error:
            log.warning("a task will not be listed: %s", error)

    async def read(self, server: str, caller: str) -> list[Entry]:
        """The newest first. Raises Away."""
        entries, _ = await self._stored(key_of("tasks of", server, caller))
        return entries[::-1]

    async def _stored(self, key: str) -> tuple[list[Entry], int]:
        entry = await self._store.get(key)
        if entry.value is None:
            return [], entry.revision
        try:
            return _entries.decode(entry.value), entry.revision
        except msgspec.DecodeError:
            return [], entry.revision  # of another version of ours
