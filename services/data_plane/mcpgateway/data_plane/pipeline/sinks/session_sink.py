"""The sink for calls in a legacy session: its stream can be resumed, and its client be asked.

A whole answer is plain JSON, as without a session. The first message before it opens a stream;
from then on the client may leave and come back.
"""

from collections.abc import Callable, Mapping

from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.answer import error_body, problem_of
from mcpgateway.data_plane.pipeline.asking.legacy import Asking
from mcpgateway.data_plane.pipeline.call import OnDone
from mcpgateway.data_plane.pipeline.sinks.exchange_sink import ExchangeSink
from mcpgateway.data_plane.pipeline.streams.client_stream import ClientStream
from mcpgateway.data_plane.upstreams.request import Answered, Question, Ticket

OpenStream = Callable[[Exchange], ClientStream]


class SessionSink(ExchangeSink):
    """Implements call.AnswerSink."""

    __slots__ = ("_asking", "_open_stream", "_stream")

    def __init__(
        self,
        exchange: Exchange,
        id: jsonrpc.Id,
        open_stream: OpenStream,
        asking: Asking,
        on_done: OnDone | None = None,
    ) -> None:
        super().__init__(exchange, id, "legacy", on_done)
        self._open_stream = open_stream
        self._asking = asking
        self._stream: ClientStream | None = None

    @override
    def bind(self, ticket: Ticket) -> None:
        if self._stream is None:
            super().bind(ticket)
        elif not self._done:
            self._ticket = ticket
            self._stream.steer(self._steer)

    @override
    def message(self, message: bytes) -> None:
        if self._done:
            return  # a question is withdrawn whose call is over
        stream = self._stream
        if stream is None:
            stream = self._stream = self._open_stream(self._exchange)
            if self._ticket is not None:
                stream.steer(self._steer)
        stream.send(message)

    @override
    def answer(self, response: bytes, *, status: int = 200) -> None:
        if self._stream is None:
            super().answer(response, status=status)
        else:
            self._end_stream(self._stream, response)

    @override
    def failed(self, error: GatewayError) -> None:
        if self._stream is None:
            super().failed(error)
        else:
            self._end_stream(self._stream, error_body(self._id, problem_of(error)))

    @override
    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self._asking.ask(questions, answered, self.message)

    def _end_stream(self, stream: ClientStream, response: bytes) -> None:
        stream.steer(None)
        stream.send(response)
        stream.end()
        self._finish()

    @override
    def _finish(self) -> None:
        self._asking.close()
        super()._finish()
