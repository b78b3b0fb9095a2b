"""What a task is at one moment, and how clients of either era are told. Pure.

Ids are the client's names for a task. Times are Unix seconds, lifetimes seconds.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.jsonrpc import Params, encode, join_params
from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.envelope import read_meta
from mcpgateway.common.mcp.questions import Question
from mcpgateway.common.mcp.revisions import Era

Status = Literal["working", "input_required", "completed", "failed", "cancelled"]
TERMINAL: frozenset[Status] = frozenset({"completed", "failed", "cancelled"})
MAX_MESSAGE = 1_000  # characters of a status message that are kept
_OVER = "the task was cancelled"
_object = msgspec.json.Decoder(Params)


class TaskState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """`result` or `error` is the JSON member that ended it, in the era of its client; `questions`
    are those that it waits for."""

    status: Status
    created: float
    updated: float
    ttl: int
    message: str = ""
    questions: dict[str, Question] = {}
    result: bytes = b""
    error: bytes = b""

    @property
    def over(self) -> bool:
        return self.status in TERMINAL

    @property
    def expires(self) -> float:
        return self.created + self.ttl


def ended(state: TaskState, now: float, response: bytes) -> TaskState:
    """By a JSON-RPC response."""
    frame = jsonrpc.decode_frame(response)
    if isinstance(frame.result, msgspec.UnsetType):
        error = b"{}" if isinstance(frame.error, msgspec.UnsetType) else bytes(frame.error)
        return failed(state, now, error)
    return msgspec.structs.replace(
        state, status="completed", updated=now, questions={}, result=bytes(frame.result)
    )


def failed(state: TaskState, now: float, error: bytes) -> TaskState:
    """By the JSON of an error object."""
    said = jsonrpc.decode_error(error).message[:MAX_MESSAGE]
    return msgspec.structs.replace(
        state, status="failed", updated=now, questions={}, message=said, error=error
    )


def cancelled(state: TaskState, now: float) -> TaskState:
    return msgspec.structs.replace(state, status="cancelled", updated=now, questions={})


def waiting(state: TaskState, now: float, questions: Mapping[str, Question]) -> TaskState:
    """For the client's replies, or with no questions for nothing any more."""
    status: Status = "input_required" if questions else "working"
    return msgspec.structs.replace(state, status=status, updated=now, questions=dict(questions))


def says(state: TaskState, now: float, message: str) -> TaskState:
    """What the upstream says of its progress."""
    return msgspec.structs.replace(state, updated=now, message=message[:MAX_MESSAGE])


def created(era: Era, id: str, state: TaskState, poll: float) -> bytes:
    """The result that a call is answered with in place of its own; `poll` are seconds."""
    if era == "modern":
        return encode({"resultType": tasks.TASK, **_modern(id, state, poll)})
    return encode({tasks.TASK: _legacy(id, state, poll)})


def shown(era: Era, id: str, state: TaskState, poll: float) -> bytes:
    """The result of `tasks/get`; in 2026-07-28 with all that belongs to its status."""
    if era == "legacy":
        return encode(_legacy(id, state, poll))
    return encode({"resultType": "complete", **whole(id, state, poll)})


def whole(id: str, state: TaskState, poll: float) -> dict[str, Any]:
    """All that a client of 2026-07-28 is told of a task."""
    members = _modern(id, state, poll)
    if state.result:
        members["result"] = msgspec.Raw(state.result)
    elif state.error:
        members["error"] = msgspec.Raw(state.error)
    elif state.questions:
        members["inputRequests"] = {
            key: {"method": each.method, "params": msgspec.Raw(each.params)}
            for key, each in state.questions.items()
        }
    return members


def outcome(id: jsonrpc.Id, name: str, state: TaskState) -> bytes:
    """The response to `tasks/result` (2025-11-25) for a task that is over."""
    if state.result:
        return jsonrpc.response(id, _related(state.result, name))
    if state.error:
        return jsonrpc.raw_error(id, state.error)
    return jsonrpc.error(id, jsonrpc.INTERNAL_ERROR, _OVER)


def is_error(result: bytes) -> bool:
    """Whether the result of a tool says that the tool failed."""
    return bytes(_object.decode(result).get("isError", b"")) == b"true"


def related_question(question: Question, name: str) -> Question:
    """A question to a client of 2025-11-25, with the task that it belongs to."""
    return Question(question.method, _related(question.params, name))


def _related(members: bytes, name: str) -> bytes:
    found = _object.decode(members)
    meta = read_meta(found) or {}
    related = msgspec.Raw(encode({tasks.TASK_ID: name}))
    found["_meta"] = msgspec.Raw(join_params({**meta, tasks.META_RELATED: related}))
    return join_params(found)


def _common(id: str, state: TaskState, status: Status) -> dict[str, Any]:
    members: dict[str, Any] = {tasks.TASK_ID: id, "status": status}
    if state.message:
        members["statusMessage"] = state.message
    members["createdAt"] = _time(state.created)
    members["lastUpdatedAt"] = _time(state.updated)
    return members


def _modern(id: str, state: TaskState, poll: float) -> dict[str, Any]:
    members = _common(id, state, state.status)
    return {**members, "ttlMs": state.ttl * 1000, "pollIntervalMs": int(poll * 1000)}


def _legacy(id: str, state: TaskState, poll: float) -> dict[str, Any]:
    """Here a task has failed, too, whose tool says that it has."""
    broken = state.status == "completed" and is_error(state.result)
    members = _common(id, state, "failed" if broken else state.status)
    return {**members, "ttl": state.ttl * 1000, "pollInterval": int(poll * 1000)}


def _time(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
