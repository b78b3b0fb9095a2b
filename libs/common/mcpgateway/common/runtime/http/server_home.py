"""What a connection and the listener that accepted it ask of each other."""

from typing import Protocol

from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.guarded import GuardedApplication
from mcpgateway.common.runtime.http.server_counts import ServerCounts


class Guest(Protocol):
    """A connection."""

    def drain(self) -> None:
        """Close when nothing is under way, else after the response."""

    def abort(self) -> None:
        """Close at once."""


class Home(Protocol):
    """What connections share: see `server.Listener`."""

    app: GuardedApplication
    limits: ServerLimits
    counts: ServerCounts
    draining: bool

    def admit(self, guest: Guest) -> bool:
        """Count a connection; False when it is to be turned away."""

    def leave(self, guest: Guest) -> None: ...

    def date(self) -> bytes:
        """The Date header line."""
