"""A sink that tells when the call is over, so that what served it can be given back."""

from collections.abc import Callable, Mapping

from mcpgateway.common.errors import GatewayError
from mcpgateway.data_plane.upstreams.request import Answered, Question, Sink


class Tracked:
    """Passes everything on to `sink`; `over` is called once, before the last of it."""

    __slots__ = ("_over", "_sink")

    def __init__(self, sink: Sink, over: Callable[[], None]) -> None:
        self._sink = sink
        self._over = over

    def relay_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._sink.relay_head(status, headers)

    def relay_chunk(self, data: bytes) -> None:
        self._sink.relay_chunk(data)

    def relay_end(self) -> None:
        self._over()
        self._sink.relay_end()

    def message(self, message: bytes) -> None:
        self._sink.message(message)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        self._over()
        self._sink.answer(response, status=status)

    def failed(self, error: GatewayError) -> None:
        self._over()
        self._sink.failed(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self._sink.ask(questions, answered)
