"""What clients ask of the tasks that the gateway keeps: answered where the task runs, or from the
journal by any replica. A replica that finds the one that ran a task gone goes on with it."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, Unavailable
from mcpgateway.common.mcp import task_state, tasks
from mcpgateway.common.mcp.envelope import Problem, read_meta
from mcpgateway.common.mcp.questions import replies
from mcpgateway.common.mcp.task_state import TaskState
from mcpgateway.data_plane.parked.bucket import Away, Moved
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.parked.task_journal import Kept, TaskRecord
from mcpgateway.data_plane.pipeline.admitting.authorize import find_tool
from mcpgateway.data_plane.pipeline.aims import at_tool
from mcpgateway.data_plane.pipeline.answer import invalid, invalid_param, problem_of
from mcpgateway.data_plane.pipeline.call import Call, Result
from mcpgateway.data_plane.pipeline.composing.stepping import Meant
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.tasks.conductor import Conductor
from mcpgateway.data_plane.pipeline.tasks.course import course_of
from mcpgateway.data_plane.pipeline.tasks.keeper import Keeper, capabilities_of, is_offered
from mcpgateway.data_plane.pipeline.tasks.passing import UNKNOWN
from mcpgateway.data_plane.pipeline.tasks.running import Identity, RunningTask, Waiter
from mcpgateway.data_plane.upstreams.request import UpstreamRequest

_ATTEMPTS = 8  # at a record that others write, too
_PAUSE = 0.02  # seconds, between two attempts
_ID = "mcpgateway-again"
_ACK = b'{"resultType":"complete"}'
_params = msgspec.json.Decoder(jsonrpc.Params)
_LOST = jsonrpc.encode(
    {
        "code": jsonrpc.OUTCOME_UNKNOWN,
        "message": "the replica that made this call is gone, and with it what became of the call",
        "data": {"outcome": "unknown"},
    }
)


class Asked(NamedTuple):
    """A client's request about a task of the gateway's. `name` is what the client calls it."""

    call: Call
    key: str
    name: str


class Again(NamedTuple):
    """How a call is made again."""

    call: Call
    request: UpstreamRequest


class KeptTasks:
    """Answers the methods of tasks. Reading the journal takes a task of the loop for each request
    whose task does not run here."""

    def __init__(
        self, keeper: Keeper, owners: Owners, remote: Remote, conductor: Conductor
    ) -> None:
        self._keeper = keeper
        self._owners = owners
        self._remote = remote
        self._conductor = conductor

    def answer(self, asked: Asked) -> None:
        task = self._keeper.find(asked.key)
        if task is not None:
            self._answer_running(asked, task)
        else:
            self._keeper.spawn(self._answer_by_journal(asked))

    # Where it runs.

    def _answer_running(self, asked: Asked, task: RunningTask) -> None:
        call = asked.call
        if task.record.era != call.era:
            call.form.refuse(call, UNKNOWN)
        elif not is_offered(call, task.record):
            task.cancel()  # nobody can ask for it any more
            call.form.refuse(call, UNKNOWN)
        elif call.method == tasks.RESULT:
            self._wait(call, task)
        elif call.method == tasks.UPDATE:
            self._update(call, task)
        elif call.method == tasks.CANCEL:
            over = task.state.over
            task.cancel()
            self._cancelled(asked, task.state, over=over)
        else:
            self._show(asked, task.state)

    def _wait(self, call: Call, task: RunningTask) -> None:
        sink = self._remote.sink(call, None)
        waiter = Waiter(call.id, sink)
        task.wait(waiter)
        sink.bind(_Leaving(partial(task.leave, waiter)))

    def _update(self, call: Call, task: RunningTask) -> None:
        given = replies(call.params.get("inputResponses"))
        if isinstance(given, str):
            call.form.refuse(call, invalid_param("inputResponses", given))
            return
        task.reply(given)
        call.form.result(call, Result(_ACK))

    def _cancelled(self, asked: Asked, state: TaskState, *, over: bool) -> None:
        """`over`: it was, before."""
        call = asked.call
        if call.era == "modern":
            call.form.result(call, Result(_ACK))
        elif over:
            call.form.refuse(call, invalid(f"the task is over: {state.status}"))
        else:
            self._show(asked, state)

    def _show(self, asked: Asked, state: TaskState) -> None:
        call = asked.call
        shown = task_state.shown(call.era, asked.name, state, self._keeper.terms.poll)
        call.form.result(call, Result(shown))

    # By the journal.

    async def _answer_by_journal(self, asked: Asked) -> None:
        call = asked.call
        try:
            await self._look_up(asked)
        except (Away, Moved) as error:
            problem = Unavailable(f"the task can not be looked up now: {error}")
            call.form.refuse(call, problem_of(problem))
        except GatewayError as error:
            call.form.failed(call, error)

    async def _look_up(self, asked: Asked) -> None:
        call = asked.call
        kept = await self._read(asked)
        if kept is None:
            call.form.refuse(call, UNKNOWN)
        elif kept.record.state.over:
            await self._answer_ended(asked, kept.record)
        else:
            await self._lead_to(asked, kept.record.owner)

    async def _read(self, asked: Asked) -> Kept | None:
        kept = await self._keeper.journal.read(asked.key)
        if kept is None or kept.record.era != asked.call.era:
            return None
        return None if self._keeper.now() >= kept.record.state.expires else kept

    async def _answer_ended(self, asked: Asked, record: TaskRecord) -> None:
        call = asked.call
        if not is_offered(call, record):
            call.form.refuse(call, UNKNOWN)
            return
        if call.method == tasks.UPDATE:
            call.form.result(call, Result(_ACK))
            return
        if call.method == tasks.CANCEL:
            self._cancelled(asked, record.state, over=True)
            return
        state = await self._keeper.journal.whole(asked.key, record)
        if call.method == tasks.RESULT:
            sink = self._remote.sink(call, None)
            sink.answer(task_state.outcome(call.id, asked.name, state))
        else:
            self._show(asked, state)

    # When the replica that ran it is gone.

    async def _lead_to(self, asked: Asked, owner: str) -> None:
        if owner == self._keeper.replica:
            await self._take_over(asked, owner)  # it ended just now, or this replica forgot it
        else:
            self._owners.hand_over(asked.call.exchange, owner, partial(self._gone, asked, owner))

    def _gone(self, asked: Asked, owner: str) -> None:
        self._keeper.spawn(self._taken_over(asked, owner))

    async def _taken_over(self, asked: Asked, owner: str) -> None:
        call = asked.call
        try:
            await self._take_over(asked, owner)
        except (Away, Moved) as error:
            problem = Unavailable(f"the task can not be gone on with now: {error}")
            call.form.refuse(call, problem_of(problem))

    async def _take_over(self, asked: Asked, gone: str) -> None:
        """Compare and put: of several replicas that notice, one goes on with it, to which the
        others lead. `gone` is the replica that ran it."""
        for _ in range(_ATTEMPTS):
            kept = await self._read(asked)
            running = self._keeper.find(asked.key)
            if running is not None:
                self._answer_running(asked, running)
            elif kept is None:
                asked.call.form.refuse(asked.call, UNKNOWN)
            elif kept.record.state.over:
                await self._answer_ended(asked, kept.record)
            elif kept.record.owner != gone:
                await self._lead_to(asked, kept.record.owner)
            elif not await self._succeed(asked, kept):
                await asyncio.sleep(_PAUSE)
                continue  # another one has, or this one read what was old
            return
        raise Away("others go on with it, too")

    async def _succeed(self, asked: Asked, kept: Kept) -> bool:
        again = self._again(asked.call, kept.record)
        record = self._succession(asked, kept.record, again)
        try:
            revision = await self._keeper.journal.write(asked.key, record, kept.revision)
        except Moved:
            return False
        self._keeper.changed(asked.key, record)
        self._go_on(asked, kept.record, Kept(record, revision), again)
        return True

    def _succession(self, asked: Asked, record: TaskRecord, again: Again | None) -> TaskRecord:
        """The record of a task whose replica is gone, when this one has seen to it."""
        now = self._keeper.now()
        replace = msgspec.structs.replace
        if asked.call.method == tasks.CANCEL:
            return _ended(record, task_state.cancelled(record.state, now))
        if again is None:
            return _ended(record, task_state.failed(record.state, now, _LOST))
        # What it asked is asked again.
        return replace(
            record, owner=self._keeper.replica, state=task_state.waiting(record.state, now, {})
        )

    def _go_on(self, asked: Asked, before: TaskRecord, kept: Kept, again: Again | None) -> None:
        if kept.record.owner != self._keeper.replica or again is None:
            if asked.call.method == tasks.CANCEL:
                self._stop(before, again)
                self._cancelled(asked, kept.record.state, over=False)
            else:
                self._answer_with(asked, kept.record.state)
            return
        identity = Identity(
            asked.key, asked.name, again.call.caller.key, capabilities_of(again.call)
        )
        task = self._keeper.run(identity, kept.record, kept.revision)
        self._resume(task, again)
        self._answer_running(asked, task)

    def _answer_with(self, asked: Asked, state: TaskState) -> None:
        call = asked.call
        if call.method == tasks.RESULT:
            self._remote.sink(call, None).answer(task_state.outcome(call.id, asked.name, state))
        elif call.method == tasks.UPDATE:
            call.form.result(call, Result(_ACK))
        else:
            self._show(asked, state)

    def _resume(self, task: RunningTask, again: Again) -> None:
        request = again.request
        reads = request.tool is not None
        course = course_of(
            again.call, request.upstream, request.definition, keeps=True, reads=reads
        )
        runs = "plainly" if course is None else course.runs
        self._conductor.go_on(task, request, runs, task.record.followed)

    def _stop(self, record: TaskRecord, again: Again | None) -> None:
        """A task of the upstream's is told, too."""
        if again is not None and record.followed is not None:
            self._conductor.stop(again.request, record.followed)

    def _again(self, call: Call, record: TaskRecord) -> Again | None:
        """How to go on with a call; None where nobody can, or may."""
        if not record.recipe or not (record.again or record.followed is not None):
            return None
        params = _params.decode(record.recipe)
        tool = find_tool(call.view, params.get("name"))
        if isinstance(tool, Problem):
            return None
        made = msgspec.structs.replace(
            call, method=tasks.CALL, id=_ID, params=params, meta=read_meta(params), indirect=True
        )
        if tool.recipe:
            meant = self._remote.recipes.meant(made, tool)
            if not isinstance(meant, Meant):
                return None
            made, tool = meant
        aimed = at_tool(tool)
        upstream = self._remote.upstream_of(made, aimed)
        if record.followed is not None and record.followed.upstream != upstream.id:
            return None
        return Again(made, self._remote.request(made, upstream, aimed))


def _ended(record: TaskRecord, state: TaskState) -> TaskRecord:
    return msgspec.structs.replace(
        record, owner="", state=state, recipe=b"", again=False, followed=None
    )


class _Leaving:
    """The ticket of who waits for a task: to stop waiting does not stop the task."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave

    def cancel(self) -> None:
        self._leave()

    def pause(self) -> None:
        """Nothing comes in such numbers."""

    def resume(self) -> None:
        """See `pause`."""
