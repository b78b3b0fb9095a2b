"""What clients call a task: a handle that says whose it is and where, sealed for its caller.

The text for a task is the same whenever and wherever it is made, so that a client knows it again
in a list or a notification.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from mcpgateway.common.mcp.handles import Handle, HandleError
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.handles import Handles


class TaskName(NamedTuple):
    """A task of an upstream under the id that this gave it; with `upstream` "" one that the
    gateway keeps itself."""

    upstream: str
    id: str


class TaskNames:
    """Seals and opens them. They do not expire by themselves: whoever keeps the task says when."""

    def __init__(self, handles: Handles) -> None:
        self._handles = handles

    def seal(self, server: str, caller: str, name: TaskName) -> str:
        """Raises ValueError for an id that is too long."""
        handle = Handle("", name.id, extra=name.upstream.encode())
        return self._handles.make_stable("task", server, caller, handle)

    def open_all(self, call: Call, texts: Iterable[str]) -> dict[str, TaskName]:
        """Those that are a task's of this caller here."""
        found: dict[str, TaskName] = {}
        for text in texts:
            with suppress(HandleError):
                found[text] = self.open(call, text)
        return found

    def open(self, call: Call, text: str) -> TaskName:
        """Raises HandleError for what is not a task's of this caller here."""
        handle = self._handles.open("task", call.view.server_id, call.caller.key, text)
        return TaskName(handle.extra.decode(), handle.key)
