"""A task that this replica runs: a call whose client has a name for it in place of its answer.

It takes what the upstream says, keeps what the client may ask for, and writes each change of its
status into the journal. Its client finds it here, or reads in the journal how it ended.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from itertools import count
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, Unavailable
from mcpgateway.common.mcp import task_state
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.questions import covered
from mcpgateway.common.mcp.task_state import TaskState
from mcpgateway.common.mcp.translate_notifications import PROGRESS
from mcpgateway.common.runtime.nats import raise_if_cancelled
from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.parked.bucket import Away, Moved
from mcpgateway.data_plane.parked.task_journal import (
    OUTCOME_LIMIT,
    Followed,
    TaskJournal,
    TaskRecord,
)
from mcpgateway.data_plane.pipeline.answer import problem_of
from mcpgateway.data_plane.pipeline.asking.batch import Batch
from mcpgateway.data_plane.pipeline.questions import decline
from mcpgateway.data_plane.pipeline.sinks.read_sink import ReadSink
from mcpgateway.data_plane.upstreams.request import Answered, Question, Reply, Sink, Ticket

log = logging.getLogger(__name__)

_ERROR_LIMIT = 64 * 1024  # bytes
MOST_OPEN = 100  # questions without a reply; one more is declined
AGAIN = 1.0  # seconds until what could not be written is written again


class Identity(NamedTuple):
    """`name` is what the client calls the task, `caller` its key, `capabilities` what it declared,
    in its era's form."""

    key: str
    name: str
    caller: str
    capabilities: bytes


class Hooks(NamedTuple):
    """Who hears of a task: of what the journal has now, and that nothing is left to write."""

    wrote: Callable[[str, TaskRecord], None]
    over: Callable[["RunningTask"], None]


class Waiter(NamedTuple):
    """A request for what ends the task: its id, and who answers it."""

    id: jsonrpc.Id
    sink: Sink


class _Open(NamedTuple):
    """A question without a reply. `name` is its key in the batch it came in."""

    name: str
    question: Question
    batch: Batch


