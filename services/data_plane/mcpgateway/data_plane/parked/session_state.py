"""What changes in clients' sessions, as all replicas know it.

It is read on the first request of a session that comes to this replica, kept, and kept true by
the notes of whoever changes it. With NATS away nothing is known of other replicas' sessions, and
nothing can be changed, but a session that ends has ended here, and everywhere when NATS is back.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from math import inf
from typing import Any

import msgspec

from mcpgateway.common.errors import GatewayError, LimitExceeded, Unavailable
from mcpgateway.common.runtime.nats import raise_if_cancelled
from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.parked.bucket import Away, Moved, Store, key_of
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.parked.session_changes import (
    NEW,
    URI_BYTES,
    Change,
    Done,
    SessionState,
    apply_all,
    end_of,
    with_capabilities,
    with_uri,
    without_uri,
)

log = logging.getLogger(__name__)

KNOWN = 20_000  # sessions whose state is kept; the longest unused is read again when it comes
ENDED = 100_000  # ended sessions; when full the oldest is forgotten here
UNWRITTEN = 10_000  # ends not yet written; when full the oldest is told to nobody
CAPABILITIES = 8 * 1024  # bytes; larger ones are not kept
_CHANGES = 1_000  # of one session waiting to be written; the next is refused
_ATTEMPTS = 8  # at one write, when others write too
_PAUSE = 0.02  # seconds, between two attempts
_AGAIN = 5.0  # seconds until what NATS did not answer is asked or said again
_KIND = "session"  # of notes

Listener = Callable[[str, SessionState], None]


class _Told(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A note."""

    session: str
    revision: int
    state: SessionState


class _Known:
    """`revision` is the stored one, `until` when it must be read again, `epoch` the connection
    that it was learnt over: after a reconnect notes may be missing."""

    __slots__ = ("epoch", "revision", "state", "until")

    def __init__(self, state: SessionState, revision: int, epoch: int, until: float) -> None:
        self.state = state
        self.revision = revision
        self.epoch = epoch
        self.until = until


_encode = msgspec.msgpack.Encoder().encode
_states = msgspec.msgpack.Decoder(SessionState)
_notes = msgspec.msgpack.Decoder(_Told)


async def _at_once() -> None:
    pass


