"""What a listener counts. Plain numbers: who shows them reads them when it is asked."""

from collections import defaultdict


class ServerCounts:
    """Since the start. `accepted` are connections. `answered` counts responses by HTTP status,
    whole or begun, `refused` those that the server gave before or instead of the application (bad
    bytes, passed limits, too many connections). `received` and `sent` are bytes. `stalled` are
    connections cut off because the peer did not read."""

    __slots__ = ("accepted", "answered", "received", "refused", "sent", "stalled")

    def __init__(self) -> None:
        self.accepted = 0
        self.answered: defaultdict[int, int] = defaultdict(int)  # half the cost of a Counter
        self.refused: defaultdict[int, int] = defaultdict(int)
        self.received = 0
        self.sent = 0
        self.stalled = 0
