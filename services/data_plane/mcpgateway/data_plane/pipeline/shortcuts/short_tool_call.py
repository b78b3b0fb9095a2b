"""One call on its shortcut of a tool that is called here, by REST or gRPC: the sink of its answer.

What is decided of a caller is spared, not what is done with the call. Where more comes than one
answer of status 200, where the client leaves or takes the call back, the exchange and its sink are
made after all, and it goes on as on the long way.
"""

from collections.abc import Mapping
from typing import NamedTuple

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http import wire
from mcpgateway.common.runtime.http.exchange import Turn
from mcpgateway.data_plane.pipeline.answer import JSON
from mcpgateway.data_plane.pipeline.call import AnswerSink
from mcpgateway.data_plane.pipeline.counted import Counted, Series
from mcpgateway.data_plane.pipeline.decided import Cell
from mcpgateway.data_plane.pipeline.shortcuts.short_clients import ShortClient
from mcpgateway.data_plane.pipeline.sinks.read_sink import ReadSink
from mcpgateway.data_plane.upstreams.request import Answered, Question, Ticket

_HEAD = wire.whole_head(200, (JSON,)).head


class Place(NamedTuple):
    """Whose call it is, and where it counts."""

    client: ShortClient
    series: Series
    cell: Cell


class ShortToolCall(ReadSink):
    """Say `begun` before it is sent, and set `ticket` when it was."""

    __slots__ = ("_began", "_counted", "_id", "_over", "_place", "_turn", "ticket")

    def __init__(self, place: Place, turn: Turn, id: jsonrpc.Id) -> None:
        self._place = place
        self._turn = turn
        self._id = id
        self._counted: Counted | None = None
        self._over = False
        self.ticket: Ticket | None = None

    def begun(self) -> None:
        client, series, cell = self._place
        self._began = series.begin()
        cell.count += 1
        client.begun(self._id, self.cancelled)

    def sent(self, ticket: Ticket) -> None:
        if self._counted is not None:
            self._counted.ticket = ticket
        elif not self._over:
            self.ticket = ticket

    def left(self) -> None:
        """The client is gone: what that means is its sink's business."""
        if self._counted is None and not self._over:
            self._lengthen()

    def cancelled(self, reason: str) -> None:
        """The client took it back by message."""
        self._lengthen().cancel(reason)

    # The sink.

    def answer(self, response: bytes, *, status: int = 200) -> None:
        if self._counted is not None or status != 200:
            self._long.answer(response, status=status)
            return
        client, series, _ = self._place
        self._over = True
        self.ticket = None
        client.over(self._id)
        series.received.value += len(response)
        series.end(self._began, series.ok)
        self._turn.answer(_HEAD, response)

    def message(self, message: bytes) -> None:
        self._long.message(message)

    def failed(self, error: GatewayError) -> None:
        self._long.failed(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self._long.ask(questions, answered)

    @property
    def _long(self) -> Counted:
        if self._counted is None:
            self._lengthen()
        assert self._counted is not None
        return self._counted

    def _lengthen(self) -> AnswerSink:
        """From here on as the long way goes."""
        client, series, cell = self._place
        sink = client.sink(self._turn.exchange(), self._id, self.cancelled)
        self._counted = counted = Counted(series, sink, self._began, cell)
        counted.ticket = self.ticket
        sink.bind(counted)
        return sink
