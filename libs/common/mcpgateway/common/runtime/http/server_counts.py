"""What a listener counts. Plain numbers: who shows them reads them when it is asked."""

from collections import Counter


class ServerCounts:
    """Since the start. `accepted` are connections. `answered` counts responses by HTTP status,
    whole or begun, `refused` those that the server gave before or instead of the application (bad
    bytes, passed limits, too many connections). `received` and `sent` are bytes. `stalled` are
    connections cut off because the peer did not read."""

    __slots__ = ("accepted", "answered", "received", "refused", "sent", "stalled")

    def __init__(self) -> None:
        self.accepted = 0
        self.answered: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self.received = 0
        self.sent = 0
        self.stalled = 0
