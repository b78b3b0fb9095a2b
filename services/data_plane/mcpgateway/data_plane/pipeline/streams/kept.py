"""How much the streams of a replica keep for clients that may come back."""

MOST = 256 << 20  # bytes of all streams; above, a stream that is sent something keeps nothing
OF_ONE = 1 << 20  # and of one: but the newest event, however large


class Kept:
    """`size` in bytes. Each stream counts its own."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        self.size = 0

    def too_much(self, of_one: int, events: int) -> bool:
        """Whether a stream that keeps so many bytes in so many events has to let go of the oldest
        one."""
        return self.size > MOST or (of_one > OF_ONE and events > 1)
