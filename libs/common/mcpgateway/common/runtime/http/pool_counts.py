"""What a pool counts. Plain numbers: who shows them reads them when it is asked."""


class PoolCounts:
    """Since the start, over all origins. `waited` are calls that found no free connection, `turned
    away` those of them that found the queue full, or waited too long."""

    __slots__ = ("connected", "failed", "turned_away", "waited")

    def __init__(self) -> None:
        self.connected = 0
        self.failed = 0  # connections that could not be made
        self.turned_away = 0
        self.waited = 0
