"""What upstreams say of tasks in a client's own session, outside of its calls.

A handle is made for whoever is told, and opens the task to it: so nobody is told of a task that
the index does not have as its own. An upstream may tell one session of all tasks that it keeps.
"""

from collections.abc import Mapping
from functools import partial

from mcpgateway.common.mcp import tasks
from mcpgateway.data_plane.pipeline.listening.listening import Listening
from mcpgateway.data_plane.pipeline.tasks.keeper import Keeper
from mcpgateway.data_plane.pipeline.tasks.names import TaskName
from mcpgateway.data_plane.upstreams.request import Answered, Question


class StatusNews:
    """Implements `upstreams.shared.Unsolicited`; all but tasks is `listening`'s business."""

    def __init__(self, listening: Listening, keeper: Keeper) -> None:
        self._listening = listening
        self._keeper = keeper

    def asked(self, session: str, questions: Mapping[str, Question], answered: Answered) -> None:
        self._listening.asked(session, questions, answered)

    def told(self, session: str, message: bytes) -> None:
        self._listening.told(session, message)

    def told_of_task(self, session: str, upstream: str, message: bytes) -> None:
        client, id = self._listening.knows_tasks(session), tasks.status_id(message)
        if client is None or not id:
            return
        server, caller, name = client.server, client.caller, TaskName(upstream, id)
        tell = partial(self._tell, session, message, self._keeper.names.seal(server, caller, name))
        self._keeper.if_own(server, caller, name, tell)

    def _tell(self, session: str, message: bytes, name: str) -> None:
        self._listening.told(session, tasks.message_renamed(message, lambda _: name))
