"""Asks a call's client for its user's consent where the upstream does not take the token that there
is: it counts no more, or is for less than is wanted."""

from collections.abc import Callable, Mapping

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.questions import Question
from mcpgateway.data_plane.pipeline.answer import error_body
from mcpgateway.data_plane.pipeline.call import AnswerSink
from mcpgateway.data_plane.pipeline.upstream_auth.consent import Asker, Page, answer
from mcpgateway.data_plane.upstreams.faults import TokenRefused
from mcpgateway.data_plane.upstreams.request import Answered, Ticket

PageOf = Callable[[TokenRefused], Page | None]
"""Where to go; None where asking would help nobody."""


class ConsentSink:
    """An AnswerSink around another."""

    __slots__ = ("_asker", "_id", "_page", "_sink")

    def __init__(self, sink: AnswerSink, id: jsonrpc.Id, asker: Asker, page: PageOf) -> None:
        self._sink = sink
        self._id = id
        self._asker = asker
        self._page = page

    def failed(self, error: GatewayError) -> None:
        page = self._page(error) if isinstance(error, TokenRefused) else None
        if page is None:
            self._sink.failed(error)
            return
        told = answer(self._asker, page)
        if isinstance(told, Problem):
            self._sink.answer(error_body(self._id, told), status=told.status)
        else:
            self._sink.answer(jsonrpc.response(self._id, told.whole))

    # All else is the other's.

    def bind(self, ticket: Ticket) -> None:
        self._sink.bind(ticket)

    def cancel(self, reason: str) -> None:
        self._sink.cancel(reason)

    def relay_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._sink.relay_head(status, headers)

    def relay_chunk(self, data: bytes) -> None:
        self._sink.relay_chunk(data)

    def relay_end(self) -> None:
        self._sink.relay_end()

    def message(self, message: bytes) -> None:
        self._sink.message(message)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        self._sink.answer(response, status=status)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self._sink.ask(questions, answered)
