"""Tasks of upstreams that speak the client's era: passed on under names of the client's own.

What names a task is read and renamed, both ways; all else goes through as it does without tasks.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.mcp.handles import HandleError
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES, V2025_11_25
from mcpgateway.common.mcp.tasks import Rename
from mcpgateway.common.routing.model import Upstream
from mcpgateway.data_plane.pipeline.admitting.authorize import find_upstream
from mcpgateway.data_plane.pipeline.answer import invalid, invalid_param
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.tasks.names import TaskName, TaskNames
from mcpgateway.data_plane.upstreams.faults import unusable
from mcpgateway.data_plane.upstreams.request import Answered, Question, Sink, UpstreamRequest


class Made(Protocol):
    """Remembers which tasks legacy callers made: server, caller, task."""

    def listed(self, server: str, caller: str, name: TaskName, /) -> None: ...

    def if_own(
        self, server: str, caller: str, name: TaskName, then: Callable[[], None], /
    ) -> None: ...


_METHODS = frozenset({tasks.GET, tasks.UPDATE, tasks.CANCEL, tasks.RESULT})
UNKNOWN = invalid("unknown task: it is another caller's, has expired, or never was")
UNDECLARED = Problem(
    jsonrpc.MISSING_CLIENT_CAPABILITY,
    f"the client did not declare the extension {tasks.EXTENSION}",
    data=tasks.REQUIRED,
)


class Passage(NamedTuple):
    """How the answer to one call is read. `reads`: the answer itself may name tasks; else only
    what comes before it. `rename` names any task for the client, `known` the one that the call
    is about: of others an upstream may speak whose clients come with the same credentials.
    `if_own` calls back where one is the caller's. `made` hears the upstream's id of a task that
    the call became."""

    upstream: str
    method: str
    rename: Rename
    known: Rename
    reads: bool
    made: Callable[[str], None]
    if_own: Callable[[str, Callable[[], None]], None]

    def request(self, request: UpstreamRequest) -> UpstreamRequest:
        """`tasks/result` waits for the end of its task."""
        patient = self.method == tasks.RESULT
        return msgspec.structs.replace(request, reads=self.reads, patient=patient)

    def sink(self, sink: Sink) -> Sink:
        return RenamingSink(self, sink)


class Passing:
    """Decides which calls concern tasks of an upstream of the client's own era."""

    def __init__(self, names: TaskNames, tasks_made: Made) -> None:
        self._names = names
        self._made = tasks_made

    def of(self, call: Call, upstream: Upstream) -> Passage | None:
        """None for the many that do not."""
        if call.era != upstream.era or b"tasks" not in upstream.capabilities:
            return None
        if call.method in _METHODS:
            return self._passage(call, upstream, reads=True)
        if not tasks.offered(upstream.capabilities, upstream.era):
            return None
        if call.era == "modern":
            return self._passage(call, upstream, reads=True) if may_get_task(call) else None
        if call.session is None and not asks_for_task(call):
            return None
        return self._passage(call, upstream, reads=asks_for_task(call))

    def _passage(self, call: Call, upstream: Upstream, *, reads: bool) -> Passage:
        known: dict[str, str] = {}
        text = read_string(call.params.get(tasks.TASK_ID))
        if text is not None:
            known[self._names.open(call, text).id] = text
        server, caller = call.view.server_id, call.caller.key

        def rename(id: str) -> str:
            return known.get(id) or self._names.seal(server, caller, TaskName(upstream.id, id))

        def made(id: str) -> None:
            if call.era == "legacy":  # modern clients have no list
                self._made.listed(server, caller, TaskName(upstream.id, id))

        def if_own(id: str, then: Callable[[], None]) -> None:
            self._made.if_own(server, caller, TaskName(upstream.id, id), then)

        about = partial(_known, known)
        return Passage(upstream.name, call.method, rename, about, reads, made, if_own)


def may_get_task(call: Call) -> bool:
    """Whether a modern client takes a task in place of a result."""
    return call.method == tasks.CALL and understands(call)


def understands(call: Call) -> bool:
    """Whether a modern client declared the extension."""
    return call.meta is not None and tasks.declared(call.meta.get(META_CLIENT_CAPABILITIES))


