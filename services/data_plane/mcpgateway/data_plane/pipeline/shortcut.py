"""Calls that differ from the one before on their connection in nothing but id and arguments.

Rules. A shortcut is made from a call that went all the way through edge and pipeline, when its
HTTP head was seen to repeat. It takes a request only while all that was decided by would be found
the same: the table is the very same object, the caller's credentials have not expired, the head
repeats (the connection sees to that), and `method`, `_meta` and the member that names the target
are the very same bytes. Of the rest of the body it reads what the long way reads, and it writes
the same request. Whatever else comes, in the request or in its answer, goes the long way.
"""

import weakref
from collections.abc import Callable
from math import inf
from typing import Protocol

import msgspec
from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, Unavailable
from mcpgateway.common.mcp import headers
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.http import call as http
from mcpgateway.common.runtime.http import wire
from mcpgateway.common.runtime.http.client import Receiver
from mcpgateway.common.runtime.http.exchange import Turn
from mcpgateway.data_plane.pipeline.answer import JSON
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.counted import Counted, Series
from mcpgateway.data_plane.pipeline.exchange_sink import ExchangeSink
from mcpgateway.data_plane.pipeline.forms import MESSAGE
from mcpgateway.data_plane.upstreams.relay import WHOLE
from mcpgateway.data_plane.upstreams.request import Repeatable, UpstreamRequest, Upstreams

_MADE = "shortcut"  # in the notes of an exchange
_ID = (int, str)  # `int | str` would be made anew at each call
_ENDS = (b"}", b"}\n", b"}\r\n")  # of a JSON object that was not cut off
_HEAD = wire.whole_head(200, (JSON,)).head


class Tables(Protocol):
    """Where the current table is."""

    @property
    def current(self) -> Table: ...


class Shortcuts:
    """Makes them, and gives them to the connections that they are for."""

    def __init__(self, tables: Tables, upstreams: Upstreams, now: Callable[[], float]) -> None:
        """`now` is Unix seconds."""
        self.tables = tables
        self.now = now
        self._upstreams = upstreams

    def sent(self, call: Call, request: UpstreamRequest, series: Series) -> None:
        """`call` came the long way, was sent as `request` and counts in `series`."""
        if call.era != "modern" or call.form is not MESSAGE:
            return
        if call.exchange.header(headers.SESSION_ID) is not None:
            return  # what is in a session may have to wait for it
        made: _Made | None = call.exchange.notes.get(_MADE)
        if made is None:  # the first with this head; most likely there are more
            call.exchange.notes[_MADE] = _Made()
        elif made.due() and call.method in headers.NAMED_BY:
            repeatable = self._upstreams.repeatable(request)
            if repeatable is not None:
                made.shortcut = Shortcut(self, call, request, repeatable, series)
                call.exchange.repeat_by(made.shortcut)


class _Made:
    """How often a head came the long way, and its last shortcut. One that takes nothing is
    replaced ever more rarely: the bodies differ in what it goes by."""

    __slots__ = ("_long", "shortcut")

    def __init__(self) -> None:
        self._long = 0
        self.shortcut: Shortcut | None = None

    def due(self) -> bool:
        if self.shortcut is not None and self.shortcut.used:
            self._long = 0
        self._long += 1
        return self._long & (self._long - 1) == 0  # a power of two


class Shortcut:
    """Implements `exchange.Shortcut`. Holds no table: an idle connection must not keep it."""

    __slots__ = (
        "_expires",
        "_member",
        "_meta",
        "_method",
        "_name",
        "_now",
        "_sent_meta",
        "_sent_name",
        "_table",
        "_tables",
        "repeatable",
        "series",
        "used",
    )

    def __init__(
        self,
        makers: Shortcuts,
        call: Call,
        request: UpstreamRequest,
        repeatable: Repeatable,
        series: Series,
    ) -> None:
        self._tables = makers.tables
        self._now = makers.now
        self._table = weakref.ref(call.table)
        self._expires = call.caller.expires
        self._method = call.method
        self._member = member = headers.NAMED_BY[call.method]
        self._name = call.params[member].copy()
        self._meta = call.params["_meta"].copy()
        self._sent_name = request.params[member].copy()
        self._sent_meta = request.params["_meta"].copy()
        self.repeatable = repeatable
        self.series = series
        self.used = False

    def take(self, body: bytes, turn: Turn) -> "ShortCall | None":
        if self._table() is not self._tables.current or self._now() >= self._expires:
            return None
        try:
            frame = jsonrpc.decode_frame(body)
        except jsonrpc.FrameError:
            return None
        id, params = frame.id, frame.params
        if frame.method != self._method or isinstance(params, msgspec.UnsetType):
            return None
        if params.get("_meta") != self._meta or params.get(self._member) != self._name:
            return None
        if not isinstance(id, _ID):
            return None  # a notification
        params["_meta"] = self._sent_meta
        params[self._member] = self._sent_name
        call = ShortCall(self.repeatable, turn, id, self._method, params)
        try:
            self.repeatable.run(call)
        except Unavailable:
            return None
        call.series = self.series
        call.began = self.series.begin()
        self.used = True
        return call


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
    """One call of a shortcut: its request, and the taker of its answer. Where the answer is more
    than one small JSON body, the exchange and its sink are made after all."""

    __slots__ = ("_id", "_method", "_params", "_repeatable", "_turn", "began", "series")

    series: Series  # set when it has gone out, with what the series said
    began: float

    def __init__(
        self,
        repeatable: Repeatable,
        turn: Turn,
        id: jsonrpc.Id,
        method: str,
        params: jsonrpc.Params,
    ) -> None:
        self._repeatable = repeatable
        self._turn = turn
        self._id = id
        self._params = params
        self.head = repeatable.head
        self.body = jsonrpc.request(id, method, jsonrpc.encode(params))
        self.safe = repeatable.safe
        self.timeouts = repeatable.timeouts
        self.source = None
        self.total_at = inf
        self.runner = None
        self.timer = None
        self.retried = False
        self.bodiless = False
        self._receiver = _NOBODY

    def left(self) -> None:
        """The client is gone. It is a modern one: that cancels the call."""
        self.series.end(self.began, self.series.outcome("cancelled"))
        self.cancel()

    @override
    def whole(self, head: http.RepeatedHead, data: bytes, body: bytes) -> None:
        plain = head.status == 200 and head.kind == wire.JSON and not head.encoded
        whole = len(body) <= WHOLE and body.endswith(_ENDS)
        if plain and whole and self._receiver is _NOBODY:
            self._receiver = None
            self.series.received.value += len(body)
            self.series.end(self.began, self.series.ok)
            self._turn.answer(_HEAD, body)
        else:
            super().whole(head, data, body)

    @override
    def answered(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._lengthen()
        super().answered(status, headers)

    @override
    def failed(self, error: GatewayError) -> None:
        self._lengthen()
        super().failed(error)

    def _lengthen(self) -> None:
        """From here on as the long way goes."""
        if self._receiver is not _NOBODY:
            return
        sink = ExchangeSink(self._turn.exchange(), self._id, "modern")
        counted = Counted(self.series, sink, self.began)
        reader = self._repeatable.reader(self._id, self._params, counted)
        reader.ticket = self
        self._receiver = reader
        counted.ticket = reader
        sink.bind(counted)


_NOBODY = _Nobody()
