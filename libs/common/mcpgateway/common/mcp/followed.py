"""What an upstream says of a task of its own, to a gateway that follows it. Pure.

Both kinds are read: the flat one of the extension and the `task` member of 2025-11-25.
"""

from typing import NamedTuple

import msgspec

from mcpgateway.common.mcp.questions import ASKED, Question

SHORTEST, LONGEST = 0.05, 30.0  # seconds between two polls


class Seen(NamedTuple):
    """`poll` are the seconds that the upstream asks to be left alone for, None where it does not
    say. `result` and `error` are JSON, empty while there is none."""

    id: str
    status: str
    message: str
    poll: float | None
    result: bytes
    error: bytes
    questions: dict[str, Question]

    def pause(self, usual: float) -> float:
        """Seconds until the next poll."""
        wanted = usual if self.poll is None else self.poll
        return min(max(wanted, SHORTEST), LONGEST)


class _InputRequest(msgspec.Struct):
    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")


class _Task(msgspec.Struct, rename="camel"):
    task_id: str = ""
    status: str = "working"
    status_message: str | None = None
    poll_interval_ms: float | None = None
    poll_interval: float | None = None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    input_requests: dict[str, _InputRequest] = {}
    task: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_task = msgspec.json.Decoder(_Task)


def read_seen(result: bytes | msgspec.Raw) -> Seen:
    """Raises ValueError that says what is wrong with the task."""
    try:
        found = _task.decode(result)
        if not isinstance(found.task, msgspec.UnsetType):
            found = _task.decode(found.task)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"is malformed: {error}") from error
    if not found.task_id:
        raise ValueError("has no taskId")
    interval = found.poll_interval if found.poll_interval_ms is None else found.poll_interval_ms
    return Seen(
        found.task_id,
        found.status,
        found.status_message or "",
        None if interval is None else interval / 1000,
        _bytes(found.result),
        _bytes(found.error),
        {
            key: Question(each.method, bytes(each.params))
            for key, each in found.input_requests.items()
            if each.method in ASKED
        },
    )


def _bytes(raw: msgspec.Raw | msgspec.UnsetType) -> bytes:
    return b"" if isinstance(raw, msgspec.UnsetType) else bytes(raw)
