"""What the upstream clients of all kinds use together."""

from collections.abc import Callable
from typing import NamedTuple

from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.data_plane.upstreams.errands import Errands
from mcpgateway.data_plane.upstreams.shared_sessions import SharedSessions
from mcpgateway.data_plane.upstreams.targets import Targets

Announced = Callable[[str], None]
"""Told the id of an upstream that says, in what is read of it, that its lists changed. Called
within a call, so it must be quick."""


class Shared(NamedTuple):
    """One of each for all clients. `patience`: seconds that clients have to reply to what an
    upstream asks. `sessions`: those that other replicas may go on with, None without others."""

    http: HttpClient
    targets: Targets
    errands: Errands
    announced: Announced
    patience: float = 300.0
    sessions: SharedSessions | None = None
