"""The sink for exchanges that are answered in one piece: never a stream, no notifications."""

from collections.abc import Callable, Mapping

from mcpgateway.common.errors import GatewayError, UpstreamRejected
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.call import OnDone
from mcpgateway.data_plane.pipeline.inflight import Cancelled
from mcpgateway.data_plane.pipeline.questions import declined
from mcpgateway.data_plane.upstreams.message_reader import MAX_MESSAGE
from mcpgateway.data_plane.upstreams.request import Answered, Question, Ticket


class WholeSink:
    """Implements call.AnswerSink. Either `answered` takes the JSON-RPC response or `failed` the
    error, once, and `on_done` runs when nothing more will come. Notifications before the answer
    are dropped.

    A caller that leaves cancels the call, since nobody else could fetch its answer. A relayed body
    is collected up to 16 MiB; over it the call is cancelled and fails.
    """

    __slots__ = (
        "_answered",
        "_done",
        "_exchange",
        "_failed",
        "_on_done",
        "_parts",
        "_size",
        "_ticket",
    )

    def __init__(
        self,
        exchange: Exchange,
        answered: Callable[[bytes], None],
        failed: Callable[[GatewayError], None],
        on_done: OnDone | None = None,
    ) -> None:
        self._exchange = exchange
        self._answered = answered
        self._failed = failed
        self._on_done = on_done
        self._ticket: Ticket | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._done = False

    def bind(self, ticket: Ticket) -> None:
        if not self._done:
            self._ticket = ticket
            self._exchange.on_gone(self._withdraw)

    def cancel(self, reason: str) -> None:
        if not self._done:
            self._withdraw()
            self._failed(Cancelled(reason))

    def relay_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Only JSON with status 200 is relayed to a legacy client."""

    def relay_chunk(self, data: bytes) -> None:
        self._size += len(data)
        if self._done:
            return
        if self._size > MAX_MESSAGE:
            self._withdraw()
            self._failed(UpstreamRejected(f"the upstream answered with over {MAX_MESSAGE} bytes"))
        else:
            self._parts.append(data)

    def relay_end(self) -> None:
        self.answer(b"".join(self._parts))

    def message(self, message: bytes) -> None:
        pass

    def answer(self, response: bytes, *, status: int = 200) -> None:
        if not self._done:
            self._finish()
            self._answered(response)

    def failed(self, error: GatewayError) -> None:
        if not self._done:
            self._finish()
            self._failed(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        """Who is answered in one piece can not be asked."""
        answered(declined(questions))

    def _withdraw(self) -> None:
        ticket = self._ticket
        self._finish()
        if ticket is not None:
            ticket.cancel()

    def _finish(self) -> None:
        if self._done:
            return
        self._done = True
        self._ticket = None
        self._parts = []
        if self._on_done is not None:
            self._on_done()
