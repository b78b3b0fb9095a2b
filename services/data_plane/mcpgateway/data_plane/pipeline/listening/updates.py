"""Following resources and tasks, for clients that listen here: the ports."""

from collections.abc import Callable, Mapping
from typing import Protocol

from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.data_plane.pipeline.call import Call

Told = Callable[[str], None]
"""Hears the URI of a resource that changed, as this client knows it."""


class Following(Protocol):
    """The resources that one client listens to."""

    @property
    def uris(self) -> frozenset[str]:
        """Those that are followed: they are offered to the caller by an upstream that tells. Fewer
        once an upstream has said that it does not."""

    def ready(self, then: Callable[[], None]) -> None:
        """Calls back once, now or later, when the upstreams have said what they tell, at the
        latest a second after `follow` or `want`. What is followed later than that is told once,
        because a change may have been missed."""

    def want(self, call: Call, uris: frozenset[str]) -> None:
        """These from now on. Decided under the call's table, which is not kept."""

    def close(self) -> None:
        """None any more; `told` is not called again."""


class Updates(Protocol):
    """Joins what clients listen to into few streams from upstreams."""

    def follow(self, call: Call, uris: frozenset[str], told: Told) -> Following:
        """`call` says who listens, under which table, with which headers."""

    def close(self) -> None:
        """Nothing is followed any more."""


ToldTask = Callable[[str, Mapping[str, object]], None]
"""Hears what a client calls a task, and all of the task as it is now."""


class FollowingTasks(Protocol):
    """The tasks that one client listens to."""

    @property
    def ids(self) -> frozenset[str]:
        """Those that are followed, as the client calls them."""

    def ready(self, then: Callable[[], None]) -> None:
        """Calls back once, now or later, when `ids` are known."""

    def close(self) -> None:
        """None any more; `told` is not called again."""


class TaskUpdates(Protocol):
    """Knows of changes of tasks, whichever replica runs them."""

    def refusal(self, call: Call) -> Problem | None:
        """Why this client can not listen to tasks at all."""

    def follow(self, call: Call, ids: frozenset[str], told: ToldTask) -> FollowingTasks:
        """What is not a task of this caller's here is not followed. One that is over is told, once:
        it may have ended before."""


class NoTaskUpdates:
    """Follows none, and refuses nobody."""

    ids: frozenset[str] = frozenset()

    def refusal(self, call: Call) -> Problem | None:
        return None

    def follow(self, call: Call, ids: frozenset[str], told: ToldTask) -> "NoTaskUpdates":
        return self

    def ready(self, then: Callable[[], None]) -> None:
        then()

    def close(self) -> None:
        pass


class NoUpdates:
    """Follows nothing."""

    uris: frozenset[str] = frozenset()

    def follow(self, call: Call, uris: frozenset[str], told: Told) -> "NoUpdates":
        return self

    def ready(self, then: Callable[[], None]) -> None:
        then()

    def want(self, call: Call, uris: frozenset[str]) -> None:
        pass

    def close(self) -> None:
        pass
