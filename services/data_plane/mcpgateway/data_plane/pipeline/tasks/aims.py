"""Methods of tasks that go to the upstream which keeps the task."""

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.data_plane.pipeline.aims import Aimed
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.tasks.names import TaskNames
from mcpgateway.data_plane.pipeline.tasks.passing import UNKNOWN, find_keeper, named_task

_READS = frozenset({tasks.GET, tasks.RESULT})


class TaskAims:
    """An `Aim` by the task's name."""

    def __init__(self, names: TaskNames) -> None:
        self._names = names

    def aim(self, call: Call) -> Aimed | Problem:
        name = named_task(self._names, call)
        if isinstance(name, Problem):
            return name
        upstream = find_keeper(call, name)
        if upstream is None:
            return UNKNOWN
        id = msgspec.Raw(jsonrpc.encode(name.id))
        return Aimed(upstream.id, {tasks.TASK_ID: id}, call.method in _READS)
