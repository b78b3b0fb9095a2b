"""The sink for calls that came by a line: each message goes out on it, whole."""

from collections.abc import Callable, Mapping

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.errors import GatewayError, UpstreamRejected
from mcpgateway.common.runtime.http.wire import EVENT_STREAM, content_type
from mcpgateway.data_plane.pipeline.answer import error_body, problem_of
from mcpgateway.data_plane.pipeline.asking.legacy import Asking
from mcpgateway.data_plane.pipeline.call import OnDone
from mcpgateway.data_plane.pipeline.channels.line import Line
from mcpgateway.data_plane.pipeline.inflight import Cancelled
from mcpgateway.data_plane.pipeline.questions import declined
from mcpgateway.data_plane.upstreams.message_reader import MAX_MESSAGE
from mcpgateway.data_plane.upstreams.request import Answered, Question, Ticket


class ChannelSink:
    """Implements call.AnswerSink. A relayed body is collected up to 16 MiB; over it the call is
    cancelled and fails. A slow client pauses the upstream."""

    __slots__ = (
        "_asking",
        "_done",
        "_events",
        "_id",
        "_line",
        "_parts",
        "_size",
        "_steered",
        "_ticket",
        "on_done",
    )

    def __init__(self, line: Line, id: jsonrpc.Id, asking: Asking | None) -> None:
        self._line = line
        self._id = id
        self._asking = asking
        self.on_done: OnDone | None = None
        self._ticket: Ticket | None = None
        self._steered: Callable[[], None] | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._events: sse.Parser | None = None
        self._done = False

    def bind(self, ticket: Ticket) -> None:
        if self._done:
            return
        self._ticket = ticket
        self._steered = self._line.on_writable(self._steer)
        if not self._line.writable:
            self._steer(False)

    def cancel(self, reason: str) -> None:
        if not self._done:
            self._fail(Cancelled(reason))

    def abandon(self) -> None:
        """The line is closed: nobody would hear the answer."""
        ticket = self._ticket
        self._finish()
        if ticket is not None:
            ticket.cancel()

    def relay_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        if content_type(headers) == EVENT_STREAM:
            self._events = sse.Parser(MAX_MESSAGE)

    def relay_chunk(self, data: bytes) -> None:
        if self._done:
            return
        if self._events is not None:
            self._feed(self._events, data)
            return
        self._size += len(data)
        if self._size > MAX_MESSAGE:
            self._fail(UpstreamRejected(f"the upstream answered with over {MAX_MESSAGE} bytes"))
        else:
            self._parts.append(data)

    def relay_end(self) -> None:
        if self._events is None:
            self.answer(b"".join(self._parts))
        elif not self._done:
            self._fail(UpstreamRejected("the upstream ended its stream without an answer"))

    def message(self, message: bytes) -> None:
        if not self._done:
            self._line.tell(message)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        if not self._done:
            self._finish()
            self._line.answer(response)

    def failed(self, error: GatewayError) -> None:
        if not self._done:
            self._finish()
            self._line.answer(error_body(self._id, problem_of(error)))

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        if self._asking is None:
            answered(declined(questions))
        else:
            self._asking.ask(questions, answered, self.message)

    def _feed(self, events: sse.Parser, data: bytes) -> None:
        try:
            messages = [event.data for event in events.feed(data) if event.data]
        except sse.EventTooLarge as error:
            self._fail(UpstreamRejected(f"the upstream answered with too much: {error}"))
            return
        for message in messages:
            if _answers(message):
                self.answer(message)
            else:
                self.message(message)

    def _fail(self, error: GatewayError) -> None:
        ticket = self._ticket
        self.failed(error)
        if ticket is not None:
            ticket.cancel()

    def _steer(self, writable: bool) -> None:
        if self._ticket is None:
            return
        if writable:
            self._ticket.resume()
        else:
            self._ticket.pause()

    def _finish(self) -> None:
        if self._done:
            return
        self._done = True
        self._ticket = None
        self._parts = []
        if self._steered is not None:
            self._steered()
        if self._asking is not None:
            self._asking.close()
        if self.on_done is not None:
            self.on_done()


def _answers(message: bytes) -> bool:
    """Whether a message is the answer; what is no message is passed on as one."""
    try:
        return jsonrpc.decode_frame(message).is_response
    except jsonrpc.FrameError:
        return True
