"""How fast a request body comes, and how much of it is framing."""

from math import inf

from mcpgateway.common.runtime.http.exchange import ServerLimits


class BodyPace:
    """One per connection, begun anew for each body that does not come in one read. Times are the
    loop's."""

    __slots__ = ("_limits", "_paused_at", "_read", "_until")

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self._paused_at = 0.0
        self.begin()

    def begin(self) -> None:
        self._read = 0
        self._until = inf

    def mostly_framing(self, size: int, received: int) -> bool:
        """After `size` more bytes were read of a chunked body of which `received` are data: whether
        what frames the data is out of proportion."""
        self._read += size
        return self._read - received > self._limits.header_bytes + 16 * received

    def deadline(self, now: float) -> float:
        """When more must have come, or the end."""
        if self._until == inf:
            self._until = now + self._limits.body_total_seconds
        return min(now + self._limits.body_seconds, self._until)

    def paused(self, now: float) -> None:
        """Reading stopped: the silence is ours."""
        self._paused_at = now

    def resumed(self, now: float) -> None:
        self._until += now - self._paused_at
