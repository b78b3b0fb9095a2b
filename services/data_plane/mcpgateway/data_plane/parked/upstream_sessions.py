"""Sessions with legacy upstreams, kept where every replica finds them.

Implements the port of `upstreams.shared_sessions` over a bucket.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec

from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.parked.bucket import Away, Moved, Store, key_of
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.upstreams.sessions.shared_sessions import (
    NOTHING,
    Heard,
    Kept,
    News,
    SharedKey,
    SharedSession,
    Told,
)

log = logging.getLogger(__name__)

_ATTEMPTS = 8  # at one write, when others write too
_PAUSE = 0.02  # seconds, between two attempts

_KIND = "upstream-news"  # notes
_LONGEST = 16 * 1024  # characters of a URI that is told


class _Told(msgspec.Struct, frozen=True, array_like=True):
    client: str
    upstream: str
    news: News


_encode = msgspec.msgpack.Encoder().encode
_told = msgspec.msgpack.Decoder(_Told)
_sessions = msgspec.msgpack.Decoder(SharedSession)


class UpstreamSessions:
    """Implements `SharedSessions`. Each question is a task of its own: as many as calls wait."""

    def __init__(self, store: Store, owners: Owners) -> None:
        self._store = store
        self._owners = owners
        self._heard: dict[SharedKey, Heard] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        owners.on_note(_KIND, self._noted)

    def find(self, key: SharedKey, found: Told) -> None:
        if self._store.up:
            self._spawn(self._find(key, found))
        else:
            found(NOTHING)

    def create(self, key: SharedKey, session: SharedSession, done: Told) -> None:
        self.replace(key, session, 0, done)

    def replace(self, key: SharedKey, session: SharedSession, version: int, done: Told) -> None:
        if self._store.up:
            self._spawn(self._replace(key, session, version, done))
        else:
            done(Kept(session, 0))

    def drop(self, key: SharedKey, version: int) -> None:
        if self._store.up and version:
            self._spawn(self._drop(key, version))

    def tell(self, key: SharedKey, news: News) -> None:
        """A URI of over 16,384 characters is not told."""
        if len(news.updated) <= _LONGEST:
            self._owners.tell_all(_KIND, _encode(_Told(*key, news)))

    def hear(self, key: SharedKey, heard: Heard) -> Callable[[], None]:
        self._heard[key] = heard
        return partial(self._forget, key, heard)

    def _forget(self, key: SharedKey, heard: Heard) -> None:
        if self._heard.get(key) == heard:
            del self._heard[key]

    def _noted(self, body: bytes) -> None:
        try:
            told = _told.decode(body)
        except msgspec.DecodeError as error:
            log.warning("a note of an upstream's session is not understood: %s", error)
            return
        heard = self._heard.get(SharedKey(told.client, told.upstream))
        if heard is not None:
            heard(told.news)

    async def aclose(self) -> None:
        await end(*self._tasks)

    async def _find(self, key: SharedKey, found: Told) -> None:
        try:
            kept = (await self._stored(key))[0]
        except Away as error:
            log.warning("no session with an upstream is found: %s", error)
            kept = NOTHING
        found(kept)

    async def _replace(
        self, key: SharedKey, session: SharedSession, version: int, done: Told
    ) -> None:
        try:
            winner = await self._compare_and_put(key, session, version)
        except Away as error:
            log.warning("a session with an upstream is this replica's alone: %s", error)
            winner = Kept(session, 0)
        done(winner)

    async def _compare_and_put(self, key: SharedKey, session: SharedSession, version: int) -> Kept:
        after = version
        for _ in range(_ATTEMPTS):
            try:
                return Kept(session, await self._store.put(key_of(*key), _encode(session), after))
            except Moved:
                kept, after = await self._stored(key)
            if kept.session is not None and kept.version != version:
                return kept
            await asyncio.sleep(_PAUSE)  # what was read is older than what was put
        raise Away("others write the same session all the time")

    async def _drop(self, key: SharedKey, version: int) -> None:
        try:
            await self._store.put(key_of(*key), None, version)
        except Moved:
            return  # its successor's
        except Away as error:
            log.warning("an ended session with an upstream may be found again: %s", error)

    async def _stored(self, key: SharedKey) -> tuple[Kept, int]:
        """And the revision that a put must name."""
        entry = await self._store.get(key_of(*key))
        if entry.value is None:
            return NOTHING, entry.revision
        try:
            return Kept(_sessions.decode(entry.value), entry.revision), entry.revision
        except msgspec.DecodeError:
            return NOTHING, entry.revision  # of another version of ours

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
