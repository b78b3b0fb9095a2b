"""What a listener counts. Plain numbers: who shows them reads them when it is asked."""

from collections import Counter


class ServerCounts:
    """Since the start. `refused` counts by HTTP status what the server itself refused, before or
    instead of the application: bad bytes, passed limits, too many connections. `stalled` are
    connections cut off because the peer did not read."""

    __slots__ = ("accepted", "exchanges", "refused", "stalled")

    def __init__(self) -> None:
        self.accepted = 0  # connections
        self.exchanges = 0  # that the application was asked about
        self.refused: Counter[int] = Counter()
        self.stalled = 0
