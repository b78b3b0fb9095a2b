"""`Updates` by which a test plays the upstreams."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.listening.updates import Told


@dataclass
class RecordedFollowing:
    """`told` tells the follower; `closed` once it left."""

    uris: frozenset[str]
    told: Told
    closed: bool = False
    waits: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)
    wanted: list[frozenset[str]] = field(default_factory=list)

    def ready(self, then: Callable[[], None]) -> None:
        """At once, unless the test lets it wait: then it calls `waiting`."""
        if self.waits:
            self.waiting.append(then)
        else:
            then()

    def want(self, call: Call, uris: frozenset[str]) -> None:
        self.wanted.append(uris)
        self.uris = uris

    def close(self) -> None:
        self.closed = True


class RecordingUpdates:
    """Follows all that is wanted but what begins with `mute:`."""

    def __init__(self, *, waits: bool = False) -> None:
        """`waits`: listeners are ready when the test calls what is in `last.waiting`."""
        self.followings: list[RecordedFollowing] = []
        self._waits = waits

    def close(self) -> None:
        pass

    @property
    def last(self) -> RecordedFollowing:
        return self.followings[-1]

    def follow(self, call: Call, uris: frozenset[str], told: Told) -> RecordedFollowing:
        honoured = frozenset(uri for uri in uris if not uri.startswith("mute:"))
        self.followings.append(RecordedFollowing(honoured, told, waits=self._waits))
        return self.last
