"""The sink that turns an upstream's answer into the HTTP response of one exchange.

A whole answer goes out at once; an event stream starts with the relayed head, or with the first
notification before an answer. A sink outlives the decision and so holds no call and no table.
"""

from collections.abc import Mapping
from typing import Any

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.questions import for_lack_of, needed_for
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.runtime.http.exchange import Exchange, Headers
from mcpgateway.common.runtime.http.wire import EVENT_STREAM, content_type
from mcpgateway.data_plane.pipeline.answer import JSON, error_body, problem_of, refuse
from mcpgateway.data_plane.pipeline.call import OnDone
from mcpgateway.data_plane.pipeline.inflight import Cancelled
from mcpgateway.data_plane.pipeline.questions import declined
from mcpgateway.data_plane.upstreams.request import Answered, Question, Ticket

_SSE_HEADERS = (
    (b"content-type", EVENT_STREAM),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
)
_JSON = (JSON,)
_BLANK_LINES = (b"\n\n", b"\r\n\r\n", b"\r\r")


class ExchangeSink:
    """Implements call.AnswerSink. `id` and `era` are the client's. `on_done` runs once,
    when nothing more will come.

    A slow client pauses the upstream. A modern client that leaves cancels the call; a legacy one
    does not: its call runs to the end unseen.
    """

    __slots__ = (
        "_boundary",
        "_done",
        "_era",
        "_events",
        "_exchange",
        "_id",
        "_lacking",
        "_on_done",
        "_started",
        "_ticket",
        "_unseen",
    )

    def __init__(
        self,
        exchange: Exchange,
        id: jsonrpc.Id,
        era: Era,
        on_done: OnDone | None = None,
    ) -> None:
        self._exchange = exchange
        self._id = id
        self._era = era
        self._on_done = on_done
        self._ticket: Ticket | None = None
        self._lacking: dict[str, Any] | None = None  # capabilities for what was not asked
        self._started = False
        self._events = False  # what was started is a stream of events
        self._boundary = True  # and it stands between two of them
        self._unseen = False  # the client is gone
        self._done = False

    def bind(self, ticket: Ticket) -> None:
        """Call with what `send` returned; the answer may have come already."""
        if self._done:
            return
        self._ticket = ticket
        self._exchange.on_gone(self._gone)
        if self._started:
            self._follow_the_reader()

    def cancel(self, reason: str) -> None:
        if self._done:
            return
        ticket = self._ticket
        self.failed(Cancelled(reason))
        if ticket is not None:
            ticket.cancel()

    def relay_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._events = content_type(headers) == EVENT_STREAM
        self._start(status, headers)

    def relay_chunk(self, data: bytes) -> None:
        self._boundary = data.endswith(_BLANK_LINES)
        self._write(data)

    def relay_end(self) -> None:
        self._end()

    def message(self, message: bytes) -> None:
        if not self._started:
            self._events = True
            self._start(200, _SSE_HEADERS)
        self._write(sse.encode(message, "message"))

    def answer(self, response: bytes, *, status: int = 200) -> None:
        lack = for_lack_of(self._lacking, response) if self._lacking else None
        if lack is not None:
            response, status = lack, 400
        if self._started:
            self._write(sse.encode(response, "message"))
            self._end()
            return
        self._exchange.respond(status if self._era == "modern" else 200, _JSON, response)
        self._finish()

    def failed(self, error: GatewayError) -> None:
        problem = problem_of(error)
        if not self._started:
            refuse(self._exchange, self._era, self._id, problem)
            self._finish()
        elif self._events and self._boundary:
            self._write(sse.encode(error_body(self._id, problem), "message"))
            self._end()
        else:
            self._exchange.abort()  # half an answer must not look like a whole one
            self._finish()

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        if self._era == "modern":
            for question in questions.values():
                self._lacking = {**(self._lacking or {}), **needed_for(question)}
        answered(declined(questions))

    def _start(self, status: int, headers: Headers) -> None:
        self._started = True
        if not self._unseen:
            self._exchange.start(status, headers)
        if self._ticket is not None:
            self._follow_the_reader()

    def _write(self, data: bytes) -> None:
        if not self._unseen:
            self._exchange.write(data)

    def _end(self) -> None:
        if not self._unseen:
            self._exchange.end()
        self._finish()

    def _follow_the_reader(self) -> None:
        self._exchange.on_writable(self._steer)
        if not (self._unseen or self._exchange.writable):
            self._steer(False)

    def _steer(self, writable: bool) -> None:
        if self._ticket is None:
            return
        if writable:
            self._ticket.resume()
        else:
            self._ticket.pause()

    def _gone(self) -> None:
        if self._done:
            return
        self._unseen = True
        ticket = self._ticket
        if self._era == "modern":
            self._finish()
            if ticket is not None:
                ticket.cancel()
        elif self._started:
            self._exchange.on_writable(None)
            self._steer(True)  # the upstream must not wait for a reader that is gone

    def _finish(self) -> None:
        self._done = True
        self._ticket = None
        if self._started:
            self._exchange.on_writable(None)
        if self._on_done is not None:
            self._on_done()
