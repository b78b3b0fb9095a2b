"""`Updates` by which a test plays the upstreams."""

from dataclasses import dataclass, field

from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.listening.updates import Told


@dataclass
class RecordedFollowing:
    """`told` tells the follower; `closed` once it left."""

    uris: frozenset[str]
    told: Told
    closed: bool = False
    wanted: list[frozenset[str]] = field(default_factory=list)

    def want(self, call: Call, uris: frozenset[str]) -> None:
        self.wanted.append(uris)
        self.uris = uris

    def close(self) -> None:
        self.closed = True


class RecordingUpdates:
    """Follows all that is wanted but what begins with `mute:`."""

    def __init__(self) -> None:
        self.followings: list[RecordedFollowing] = []

    @property
    def last(self) -> RecordedFollowing:
        return self.followings[-1]

    def follow(self, call: Call, uris: frozenset[str], told: Told) -> RecordedFollowing:
        honoured = frozenset(uri for uri in uris if not uri.startswith("mute:"))
        self.followings.append(RecordedFollowing(honoured, told))
        return self.last
