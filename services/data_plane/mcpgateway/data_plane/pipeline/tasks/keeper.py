"""The tasks that this replica runs for its clients, and how calls become such.

A modern client that takes tasks gets one when the answer to its call is long in coming, one of
2025-11-25 when it asks for one. The journal has it before the client hears of it. At most LIMIT
run here: a modern call beyond that is held, as it is while the journal can not be written; a
legacy one is refused, before its upstream is asked.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common.jsonrpc import Params, join_params
from mcpgateway.common.mcp import task_state
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES
from mcpgateway.common.mcp.task_state import TaskState
from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.parked.bucket import Away, Moved
from mcpgateway.data_plane.parked.task_index import Entry, TaskIndex
from mcpgateway.data_plane.parked.task_journal import RECIPE_LIMIT, TaskJournal, TaskRecord
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.handles import Handles
from mcpgateway.data_plane.pipeline.shares import Shares
from mcpgateway.data_plane.pipeline.tasks.names import TaskName, TaskNames
from mcpgateway.data_plane.pipeline.tasks.running import Hooks, Identity, RunningTask

Changed = Callable[[str, TaskRecord], None]
"""Hears of the task with a key, as the journal has it now; the record has its questions, too."""

log = logging.getLogger(__name__)

LIMIT = 10_000  # tasks that run here
_KEY = 16  # bytes of randomness in the key of a task


@dataclass(frozen=True)
class Terms:
    """Seconds: `after` which a modern call becomes a task, for how long one is kept, and how often
    a client should look. `after` 0: none are kept."""

    after: float = 5.0
    ttl: int = 3600
    poll: float = 1.0

    @property
    def keeps(self) -> bool:
        return self.after > 0


class Draft(NamedTuple):
    """A task that is not in the journal yet."""

    identity: Identity
    record: TaskRecord


class Keeper:
    """`entropy` draws random bytes."""

    def __init__(
        self,
        journal: TaskJournal,
        names: TaskNames,
        terms: Terms,
        handles: Handles,
        entropy: Callable[[int], bytes],
    ) -> None:
        """`handles` know who this replica is, and the time."""
        self.journal = journal
        self.names = names
        self.terms = terms
        self.replica = handles.replica
        self.handles = handles
        self._entropy = entropy
        self._running: dict[str, RunningTask] = {}
        self._shares = Shares[str](LIMIT)
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[Changed] = []

    def __len__(self) -> int:
        return len(self._running)

    @property
    def index(self) -> TaskIndex:
        return self.journal.index

    def listed(self, server: str, caller: str, name: TaskName) -> None:
        """A task was made that its caller may list. Strangers list nothing, since nobody can tell
        one from another."""
        if caller:
            self.spawn(self.index.add(server, caller, Entry(*name)))

    def if_own(self, server: str, caller: str, name: TaskName, then: Callable[[], None]) -> None:
        """Calls back if the caller made that task here, as far as is known."""
        if caller:
            self.spawn(self._if_own(server, caller, Entry(*name), then))

    async def _if_own(
        self, server: str, caller: str, entry: Entry, then: Callable[[], None]
    ) -> None:
        try:
            entries = await self.index.read(server, caller)
        except Away as error:
            log.warning("the status of a task is not told: %s", error)
            return
        if entry in entries:
            then()

    def on_change(self, listener: Changed) -> None:
        """Who hears of tasks that this replica wrote."""
        self._listeners.append(listener)

    def changed(self, key: str, record: TaskRecord) -> None:
        """The journal has a new record of a task, by this replica."""
        for listener in self._listeners:
            listener(key, record)

    def full(self, caller: str) -> bool:
        """Whether no more tasks are run for this caller now."""
        return self._shares.refuses(caller)

    def now(self) -> float:
        """Unix seconds."""
        return self.handles.now

    def find(self, key: str) -> RunningTask | None:
        """One that runs here."""
        return self._running.get(key)

    def draft(self, call: Call, ttl: int, *, again: bool) -> Draft:
        """A new task for a call. `again`: it may be made once more."""
        key = self._entropy(_KEY).hex()
        name = self.names.seal(call.view.server_id, call.caller.key, TaskName("", key))
        now = self.now()
        state = TaskState("working", now, now, ttl)
        recipe = join_params(_called_with(call))
        if len(recipe) > RECIPE_LIMIT:
            recipe = b""
        tool = read_string(call.params.get("name")) or ""
        again = again and recipe != b""
        record = TaskRecord(call.era, self.replica, state, recipe, again, tool=tool)
        return Draft(Identity(key, name, call.caller.key, capabilities_of(call)), record)

    def create(self, draft: Draft, done: Callable[[RunningTask | None], None]) -> None:
        """Writes it into the journal, then calls back, with None when that could not be done."""
        self.spawn(self._create(draft, done))

    def run(self, identity: Identity, record: TaskRecord, revision: int) -> RunningTask:
        """A task that the journal has as this replica's."""
        hooks = Hooks(self.changed, self._over)
        task = RunningTask(identity, (record, revision), self.journal, self.now, hooks)
        self._running[identity.key] = task
        self._shares.take(identity.caller, identity.key)
        return task

    def drop(self, task: RunningTask) -> None:
        """The client got its answer instead: nobody will ask for this task."""
        self._over(task)
        self.spawn(self._drop(task.identity.key))

    @property
    def idle(self) -> bool:
        """Whether nothing is being read or written."""
        return not self._tasks

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """What goes wrong with it in a way that nobody foresaw is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def created(self, task: RunningTask) -> bytes:
        """The result of the call that became a task."""
        era, name = task.record.era, task.identity.name
        return task_state.created(era, name, task.state, self.terms.poll)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("a request about a task was not answered", exc_info=error)

    async def aclose(self) -> None:
        """What still runs is left to whoever asks for it: it sees that this replica is gone."""
        for task in list(self._running.values()):
            await task.aclose()
        self._running.clear()
        await end(*self._tasks)

    async def _create(self, draft: Draft, done: Callable[[RunningTask | None], None]) -> None:
        try:
            revision = await self.journal.write(draft.identity.key, draft.record, 0)
        except (Away, Moved) as error:
            log.warning("a call can not become a task: %s", error)
            done(None)
        else:
            done(self.run(draft.identity, draft.record, revision))

    async def _drop(self, key: str) -> None:
        try:
            await self.journal.drop(key)
        except (Away, Moved):
            return  # it is forgotten with time

    def _over(self, task: RunningTask) -> None:
        if self._running.get(task.identity.key) is task:
            del self._running[task.identity.key]
            self._shares.give_back(task.identity.caller, task.identity.key)


def _called_with(call: Call) -> Params:
    if call.meta is None:
        return call.params
    return {**call.params, "_meta": msgspec.Raw(join_params(call.meta))}


def is_offered(call: Call, record: TaskRecord) -> bool:
    """Whether the caller may still see the task: its tool is offered to it."""
    return record.tool == "" or record.tool in call.view.tools


def capabilities_of(call: Call) -> bytes:
    """What the client of a call declared, in its era's form."""
    if call.era == "modern":
        return bytes((call.meta or {}).get(META_CLIENT_CAPABILITIES, b"{}"))
    return b"{}" if call.session is None else call.session.capabilities
