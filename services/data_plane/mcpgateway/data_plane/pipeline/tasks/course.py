"""How a call of a tool goes where tasks may come of it. Pure.

Where client and upstream have tasks of the same kind they pass through and nothing is decided
here. Else the gateway takes part: it carries on at the upstream what the client has no words for,
and keeps for the client what the upstream does not.
"""

from typing import Literal, NamedTuple

import msgspec

from mcpgateway.common.mcp import tasks
from mcpgateway.common.routing.model import Upstream
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.tasks.passing import asks_for_task, may_get_task

Keeps = Literal["never", "later", "at once"]
"""Whether the client is given a task of the gateway's: when the answer is long in coming, or
before the upstream is asked."""

Runs = Literal["plainly", "modern", "legacy"]
"""How the upstream is asked: as without tasks, or with those of its era carried to their end."""


class Course(NamedTuple):
    keeps: Keeps
    runs: Runs


class _Execution(msgspec.Struct):
    task_support: str = msgspec.field(default="", name="taskSupport")


class _Definition(msgspec.Struct):
    execution: _Execution | None = None


_definition = msgspec.json.Decoder(_Definition)


def course_of(
    call: Call, upstream: Upstream, definition: bytes, *, keeps: bool, reads: bool = False
) -> Course | None:
    """None for a call that goes as it does without tasks. `keeps`: whether the gateway keeps
    tasks at all. `reads`: it judges the tool's results, so that no task of the upstream's may
    bring one past it."""
    if call.method != tasks.CALL:
        return None
    offered = not reads and tasks.offered(upstream.capabilities, upstream.era)
    if call.era == "modern":
        found = _of_modern(call, upstream, definition, offered)
    else:
        found = _of_legacy(call, upstream, offered)
    if found is None or keeps or found.keeps == "never":
        return found
    needed = (found.runs == "modern" and offered) or support_of(definition) == "required"
    return Course("never", found.runs) if needed and found.runs != "plainly" else None


def support_of(definition: bytes) -> str:
    """What a tool of 2025-11-25 says of tasks, "" when it says nothing."""
    if b"taskSupport" not in definition:
        return ""
    try:
        execution = _definition.decode(definition).execution
    except (msgspec.DecodeError, RecursionError):
        return ""
    return "" if execution is None else execution.task_support


def _of_modern(call: Call, upstream: Upstream, definition: bytes, offered: bool) -> Course | None:
    if upstream.era == "modern":
        return Course("later", "modern") if may_get_task(call) and not offered else None
    support = support_of(definition) if offered else ""
    if not may_get_task(call):
        return Course("never", "legacy") if support == "required" else None
    return Course("later", "legacy" if support in ("optional", "required") else "plainly")


def _of_legacy(call: Call, upstream: Upstream, offered: bool) -> Course | None:
    if upstream.era == "modern":
        if asks_for_task(call):
            return Course("at once", "modern")
        return Course("never", "modern") if offered else None
    return Course("at once", "plainly") if asks_for_task(call) and not offered else None
