"""Following resources at their upstreams, for clients that listen here: the port."""

from collections.abc import Callable
from typing import Protocol

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
