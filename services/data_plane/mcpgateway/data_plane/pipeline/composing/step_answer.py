"""The sink for one call of a step: waits for its answer, and passes on what comes before it."""

import asyncio
from collections.abc import Mapping

from mcpgateway.common.errors import GatewayError
from mcpgateway.data_plane.pipeline.sinks.read_sink import ReadSink
from mcpgateway.data_plane.upstreams.request import Answered, Question, Sink


class StepAnswer(ReadSink):
    """Implements request.Sink. `outer` takes what the upstream says to the client, and asks it; no
    progress comes, because the call has no token for it. Needs the running loop."""

    __slots__ = ("_outer", "response")

    def __init__(self, outer: Sink) -> None:
        self._outer = outer
        self.response: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def message(self, message: bytes) -> None:
        self._outer.message(message)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        if not self.response.done():
            self.response.set_result(response)

    def failed(self, error: GatewayError) -> None:
        if not self.response.done():
            self.response.set_exception(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self._outer.ask(questions, answered)
