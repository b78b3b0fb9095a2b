"""A call of a tool at an upstream of 2025-11-25 that makes a task of it, carried to its end.

The task is asked for, then its result, for which the upstream lets us wait; what it asks meanwhile
comes on that stream. All of it is said in the words of 2025-11-25. The session is the task's own
and known to all replicas, so that another one can go on with it.
"""

import asyncio
from collections.abc import Callable, Mapping

import msgspec
from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.jsonrpc import Params, encode, join_params
from mcpgateway.common.mcp import tasks, translate
from mcpgateway.common.mcp.client_capabilities import abilities, declaration
from mcpgateway.common.mcp.envelope import read_meta
from mcpgateway.common.mcp.followed import Seen, read_seen
from mcpgateway.common.mcp.revisions import V2025_11_25
from mcpgateway.common.mcp.translate_notifications import PROGRESS
from mcpgateway.data_plane.pipeline.sinks.read_sink import Between
from mcpgateway.data_plane.pipeline.tasks.errand import Errand
from mcpgateway.data_plane.pipeline.tasks.modern_run import FAILURES, Send
from mcpgateway.data_plane.upstreams.faults import unusable
from mcpgateway.data_plane.upstreams.request import (
    Answered,
    Question,
    Sink,
    Ticket,
    UpstreamRequest,
)

_PAUSE = 1.0  # seconds after a request for the result that broke off
_members = msgspec.json.Decoder(Params)


def as_legacy(request: UpstreamRequest, session: str, ttl: int) -> UpstreamRequest:
    """The call of a modern client as one of 2025-11-25 makes it, in a session of this id, asking
    for a task that lives for `ttl` seconds."""
    client = request.client
    able = abilities(client.capabilities, client.era, client.revision)
    params = translate.params_to_legacy(request.params)
    params[tasks.TASK] = msgspec.Raw(encode({"ttl": ttl * 1000}))
    return msgspec.structs.replace(
        request,
        client=msgspec.structs.replace(
            client,
            era="legacy",
            revision=V2025_11_25,
            session=session,
            capabilities=declaration(able, V2025_11_25),
        ),
        params=params,
        reads=True,
    )


class LegacyRun(Between):
    """Implements Sink for the upstream's answer to the call, and Ticket for who waits for its
    end. `request` is what `as_legacy` made. `follows` hears of the upstream's task; `over` is
    called at the end, with the id of the session that is not needed any more."""

    def __init__(
        self,
        request: UpstreamRequest,
        sink: Sink,
        send: Send,
        over: Callable[[str], None],
        follows: Callable[[str], None] | None = None,
    ) -> None:
        self._request = request
        self._sink = sink
        self._send = send
        self._session_over = over
        self._follows = follows
        self._ticket: Ticket | None = None
        self._task = ""
        self._requests = 0
        self._reports = 0
        self._failures = 0
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def start(self) -> None:
        self._ticket = self._send(self._request, self)

    def follow(self, task: str) -> None:
        """From here on, with a task that the upstream made for the call."""
        self._task = task
        self._ask_for_result()

    # The ticket.

    def cancel(self) -> None:
        if self._over:
            return
        ticket = self._ticket
        if self._task:
            self._send(self._about(tasks.CANCEL), Errand())
        if ticket is not None:
            ticket.cancel()
        self._end()

    # The upstream's answer to the call.

    def message(self, message: bytes) -> None:
        """Of the state of the task what it says is told, as progress."""
        if self._over:
            return
        frame = jsonrpc.decode_frame(message)
        if frame.method != tasks.STATUS:
            self._sink.message(message)
        elif isinstance(frame.params, dict):
            self._tell(frame.params)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        if self._over:
            return
        frame = jsonrpc.decode_frame(response)
        if isinstance(frame.result, msgspec.UnsetType):
            self._finish(response)
            return
        try:
            made = tasks.becomes_task(frame.result)
        except ValueError as problem:
            self._fail(f"answered {self._request.method} with a task that is none: {problem}")
            return
        if made is None:
            self._finish(response)
            return
        if self._follows is not None:
            self._follows(made)
        self.follow(made)

    def failed(self, error: GatewayError) -> None:
        if not self._over:
            self._end()
            self._sink.failed(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self._sink.ask(questions, answered)

    # Its task.

    def _ask_for_result(self) -> None:
        about = msgspec.structs.replace(self._about(tasks.RESULT), patient=True)
        self._ticket = self._send(about, _Result(self))

    def concluded(self, frame: jsonrpc.Frame) -> None:
        """The answer to `tasks/result`."""
        if self._over:
            return
        if isinstance(frame.result, msgspec.UnsetType):
            error = b"{}" if isinstance(frame.error, msgspec.UnsetType) else bytes(frame.error)
            self._finish(jsonrpc.raw_error(self._request.id, error))
        else:
            self._finish(jsonrpc.response(self._request.id, _unrelated(frame.result)))

    def broke_off(self, error: GatewayError) -> None:
        """A request for the result that failed says nothing of the task."""
        self._failures += 1
        if self._over:
            return
        if self._failures >= FAILURES:
            self.failed(error)
            return
        pause = _PAUSE * self._failures
        self._timer = asyncio.get_running_loop().call_later(pause, self._ask_for_result)

    def _tell(self, state: Params) -> None:
        try:
            seen: Seen = read_seen(join_params(state))
        except ValueError:
            return
        token = translate.progress_token(self._request.params)
        if token is None or not seen.message or seen.id != self._task:
            return
        self._reports += 1
        params = {"progressToken": token, "progress": self._reports, "message": seen.message}
        self._sink.message(jsonrpc.notification(PROGRESS, encode(params)))

    def _about(self, method: str) -> UpstreamRequest:
        """A request about the task, as of the client of the call."""
        self._requests += 1
        return msgspec.structs.replace(
            self._request,
            id=f"mcpgateway-task-{self._requests}",
            method=method,
            params={tasks.TASK_ID: msgspec.Raw(encode(self._task))},
            safe=True,
        )

    def _finish(self, response: bytes) -> None:
        self._end()
        self._sink.answer(response)

    def _fail(self, problem: str) -> None:
        self._end()
        error = unusable(self._request.upstream.name, problem)
        self._sink.failed(error)

    def _end(self) -> None:
        self._over = True
        self._ticket = None
        if self._timer is not None:
            self._timer.cancel()
        self._session_over(self._request.client.session)


class _Result(Errand):
    """Takes the answer to `tasks/result`, on whose stream the upstream may ask and tell."""

    def __init__(self, run: LegacyRun) -> None:
        super().__init__(run.concluded, run.broke_off)
        self._run = run

    @override
    def message(self, message: bytes) -> None:
        self._run.message(message)

    @override
    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self._run.ask(questions, answered)


def _unrelated(result: msgspec.Raw) -> bytes:
    """Without the task that it came from, which the client never heard of."""
    members = _members.decode(result)
    meta = read_meta(members)
    if meta is None or tasks.META_RELATED not in meta:
        return bytes(result)
    kept = {key: value for key, value in meta.items() if key != tasks.META_RELATED}
    if kept:
        members["_meta"] = msgspec.Raw(join_params(kept))
    else:
        del members["_meta"]
    return join_params(members)
