"""One call on its shortcut: its request, and the taker of its answer.

Where the answer is more than one small JSON body, where the client leaves or takes the call back,
the exchange, its sink and the reader are made after all, and it goes on as on the long way.
"""

from math import inf
from typing import NamedTuple

from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http import call as http
from mcpgateway.common.runtime.http import wire
from mcpgateway.common.runtime.http.client import Receiver
from mcpgateway.common.runtime.http.exchange import Turn
from mcpgateway.data_plane.pipeline.answer import JSON
from mcpgateway.data_plane.pipeline.call import AnswerSink
from mcpgateway.data_plane.pipeline.counted import Counted, Series
from mcpgateway.data_plane.pipeline.decided import Cell
from mcpgateway.data_plane.pipeline.shortcuts.short_clients import ShortClient
from mcpgateway.data_plane.upstreams.request import Repeatable

_HEAD = wire.whole_head(200, (JSON,)).head


class Way(NamedTuple):
    """What is on both sides of a call, and where it counts."""

    client: ShortClient
    repeatable: Repeatable
    series: Series
    cell: Cell


class _Nobody(Receiver):
    """Stands for the receiver of an answer that needs none. Nothing is told to it."""

    @override
    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        return

    @override
    def chunk(self, data: bytes) -> None:
        return

    @override
    def done(self) -> None:
        return

    @override
    def failed(self, error: GatewayError) -> None:
        return


class ShortCall(http.Call):
    """`params` are what an `UpstreamRequest` would have. Say `begun` when it was sent."""

    __slots__ = ("_began", "_id", "_params", "_turn", "_way", "_wire_id")

    def __init__(self, way: Way, turn: Turn, id: jsonrpc.Id, params: jsonrpc.Params) -> None:
        repeatable = way.repeatable
        self._way = way
        self._turn = turn
        self._id = id
        self._params = params
        self._wire_id = wire_id = repeatable.wire_id(id)
        self.head = repeatable.head
        self.body = repeatable.body(wire_id, params)
        self.safe = repeatable.safe
        self.timeouts = repeatable.timeouts
        self.source = None
        self.total_at = inf
        self.runner = None
        self.timer = None
        self.retried = False
        self.bodiless = False
        self._receiver = _NOBODY

    def begun(self) -> None:
        client, _, series, cell = self._way
        self._began = series.begin()
        cell.count += 1
        client.begun(self._id, self.cancelled)

    def left(self) -> None:
        """The client is gone: what that means is its sink's business."""
        if self._receiver is _NOBODY:
            self._lengthen()

    def cancelled(self, reason: str) -> None:
        """The client took it back by message."""
        self._lengthen().cancel(reason)

    @override
    def whole(self, head: http.RepeatedHead, data: bytes, body: bytes) -> None:
        plain = head.status == 200 and head.kind == wire.JSON and not head.encoded
        if not plain or self._receiver is not _NOBODY:
            super().whole(head, data, body)
            return
        client, repeatable, series, _ = self._way
        answer = repeatable.answer(self._id, self._wire_id, body)
        if answer is None:
            super().whole(head, data, body)
            return
        self._receiver = None
        repeatable.over()
        client.over(self._id)
        series.received.value += len(answer)
        series.end(self._began, series.ok)
        self._turn.answer(_HEAD, answer)

    @override
    def answered(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        if self._receiver is _NOBODY:
            self._lengthen()
        super().answered(status, headers)

    @override
    def failed(self, error: GatewayError) -> None:
        if self._receiver is _NOBODY:
            self._lengthen()
        super().failed(error)

    def _lengthen(self) -> AnswerSink:
        """From here on as the long way goes."""
        client, repeatable, series, cell = self._way
        sink = client.sink(self._turn.exchange(), self._id, self.cancelled)
        counted = Counted(series, sink, self._began, cell)
        reading = repeatable.reading(self._id, self._params, counted, self._wire_id, self)
        self._receiver = reading.receiver
        counted.ticket = reading.ticket
        sink.bind(counted)
        return sink


_NOBODY = _Nobody()
