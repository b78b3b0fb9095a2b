"""A call of a modern client that may yet become a task: answered as any other one for a while,
then by the task, and carried on as that."""

import asyncio
from collections.abc import Callable, Mapping

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.data_plane.parked.task_journal import Followed
from mcpgateway.data_plane.pipeline.asking.rounds import Rounds
from mcpgateway.data_plane.pipeline.call import AnswerSink
from mcpgateway.data_plane.pipeline.sinks.read_sink import Between
from mcpgateway.data_plane.pipeline.tasks.keeper import Draft, Keeper
from mcpgateway.data_plane.pipeline.tasks.running import RunningTask
from mcpgateway.data_plane.upstreams.request import Answered, Question, Sink, Ticket

CarryOn = Callable[[RunningTask, Ticket | None], Sink]
"""Who takes the rest of the answer for a task; binds its ticket."""


class KeptCall(Between):
    """Implements Sink, and Ticket for `inner`, which answers the client."""

    def __init__(
        self,
        inner: AnswerSink,
        id: jsonrpc.Id,
        keeper: Keeper,
        draft: Callable[[], Draft],
        carry_on: CarryOn,
    ) -> None:
        self._inner = inner
        self._id = id
        self._keeper = keeper
        self._draft = draft
        self._carry_on = carry_on
        self._to: Sink = inner
        self._ticket: Ticket | None = None
        self._followed: Followed | None = None
        self._creating = False
        self._over = False
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    def bind(self, ticket: Ticket) -> None:
        """Call with what sending returned; the answer may have come already."""
        self._ticket = ticket
        if not self._over:
            self._inner.bind(self)

    def follows(self, followed: Followed) -> None:
        """The upstream made a task of it: it becomes one for the client at once."""
        self._followed = followed
        self._due()

    # The ticket of the client's exchange.

    def cancel(self) -> None:
        self._end()
        if self._ticket is not None:
            self._ticket.cancel()

    # The sink.

    def message(self, message: bytes) -> None:
        self._to.message(message)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        self._end()
        self._to.answer(response, status=status)

    def failed(self, error: GatewayError) -> None:
        self._end()
        self._to.failed(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self._to.ask(questions, answered)

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._keeper.terms.after, self._due)

    def _due(self) -> None:
        self._stop_timer()
        if self._over or self._creating or self._to is not self._inner:
            return
        if self._asks or not self._keeper.journal.up:
            self._wait()
            return
        draft = self._draft()
        if self._keeper.full(draft.identity.caller):
            self._wait()
            return
        self._creating = True
        self._keeper.create(draft, self._created)

    def _created(self, task: RunningTask | None) -> None:
        self._creating = False
        if task is not None and (self._over or self._asks):
            self._keeper.drop(task)  # it is answered, or the client has to be heard first
            task = None
        if task is None:
            if not self._over:
                self._wait()
            return
        self._over = True
        self._to = self._carry_on(task, self._ticket)
        if self._followed is not None:
            task.follows(self._followed)
        self._inner.answer(jsonrpc.response(self._id, self._keeper.created(task)))

    @property
    def _asks(self) -> bool:
        """Whether the client has questions to answer before it hears anything."""
        return isinstance(self._inner, Rounds) and self._inner.asking

    def _end(self) -> None:
        self._over = True
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
