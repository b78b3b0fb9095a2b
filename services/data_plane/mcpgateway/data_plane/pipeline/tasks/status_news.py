"""What upstreams say of tasks in a client's own session, outside of its calls.

A handle is made for whoever is told, and opens the task to it: so nobody is told of a task that
the index does not have as its own. An upstream may tell one session of all tasks that it keeps.
"""

import logging
from collections.abc import Mapping

from mcpgateway.common.mcp import tasks
from mcpgateway.data_plane.parked.bucket import Away
from mcpgateway.data_plane.parked.task_index import Entry
from mcpgateway.data_plane.pipeline.asking.askable import Client
from mcpgateway.data_plane.pipeline.listening.listening import Listening
from mcpgateway.data_plane.pipeline.tasks.keeper import Keeper
from mcpgateway.data_plane.pipeline.tasks.names import TaskName
from mcpgateway.data_plane.upstreams.request import Answered, Question

log = logging.getLogger(__name__)


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
        client = self._listening.knows_tasks(session)
        if client is not None:
            self._keeper.spawn(self._tell(session, client, upstream, message))

    async def _tell(self, session: str, client: Client, upstream: str, message: bytes) -> None:
        server, caller = client.server, client.caller
        try:
            entries = await self._keeper.index.read(server, caller)
        except Away as error:
            log.warning("the status of a task is not told: %s", error)
            return

        def own(id: str) -> str:
            if Entry(upstream, id) not in entries:
                raise ValueError("it is no task of this caller's")
            return self._keeper.names.seal(server, caller, TaskName(upstream, id))

        try:
            renamed = tasks.message_renamed(message, own)
        except ValueError:
            return
        self._listening.told(session, renamed)
