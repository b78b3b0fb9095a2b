"""The methods of tasks, by era: each goes to whoever keeps the task."""

from collections.abc import Callable, Mapping

from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.tasks.aims import TaskAims
from mcpgateway.data_plane.pipeline.tasks.names import TaskNames

Answerer = Callable[[Call], str | None]

_METHODS: Mapping[Era, tuple[str, ...]] = {
    "modern": (tasks.GET, tasks.UPDATE, tasks.CANCEL),
    "legacy": (tasks.GET, tasks.RESULT, tasks.CANCEL),
}


class TaskMethods:
    """What `compose` needs of them."""

    def __init__(self, names: TaskNames, remote: Remote) -> None:
        self._aims = TaskAims(names)
        self._remote = remote

    def of(self, era: Era) -> dict[str, Answerer]:
        """The methods that clients of an era have; others are unknown to it."""
        return dict.fromkeys(_METHODS[era], self._answer)

    def _answer(self, call: Call) -> str | None:
        return self._remote.send(self._aims.aim, call)