class RunningTask(ReadSink):
    """Implements Sink."""

    def __init__(
        self,
        identity: Identity,
        kept: tuple[TaskRecord, int],
        journal: TaskJournal,
        now: Callable[[], float],
        hooks: Hooks,
    ) -> None:
        """`kept` is what is in the journal, and under which revision."""
        self.identity = identity
        self.record, self._revision = kept
        self.ticket: Ticket | None = None
        self._journal = journal
        self._now = now
        self._hooks = hooks
        self._numbers = count(1)
        self._open: dict[str, _Open] = {}
        self._waiting: list[Waiter] = []
        self._writer: asyncio.Task[None] | None = None
        self._unwritten = False

    @property
    def state(self) -> TaskState:
        return self.record.state

    # What its client does.

    def reply(self, replies: Mapping[str, Reply]) -> None:
        """Keys that are not open are ignored."""
        answered = [(self._open.pop(key), replies[key]) for key in replies if key in self._open]
        if answered:
            self._asking()
        for each, reply in answered:
            each.batch.put(each.name, reply)

    def cancel(self) -> None:
        """No effect on one that is over."""
        if self.state.over:
            return
        if self.ticket is not None:
            self.ticket.cancel()
        self._end(task_state.cancelled(self.state, self._now()))

    def bind(self, ticket: Ticket) -> None:
        """Call with what sending returned; the answer may have come already."""
        if not self.state.over:
            self.ticket = ticket

    def wait(self, waiter: Waiter) -> None:
        """It is answered when the task is over; until then the task's questions are asked there."""
        self._waiting.append(waiter)
        if self.state.over:
            self._tell()
        elif self._open:
            self._put(waiter.sink)

    def leave(self, waiter: Waiter) -> None:
        """Who waited does not any more."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)

    # What its upstream says.

    def follows(self, followed: Followed) -> None:
        """A task of the upstream stands behind it."""
        self._record(msgspec.structs.replace(self.record, followed=followed))

    def message(self, message: bytes) -> None:
        """Of progress what it says is kept, until something is written anyway; a task has no
        stream of its own for more."""
        frame = jsonrpc.decode_frame(message)
        if frame.method != PROGRESS or isinstance(frame.params, msgspec.UnsetType):
            return
        said = read_string(frame.params.get("message"))
        if said and not self.state.over:
            state = task_state.says(self.state, self._now(), said)
            self.record = msgspec.structs.replace(self.record, state=state)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        if len(response) > OUTCOME_LIMIT:
            self._fail(
                jsonrpc.UPSTREAM_FAILED,
                f"the result has {len(response)} bytes; a task keeps at most {OUTCOME_LIMIT}",
            )
        else:
            self._end(task_state.ended(self.state, self._now(), response))

    def failed(self, error: GatewayError) -> None:
        problem = problem_of(error)
        self._fail(problem.code, problem.message, problem.data)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        batch = Batch(len(questions), answered)
        era, capabilities = self.record.era, self.identity.capabilities
        asked: dict[str, _Open] = {}
        for name, question in questions.items():
            few = len(self._open) + len(asked) < MOST_OPEN
            if few and covered(capabilities, era, question.method, question.params):
                asked[f"q{next(self._numbers)}"] = _Open(name, question, batch)
            else:
                batch.put(name, decline(question))
        if asked:
            self._open |= asked
            self._asking()
            if self._waiting:
                self._put(self._waiting[-1].sink)

    def _put(self, sink: Sink) -> None:
        name = self.identity.name
        asked = {
            key: task_state.related_question(each.question, name)
            for key, each in self._open.items()
        }
        sink.ask(asked, self.reply)

    def _asking(self) -> None:
        questions = {key: each.question for key, each in self._open.items()}
        self._become(task_state.waiting(self.state, self._now(), questions))

    def _fail(self, code: int, message: str, data: object = None) -> None:
        error: dict[str, object] = {"code": code, "message": message}
        if data is not None:
            error["data"] = data
        self._end(task_state.failed(self.state, self._now(), jsonrpc.encode(error)))

    def _end(self, state: TaskState) -> None:
        if self.state.over:
            return
        if len(state.error) > _ERROR_LIMIT:
            self._fail(jsonrpc.UPSTREAM_FAILED, "the error that ended the call is too large")
            return
        self.ticket = None
        self._open.clear()
        self.record = msgspec.structs.replace(self.record, recipe=b"", again=False, followed=None)
        self._become(state)
        self._tell()

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.sink.answer(task_state.outcome(waiter.id, self.identity.name, self.state))

    def _become(self, state: TaskState) -> None:
        self._record(msgspec.structs.replace(self.record, state=state))

    # The journal.

    def _record(self, record: TaskRecord) -> None:
        self.record = record
        self._unwritten = True
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        """All changes, until none is left; then, when the task is over, it is let go of here."""
        while self._unwritten:
            raise_if_cancelled()
            self._unwritten = False
            try:
                key = self.identity.key
                record = self.record
                kept = _without_questions(record)
                self._revision = await self._journal.write(key, kept, self._revision)
                self._hooks.wrote(key, record)
            except Moved:
                if not await self._still_ours():
                    self._lost()
                    return
            except Away as error:
                log.warning("the state of a task is not written yet: %s", error)
                self._unwritten = True
                if self._now() >= self.state.expires:
                    break
                await asyncio.sleep(AGAIN)
        self._writer = None
        if self.state.over:
            self._hooks.over(self)

    async def _still_ours(self) -> bool:
        """Whether what moved was moved by a write of ours whose answer was lost."""
        self._unwritten = True
        try:
            kept = await self._journal.read(self.identity.key)
        except Away:
            await asyncio.sleep(AGAIN)
            return True
        if kept is None or kept.record.owner != self.record.owner:
            return False
        self._revision = kept.revision
        return not kept.record.state.over

    def _lost(self) -> None:
        """Another replica took it over while this one was out of reach."""
        log.warning("a task of this replica was taken over by another one")
        if self.ticket is not None and not self.state.over:
            self.ticket.cancel()
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.sink.failed(Unavailable("another replica runs this task now; ask again"))
        self._writer = None
        self._hooks.over(self)

    async def aclose(self) -> None:
        """Nothing more is written from here."""
        if self._writer is not None:
            await end(self._writer)


def _without_questions(record: TaskRecord) -> TaskRecord:
    """They can be answered here alone; who goes on with the task is asked them anew."""
    state = msgspec.structs.replace(record.state, questions={})
    return msgspec.structs.replace(record, state=state)