def asks_for_task(call: Call) -> bool:
    """Whether a legacy client wants a task in place of a result; before 2025-11-25 the member
    means nothing."""
    wants = call.method == tasks.CALL and tasks.TASK in call.params
    return wants and call.era == "legacy" and call.revision >= V2025_11_25


def named_task(names: TaskNames, call: Call) -> TaskName | Problem:
    """The task that a method of tasks is about, if its client may use such methods at all."""
    if call.era == "modern" and not understands(call):
        return UNDECLARED
    text = read_string(call.params.get(tasks.TASK_ID))
    if text is None:
        return invalid_param(tasks.TASK_ID, "must be a string: the task's id")
    try:
        return names.open(call, text)
    except HandleError:
        return UNKNOWN


def find_keeper(call: Call, name: TaskName) -> Upstream | None:
    """The upstream that keeps a task, if the caller may still reach it as it did."""
    upstream = find_upstream(call.table, call.view, name.upstream)
    return None if upstream is None or upstream.era != call.era else upstream


def _known(names: Mapping[str, str], id: str) -> str:
    """What the client itself calls a task that it named."""
    name = names.get(id)
    if name is None:
        raise ValueError("the call is about another task")
    return name


class RenamingSink:
    """Implements Sink: stands before the one that takes a call's answer."""

    __slots__ = ("_over", "_passage", "_sink")

    def __init__(self, passage: Passage, sink: Sink) -> None:
        self._over = False
        self._passage = passage
        self._sink = sink

    def relay_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._sink.relay_head(status, headers)

    def relay_chunk(self, data: bytes) -> None:
        self._sink.relay_chunk(data)

    def relay_end(self) -> None:
        self._over = True
        self._sink.relay_end()

    def message(self, message: bytes) -> None:
        try:
            self._sink.message(tasks.message_renamed(message, self._passage.known))
        except ValueError:
            self._of_another(message)

    def _of_another(self, message: bytes) -> None:
        """What the status of a task is, its own caller alone hears; all else is told without the
        task that it is related to."""
        id = tasks.status_id(message)
        if id is None:
            self._sink.message(tasks.unrelated(message))
        elif id:
            self._passage.if_own(id, partial(self._tell_own, message))

    def _tell_own(self, message: bytes) -> None:
        if not self._over:
            self._sink.message(tasks.message_renamed(message, self._passage.rename))

    def answer(self, response: bytes, *, status: int = 200) -> None:
        self._over = True
        if not self._passage.reads:
            self._sink.answer(response, status=status)
            return
        frame = jsonrpc.decode_frame(response)
        if isinstance(frame.result, msgspec.UnsetType) or not isinstance(frame.id, int | str):
            self._sink.answer(response, status=status)
            return
        passage = self._passage
        rename = passage.rename if passage.method == tasks.CALL else passage.known
        try:
            result = tasks.result_renamed(passage.method, frame.result, rename)
        except ValueError as problem:
            said = f"answered {passage.method} with a task that is not to be used: {problem}"
            self._sink.failed(unusable(passage.upstream, said))
            return
        if passage.method == tasks.CALL:
            made = tasks.becomes_task(frame.result)
            if made is not None:
                passage.made(made)
        self._sink.answer(jsonrpc.response(frame.id, result), status=status)

    def failed(self, error: GatewayError) -> None:
        self._over = True
        self._sink.failed(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self._sink.ask({key: self._question(each) for key, each in questions.items()}, answered)

    def _question(self, question: Question) -> Question:
        return tasks_question(question, self._passage.known)


def tasks_question(question: Question, rename: Rename) -> Question:
    """A question that belongs to a task, under the client's name for it."""
    if tasks.META_RELATED.encode() not in question.params:
        return question
    params = jsonrpc.decode_frame(jsonrpc.notification("q", question.params)).params
    assert not isinstance(params, msgspec.UnsetType)
    try:
        renamed = tasks.params_renamed(params, rename)
    except ValueError:
        renamed = {key: value for key, value in params.items() if key != "_meta"}
    return Question(question.method, jsonrpc.join_params(renamed))
