"""Requests of the gateway's own in the midst of a client's: who takes their answers."""

from collections.abc import Callable, Mapping

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.data_plane.pipeline.questions import declined
from mcpgateway.data_plane.pipeline.sinks.read_sink import ReadSink
from mcpgateway.data_plane.upstreams.request import Answered, Question

Answer = Callable[[jsonrpc.Frame], None]


class Errand(ReadSink):
    """Implements Sink. Notifications are dropped and questions declined; without callbacks the
    answer is, too."""

    def __init__(
        self,
        answered: Answer | None = None,
        failed: Callable[[GatewayError], None] | None = None,
    ) -> None:
        self._answered = answered
        self._failed = failed

    def message(self, message: bytes) -> None:
        pass

    def answer(self, response: bytes, *, status: int = 200) -> None:
        if self._answered is not None:
            self._answered(jsonrpc.decode_frame(response))

    def failed(self, error: GatewayError) -> None:
        if self._failed is not None:
            self._failed(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        answered(declined(questions))
