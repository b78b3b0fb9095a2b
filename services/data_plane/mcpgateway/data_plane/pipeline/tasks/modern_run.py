"""A call of a tool at a modern upstream, carried to its end: in as many rounds as the upstream
wants input, and through its task, when it makes one.

What it says it says in the words of 2026-07-28; `words` puts that into a legacy client's.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import input_rounds, tasks, translate
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.followed import Seen, read_seen
from mcpgateway.common.mcp.headers import PARAM_PREFIX
from mcpgateway.common.mcp.input_rounds import Aborted, InputRequired
from mcpgateway.common.mcp.questions import INPUT_REQUIRED, Reply
from mcpgateway.common.mcp.translate_notifications import PROGRESS
from mcpgateway.data_plane.pipeline.sinks.read_sink import Between
from mcpgateway.data_plane.pipeline.tasks.errand import Errand
from mcpgateway.data_plane.upstreams.faults import unusable
from mcpgateway.data_plane.upstreams.request import (
    Answered,
    Question,
    Sink,
    Ticket,
    UpstreamRequest,
)

Send = Callable[[UpstreamRequest, Sink], Ticket]
FAILURES = 5  # of polls in a row, after which the task is given up
_PAUSE = 1.0  # seconds between two polls where the upstream names none, and after a failure


class ModernRun(Between):
    """Implements Sink for the upstream's answers, and Ticket for who waits for its end. `request`
    is of a modern client. `follows` hears of the upstream's task."""

    def __init__(
        self,
        request: UpstreamRequest,
        sink: Sink,
        send: Send,
        follows: Callable[[str], None] | None = None,
    ) -> None:
        self._request = msgspec.structs.replace(request, reads=True)
        self._sink = sink
        self._send = send
        self._follows = follows
        self._ticket: Ticket | None = None
        self._numbers = count(1)
        self._pauses = 0
        self._round = 0
        self._task = ""
        self._asked: frozenset[str] = frozenset()  # keys of the task's questions put so far
        self._failures = 0
        self._said = ""
        self._reports = count(1)
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def start(self) -> None:
        self._ticket = self._send(self._request, self)

    def adopt(self, ticket: Ticket | None) -> None:
        """The request is under way already; its answer comes here."""
        self._ticket = ticket

    def follow(self, task: str, after: float = 0.0) -> None:
        """From here on, with a task that the upstream made for the call."""
        self._ticket = None
        self._task = task
        self._later(after, self._poll)

    # The ticket.

    def cancel(self) -> None:
        if self._over:
            return
        self._end()
        if self._ticket is not None:
            self._ticket.cancel()
        if self._task:
            self._send(self._about(tasks.CANCEL), Errand())

    # The upstream's answers to the call.

    def message(self, message: bytes) -> None:
        if not self._over:
            self._sink.message(message)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        self._ticket = None
        if self._over:
            return
        frame = jsonrpc.decode_frame(response)
        if isinstance(frame.result, msgspec.UnsetType):
            self._finish(jsonrpc.raw_error(self._request.id, _error(frame)), status)
            return
        kind = read_string(_members.decode(frame.result).get("resultType"))
        if kind == INPUT_REQUIRED:
            self._more_input(frame.result)
        elif kind == tasks.TASK:
            self._become_task(frame.result)
        else:
            self._finish(jsonrpc.response(self._request.id, bytes(frame.result)), status)

    def failed(self, error: GatewayError) -> None:
        if not self._over:
            self._end()
            self._sink.failed(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        """Modern upstreams ask by their results."""
        self._sink.ask(questions, answered)

    # Rounds.

    def _more_input(self, result: msgspec.Raw) -> None:
        self._round += 1
        try:
            wanted = input_rounds.read(result)
        except input_rounds.Malformed as problem:
            self._fail(f"answered {self._request.method}: the result {problem}")
            return
        if self._round >= input_rounds.MAX_ROUNDS:
            self._fail(f"asked for input in {input_rounds.MAX_ROUNDS} rounds without an answer")
        elif wanted.questions:
            self._sink.ask(wanted.questions, partial(self._replied, wanted))
        else:
            pause = input_rounds.pause(self._pauses)
            self._pauses += 1
            self._later(pause, partial(self._next_round, wanted, {}))

    def _replied(self, wanted: InputRequired, replies: Mapping[str, Reply]) -> None:
        if self._over:
            return
        given = input_rounds.responses(wanted.questions, replies)
        if isinstance(given, Aborted):
            self._finish(jsonrpc.raw_error(self._request.id, given.error))
        else:
            self._next_round(wanted, given)

    def _next_round(self, wanted: InputRequired, given: Mapping[str, bytes]) -> None:
        params = input_rounds.next_params(self._request.params, given, wanted.state)
        id = input_rounds.round_id(self._round)
        self._ticket = self._send(
            msgspec.structs.replace(self._request, id=id, params=params), self
        )

    # Its task.

    def _become_task(self, result: msgspec.Raw) -> None:
        try:
            seen = read_seen(result)
        except ValueError as problem:
            self._fail(f"answered {self._request.method} with a task that {problem}")
            return
        if self._follows is not None:
            self._follows(seen.id)
        self.follow(seen.id, seen.pause(_PAUSE))

    def _poll(self) -> None:
        self._send(self._about(tasks.GET), Errand(self._polled, self._missed))

    def _polled(self, frame: jsonrpc.Frame) -> None:
        if self._over:
            return
        self._failures = 0
        if isinstance(frame.result, msgspec.UnsetType):
            self._finish(jsonrpc.raw_error(self._request.id, _error(frame)))
            return
        try:
            seen = read_seen(frame.result)
        except ValueError as problem:
            self._fail(f"answered {tasks.GET} with a task that {problem}")
            return
        match seen.status:
            case "completed" if seen.result:
                self._finish(jsonrpc.response(self._request.id, seen.result))
            case "failed" if seen.error:
                self._finish(jsonrpc.raw_error(self._request.id, seen.error))
            case "completed" | "failed" | "cancelled":
                self._fail(f"says that its task is {seen.status}, and not how it ended")
            case _:
                self._goes_on(seen)

    def _goes_on(self, seen: Seen) -> None:
        self._tell(seen.message)
        new = {key: each for key, each in seen.questions.items() if key not in self._asked}
        if new:
            self._asked |= new.keys()
            self._sink.ask(new, partial(self._update, new))
        self._later(seen.pause(_PAUSE), self._poll)

    def _update(self, asked: Mapping[str, Question], replies: Mapping[str, Reply]) -> None:
        if self._over:
            return
        given = input_rounds.responses(asked, replies)
        if isinstance(given, Aborted):
            self.cancel()
            self._sink.answer(jsonrpc.raw_error(self._request.id, given.error))
            return
        raw = {key: msgspec.Raw(each) for key, each in given.items()}
        update = self._about(tasks.UPDATE)
        responses = msgspec.Raw(jsonrpc.join_params(raw))
        params = {**update.params, "inputResponses": responses}
        self._send(msgspec.structs.replace(update, params=params), Errand())

    def _missed(self, error: GatewayError) -> None:
        """A poll that failed says nothing of the task."""
        self._failures += 1
        if self._over:
            return
        if self._failures >= FAILURES:
            self.failed(error)
        else:
            self._later(_PAUSE * self._failures, self._poll)

    def _tell(self, message: str) -> None:
        """As progress, to a client that asked for it."""
        token = translate.progress_token(self._request.params)
        if token is None or not message or message == self._said:
            return
        self._said = message
        params = {"progressToken": token, "progress": next(self._reports), "message": message}
        self._sink.message(jsonrpc.notification(PROGRESS, jsonrpc.encode(params)))

    def _about(self, method: str) -> UpstreamRequest:
        """A request about the task, as of the client of the call."""
        params = {tasks.TASK_ID: msgspec.Raw(jsonrpc.encode(self._task))}
        params["_meta"] = self._request.params["_meta"]
        headers = [it for it in self._request.headers if not it[0].startswith(PARAM_PREFIX)]
        return msgspec.structs.replace(
            self._request,
            id=f"mcpgateway-task-{next(self._numbers)}",
            method=method,
            params=params,
            headers=tuple(headers),
            safe=True,
        )

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, do)

    def _finish(self, response: bytes, status: int = 200) -> None:
        self._end()
        self._sink.answer(response, status=status)

    def _fail(self, problem: str) -> None:
        self._end()
        error = unusable(self._request.upstream.name, problem, outcome_unknown=False)
        self._sink.failed(error)

    def _end(self) -> None:
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_members = msgspec.json.Decoder(jsonrpc.Params)


def _error(frame: jsonrpc.Frame) -> bytes:
    return b"{}" if isinstance(frame.error, msgspec.UnsetType) else bytes(frame.error)
