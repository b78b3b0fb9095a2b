"""What sinks have in common whose answers are read message by message."""


class ReadSink:
    """The part of `request.Sink` that nobody calls: such an answer is never relayed. Its request
    `reads`, or is translated, or comes from here."""

    __slots__ = ()

    def relay_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        raise NotImplementedError

    def relay_chunk(self, data: bytes) -> None:
        raise NotImplementedError

    def relay_end(self) -> None:
        raise NotImplementedError
