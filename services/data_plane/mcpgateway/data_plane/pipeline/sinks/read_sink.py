"""What sinks have in common whose answers are read message by message."""

from mcpgateway.data_plane.upstreams.request import Ticket


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


class Between(ReadSink):
    """Of those that implement `request.Ticket`, too, for who waits for the end: a client that does
    not read slows down the upstream that is asked now, if one is."""

    _ticket: Ticket | None

    def pause(self) -> None:
        if self._ticket is not None:
            self._ticket.pause()

    def resume(self) -> None:
        if self._ticket is not None:
            self._ticket.resume()
