"""Tells clients that listen what becomes of their tasks, whichever replica runs them.

The replica that runs a task tells all others when the journal has the change, and each tells who
listens there. A lost note is not told again: clients may ask for a task at any time.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from mcpgateway.common.mcp import task_state
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.task_state import TaskState
from mcpgateway.data_plane.parked.bucket import Away
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.parked.task_journal import TaskRecord
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.listening.updates import (
    FollowingTasks,
    NoTaskUpdates,
    ToldTask,
)
from mcpgateway.data_plane.pipeline.tasks.keeper import Keeper
from mcpgateway.data_plane.pipeline.tasks.passing import UNDECLARED, understands
from mcpgateway.data_plane.pipeline.tasks.upstream_updates import UpstreamTaskUpdates

log = logging.getLogger(__name__)

_CHANGED = "task"  # notes: a task, and what it is now
_TOLD = 64 * 1024  # bytes of a note; of a task that is larger only its key is told


class _Note(msgspec.Struct, array_like=True):
    """`state` None: it is in the journal, whole."""

    key: str
    state: TaskState | None


_encode = msgspec.msgpack.Encoder().encode
_notes = msgspec.msgpack.Decoder(_Note)


class KeptTaskUpdates:
    """Of the tasks that the gateway keeps."""

    def __init__(self, keeper: Keeper, owners: Owners) -> None:
        self._keeper = keeper
        self._owners = owners
        self._followings: dict[str, dict[_Following, None]] = {}  # by the key of a task
        keeper.on_change(self._written)
        owners.on_note(_CHANGED, self._noted)

    def refusal(self, call: Call) -> Problem | None:
        return None if understands(call) else UNDECLARED

    def follow(self, call: Call, ids: frozenset[str], told: ToldTask) -> "_Following":
        opened = self._keeper.names.open_all(call, ids)
        names = {name.id: text for text, name in opened.items() if name.upstream == ""}
        following = _Following(names, told, self)
        for key in names:
            self._followings.setdefault(key, {})[following] = None
        if names:
            self._keeper.spawn(self._begin(following))
        else:
            following.settled()
        return following

    def leave(self, following: "_Following", key: str) -> None:
        """It wants to hear no more of this task."""
        followings = self._followings.get(key, {})
        followings.pop(following, None)
        if not followings:
            self._followings.pop(key, None)

    def shown(self, name: str, state: TaskState) -> Mapping[str, object]:
        return task_state.whole(name, state, self._keeper.terms.poll)

    async def _begin(self, following: "_Following") -> None:
        """Before anything is acknowledged: what is not there is not followed, what is over is
        told."""
        await asyncio.gather(*(self._look(following, key) for key in following.keys))
        following.settled()

    async def _look(self, following: "_Following", key: str) -> None:
        running = self._keeper.find(key)
        if running is not None:
            if running.record.era != "modern":
                following.forget(key)
            return
        try:
            kept = await self._keeper.journal.read(key)
            if kept is None or kept.record.era != "modern" or self._is_past(kept.record.state):
                following.forget(key)
            elif kept.record.state.over:
                following.tell(key, await self._keeper.journal.whole(key, kept.record))
        except Away as error:
            log.warning("a task is listened to and can not be looked up: %s", error)

    def _is_past(self, state: TaskState) -> bool:
        return self._keeper.now() >= state.expires

    # What becomes of tasks.

    def _written(self, key: str, record: TaskRecord) -> None:
        if record.era != "modern":
            return  # legacy clients do not listen to tasks
        self._tell(key, record.state)
        note = _encode(_Note(key, record.state))
        if len(note) > _TOLD:
            note = _encode(_Note(key, None))
        self._owners.tell_all(_CHANGED, note)

    def _noted(self, body: bytes) -> None:
        try:
            note = _notes.decode(body)
        except msgspec.DecodeError:
            return  # of another version of ours
        if note.key not in self._followings:
            return
        if note.state is None:
            self._keeper.spawn(self._read(note.key))
        else:
            self._tell(note.key, note.state)

    async def _read(self, key: str) -> None:
        try:
            kept = await self._keeper.journal.read(key)
            if kept is not None:
                self._tell(key, await self._keeper.journal.whole(key, kept.record))
        except Away as error:
            log.warning("a change of a task is not told: %s", error)

    def _tell(self, key: str, state: TaskState) -> None:
        for following in list(self._followings.get(key, ())):
            following.tell(key, state)


class AllTaskUpdates:
    """Implements `listening.updates.TaskUpdates`: those that the gateway keeps, and upstreams'."""

    def __init__(self, kept: KeptTaskUpdates, others: UpstreamTaskUpdates | None) -> None:
        self._kept = kept
        self._others = NoTaskUpdates() if others is None else others

    def refusal(self, call: Call) -> Problem | None:
        return self._kept.refusal(call)

    def follow(self, call: Call, ids: frozenset[str], told: ToldTask) -> "_Both":
        return _Both(self._kept.follow(call, ids, told), self._others.follow(call, ids, told))


class _Both:
    """Implements `listening.updates.FollowingTasks`."""

    def __init__(self, one: FollowingTasks, other: FollowingTasks) -> None:
        self._one = one
        self._other = other

    @property
    def ids(self) -> frozenset[str]:
        return self._one.ids | self._other.ids

    def ready(self, then: Callable[[], None]) -> None:
        self._one.ready(partial(self._other.ready, then))

    def close(self) -> None:
        self._one.close()
        self._other.close()


class _Following:
    """Implements `listening.updates.FollowingTasks`."""

    def __init__(self, names: dict[str, str], told: ToldTask, updates: KeptTaskUpdates) -> None:
        """`names`: what the client calls each task, by key."""
        self._names = names
        self._told: ToldTask | None = told
        self._updates = updates
        self._over: set[str] = set()
        self._settled = False
        self._then: Callable[[], None] = _nothing

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._names)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(self._names.values())

    def ready(self, then: Callable[[], None]) -> None:
        if self._settled:
            then()
        else:
            self._then = then

    def close(self) -> None:
        self._told = None
        self._then = _nothing
        for key in self._names:
            self._updates.leave(self, key)

    def settled(self) -> None:
        """It is known which tasks there are."""
        self._settled = True
        then, self._then = self._then, _nothing
        then()

    def forget(self, key: str) -> None:
        """There is no such task for this client."""
        del self._names[key]
        self._updates.leave(self, key)

    def tell(self, key: str, state: TaskState) -> None:
        """Of one that is over for the last time."""
        if self._told is None or key in self._over:
            return
        if state.over:
            self._over.add(key)
            self._updates.leave(self, key)
        name = self._names[key]
        self._told(name, self._updates.shown(name, state))


def _nothing() -> None:
    """Nobody waits."""
