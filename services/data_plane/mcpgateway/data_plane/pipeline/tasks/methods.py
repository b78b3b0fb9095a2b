"""The methods of tasks, by era: each goes to whoever keeps the task."""

from collections.abc import Callable, Mapping

from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.tasks.aims import TaskAims
from mcpgateway.data_plane.pipeline.tasks.kept_tasks import Asked, KeptTasks
from mcpgateway.data_plane.pipeline.tasks.listing import TaskListing
from mcpgateway.data_plane.pipeline.tasks.passing import named_task
from mcpgateway.data_plane.pipeline.tasks.rooms import TaskRooms
from mcpgateway.data_plane.pipeline.tasks.updates import AllTaskUpdates, KeptTaskUpdates
from mcpgateway.data_plane.pipeline.tasks.upstream_updates import UpstreamTaskUpdates

Answerer = Callable[[Call], str | None]

_METHODS: Mapping[Era, tuple[str, ...]] = {
    "modern": (tasks.GET, tasks.UPDATE, tasks.CANCEL),
    "legacy": (tasks.GET, tasks.RESULT, tasks.CANCEL),
}


class TaskMethods:
    """What `compose` needs of them. `updates`: changes of tasks, for who listens to some."""

    def __init__(
        self,
        rooms: TaskRooms,
        owners: Owners,
        remote: Remote,
        others: UpstreamTaskUpdates | None = None,
    ) -> None:
        """`others`: changes of tasks that upstreams keep; None: nobody hears of them."""
        self._names = names = rooms.keeper.names
        self._aims = TaskAims(names)
        self._remote = remote
        self._kept = KeptTasks(rooms.keeper, owners, remote, rooms.conductor)
        self.updates = AllTaskUpdates(KeptTaskUpdates(rooms.keeper, owners), others)
        self._listing = TaskListing(rooms.keeper, rooms.keeper.handles, remote, rooms.conductor)

    def of(self, era: Era) -> dict[str, Answerer]:
        """The methods that clients of an era have; others are unknown to it."""
        methods: dict[str, Answerer] = dict.fromkeys(_METHODS[era], self._answer)
        if era == "legacy":
            methods[tasks.LIST] = self._listing.answer
        return methods

    def _answer(self, call: Call) -> str | None:
        """What is kept here counts as answered when it is understood."""
        name = named_task(self._names, call)
        if isinstance(name, Problem):
            call.form.refuse(call, name)
            return "refused"
        if name.upstream == "":
            text = read_string(call.params.get(tasks.TASK_ID)) or ""
            self._kept.answer(Asked(call, name.id, text))
            return "ok"
        return self._remote.send(self._aims.aim, call)
