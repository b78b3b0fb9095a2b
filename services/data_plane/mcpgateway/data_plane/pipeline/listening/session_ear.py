"""The standing stream of a legacy session: whatever reaches its client outside of calls."""

from collections.abc import Callable, Mapping
from typing import Protocol

from mcpgateway.common.mcp import listening
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.listening import LISTS, Filter, List
from mcpgateway.data_plane.pipeline.asking.askable import Client
from mcpgateway.data_plane.pipeline.asking.legacy import Asking
from mcpgateway.data_plane.upstreams.request import Answered, Question

Send = Callable[[bytes], None]


class Standing(Protocol):
    """What carries the messages, and is closed when they may no longer be sent."""

    def send(self, message: bytes) -> None: ...

    def close(self) -> None: ...


class SessionEar:
    """Implements register.Ear. A legacy client hears of every list that changes."""

    filter = Filter(frozenset(LISTS))

    def __init__(self, standing: Standing, asking: Asking, revision: str) -> None:
        self.revision = revision
        self._standing = standing
        self._asking = asking

    def changed(self, name: List) -> None:
        self._standing.send(listening.list_changed(name))

    def updated(self, uri: str) -> None:
        self._standing.send(listening.updated(uri))

    def told(self, message: bytes) -> None:
        """A notification of an upstream that belongs to no call."""
        self._standing.send(message)

    def asked(self, questions: Mapping[str, Question], answered: Answered) -> None:
        """An upstream asks outside of a call."""
        self._asking.ask(questions, answered, self._standing.send)

    @property
    def client(self) -> Client:
        """Who listens."""
        return self._asking.client

    def over(self, problem: Problem | None = None) -> None:
        """What is wrong, the next request of its session is told."""
        self._standing.close()

    def close(self) -> None:
        """Replies to what was asked are not waited for any more."""
        self._asking.close()