class SessionStates:
    """By session id. `clock` is monotonic."""

    def __init__(
        self,
        store: Store,
        owners: Owners,
        clock: Callable[[], float],
        told: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        """`told` waits until notes are on their way to the others: so long is a change not done."""
        self._told = told
        self._store = store
        self._owners = owners
        self._clock = clock
        self._epoch = 0
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._unwritten: OrderedDict[str, None] = OrderedDict()
        self._reading: dict[str, list[Callable[[], None]]] = {}
        self._changes: dict[str, list[tuple[Change, Done]]] = {}
        self._listeners: list[Listener] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        owners.on_note(_KIND, self._noted)

    def on_change(self, listener: Listener) -> None:
        """Told of every change of a session, here or at another replica."""
        self._listeners.append(listener)

    def known(self, session: str) -> bool:
        """Whether the methods that do not wait tell what is stored."""
        known = self._known.get(session)
        if known is None or known.epoch != self._epoch:
            return session in self._ended
        return known.until == inf or self._clock() < known.until

    def learn(self, session: str, then: Callable[[], None]) -> None:
        """Reads what is stored, then calls back, within a second or two; at once with NATS away,
        when nothing is known."""
        if session in self._reading:
            self._reading[session].append(then)
        elif not self._store.up:
            self._unread(session)
            then()
        else:
            self._reading[session] = [then]
            self._spawn(self._read(session))

    def mark(self, session: str) -> object | None:
        """Stays the very same object for as long as all is known of a session that goes on, and
        none of it changed."""
        known = self._known.get(session)
        if known is None or known.epoch != self._epoch or known.until != inf:
            return None
        self._known.move_to_end(session)
        return None if session in self._ended else known

    def state(self, session: str) -> SessionState:
        known = self._known.get(session)
        if known is None:
            return NEW
        self._known.move_to_end(session)
        return known.state

    def ended(self, session: str) -> bool:
        return session in self._ended

    def level(self, session: str) -> str:
        return self.state(session).level

    def uris(self, session: str) -> tuple[str, ...]:
        return self.state(session).uris

    def created(self, session: str, capabilities: bytes = b"") -> None:
        """A session made here just now: nothing is stored of it. `capabilities` are stored when
        they do not fit into its id."""
        self._keep(session, _Known(NEW, 0, self._epoch, inf))
        if capabilities and len(capabilities) <= CAPABILITIES:
            self.change(session, partial(with_capabilities, capabilities), _unheard)

    def set_level(self, session: str, level: str, done: Done) -> None:
        self.change(session, lambda state: msgspec.structs.replace(state, level=level), done)

    def add_uri(self, session: str, uri: str, done: Done, room: int = URI_BYTES) -> None:
        """LimitExceeded over URIS, or `room` bytes of them."""
        self.change(session, partial(with_uri, uri, room=room), done)

    def remove_uri(self, session: str, uri: str, done: Done) -> None:
        self.change(session, partial(without_uri, uri), done)

    def end(self, session: str, done: Callable[[], None]) -> None:
        """It has ended here at once; calls back when the others were told, or can not be."""
        self._remember_end(session)
        self._unwritten[session] = None
        if len(self._unwritten) > UNWRITTEN:
            self._unwritten.popitem(last=False)

        def written(error: GatewayError | None) -> None:
            if error is None:
                self._unwritten.pop(session, None)
            else:
                self._retry_soon()
            done()

        self.change(session, end_of, written)

    def change(self, session: str, change: Change, done: Done) -> None:
        """Stores what a pure function makes of the state, and tells the others. What changes at
        the same time is stored at once."""
        waiting = self._changes.get(session)
        if not self._store.up:
            done(Unavailable("replicas can not share the session now: NATS is away"))
        elif waiting is None:
            self._changes[session] = [(change, done)]
            self._spawn(self._write(session))
        elif len(waiting) >= _CHANGES:
            done(LimitExceeded(f"{_CHANGES} changes of this session wait to be stored"))
        else:
            waiting.append((change, done))

    def connected(self) -> None:
        """Call whenever NATS is there again: what was kept may be old."""
        self._epoch += 1
        self._write_ends()

    async def aclose(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await end(*self._tasks)

    # Reading.

    async def _read(self, session: str) -> None:
        try:
            entry = await self._store.get(key_of(session))
            state = NEW if entry.value is None else _states.decode(entry.value)
            self._learnt(session, state, entry.revision)
        except (Away, msgspec.DecodeError) as error:
            log.warning("nothing is known of a session's state: %s", error)
            self._unread(session)
        finally:
            for then in self._reading.pop(session):
                then()

    def _unread(self, session: str) -> None:
        """Nothing is known, for some seconds; what was known is better than that."""
        known = self._known.get(session)
        state, revision = (NEW, 0) if known is None else (known.state, known.revision)
        self._keep(session, _Known(state, revision, self._epoch, self._clock() + _AGAIN))

    def _learnt(self, session: str, state: SessionState, revision: int) -> None:
        """Stored under that revision; a later one may be known by a note."""
        known = self._known.get(session)
        if known is not None and known.revision > revision:
            state, revision = known.state, known.revision
        self._keep(session, _Known(state, revision, self._epoch, inf))
        if state.ended:
            self._remember_end(session)

    def _keep(self, session: str, known: _Known) -> None:
        self._known[session] = known
        self._known.move_to_end(session)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)

    def _remember_end(self, session: str) -> None:
        self._ended[session] = None
        if len(self._ended) > ENDED:
            self._ended.popitem(last=False)

    def _noted(self, body: bytes) -> None:
        try:
            told = _notes.decode(body)
        except msgspec.DecodeError as error:
            log.warning("a note of a session is not understood: %s", error)
            return
        if told.session in self._known or told.session in self._reading:
            self._learnt(told.session, told.state, told.revision)
        elif told.state.ended:
            self._remember_end(told.session)
        self._tell(told.session, told.state)

    def _tell(self, session: str, state: SessionState) -> None:
        for listener in self._listeners:
            listener(session, state)

    # Writing.

    async def _write(self, session: str) -> None:
        """All changes that wait, until none does."""
        waiting = self._changes[session]
        try:
            while waiting:
                changes = list(waiting)
                waiting.clear()
                await self._store_changes(session, changes)
        finally:
            del self._changes[session]

    async def _store_changes(self, session: str, changes: list[tuple[Change, Done]]) -> None:
        key = key_of(session)
        try:
            state, revision = await self._current(session, key)
            for _ in range(_ATTEMPTS):
                raise_if_cancelled()
                results = apply_all(state, changes)
                try:
                    revision = await self._put(key, state, results.state, revision)
                except Moved:
                    await asyncio.sleep(_PAUSE)
                    state, revision = await self._stored(key)
                else:
                    self._stored_now(session, state, results.state, revision)
                    await self._told()
                    results.tell()
                    return
            error = Unavailable("other replicas change this session all the time; try again")
        except (Away, msgspec.DecodeError) as problem:
            error = Unavailable(f"replicas can not share the session now: {problem}")
        for _, done in changes:
            done(error)

    async def _current(self, session: str, key: str) -> tuple[SessionState, int]:
        known = self._known.get(session)
        if known is not None and known.epoch == self._epoch and known.until == inf:
            return known.state, known.revision
        return await self._stored(key)

    async def _stored(self, key: str) -> tuple[SessionState, int]:
        entry = await self._store.get(key)
        return (NEW if entry.value is None else _states.decode(entry.value)), entry.revision

    async def _put(self, key: str, before: SessionState, after: SessionState, revision: int) -> int:
        if after == before:
            return revision
        return await self._store.put(key, _encode(after), revision)

    def _stored_now(
        self, session: str, before: SessionState, after: SessionState, revision: int
    ) -> None:
        self._keep(session, _Known(after, revision, self._epoch, inf))
        if after != before:
            self._owners.tell_all(_KIND, _encode(_Told(session, revision, after)))
            self._tell(session, after)

    def _retry_soon(self) -> None:
        if self._timer is None and self._unwritten:
            self._timer = asyncio.get_running_loop().call_later(_AGAIN, self._write_ends)

    def _write_ends(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for session in list(self._unwritten):
            self.end(session, _nothing)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _unheard(error: GatewayError | None) -> None:
    if error is not None:
        log.warning("what a client declared is not known to other replicas: %s", error)


def _nothing() -> None:
    """Nobody waits for it."""
