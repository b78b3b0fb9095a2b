"""Lists that are asked for again on a connection: a shortcut by the rules of `shortcut`, which ends
here and not at an upstream.

It is made from a list that was answered whole, and takes a request that differs from that one in
nothing but its id, while the list is the very same object. What pages there are goes the long way.
"""

import weakref
from collections.abc import Callable

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.headers import SESSION_ID
from mcpgateway.common.routing.listing import Listing
from mcpgateway.common.runtime.http import wire
from mcpgateway.common.runtime.http.exchange import Turn
from mcpgateway.data_plane.pipeline.answer import JSON, LONG, around
from mcpgateway.data_plane.pipeline.call import Call, Result
from mcpgateway.data_plane.pipeline.forms import MESSAGE
from mcpgateway.data_plane.pipeline.shortcuts.short_clients import ShortClient, ShortClients
from mcpgateway.data_plane.pipeline.shortcuts.shortcut import MADE, Made, Shortcut, Tables

_HEAD = wire.whole_head(200, (JSON,)).head
_ID = (int, str)


class ShortLists:
    """Makes them, and gives them to the connections that they are for. `now` is Unix seconds."""

    def __init__(self, tables: Tables, clients: ShortClients, now: Callable[[], float]) -> None:
        self.tables = tables
        self.now = now
        self._clients = clients

    def answered(self, call: Call, result: Result, count: Callable[[str], None]) -> None:
        """`call` came the long way and was answered so; `count` counts it by its outcome."""
        listed = result.listed
        if call.caller.subject.scope.guarded:
            return  # each request is looked at
        if listed is None or result.headers or call.form is not MESSAGE:
            return
        if call.era == "modern" and call.exchange.header(SESSION_ID) is not None:
            return
        made: Made | None = call.exchange.notes.get(MADE)
        if made is None:
            call.exchange.notes[MADE] = Made()
        elif not _in_use(made) and made.due():
            client = self._clients.of(call)
            if client is not None:
                made.shortcut = ShortList(self, client, call, result, listed, count)
                call.exchange.repeat_by(made.shortcut)


def _in_use(made: Made) -> bool:
    """Whether calls go by it. A list between them must not take their place."""
    return isinstance(made.shortcut, Shortcut) and made.shortcut.used


class ShortList:
    """Implements `exchange.Shortcut`, and `Taken`: what it takes is answered at once. Holds neither
    table nor list: an idle connection must not keep them."""

    __slots__ = (
        "_after",
        "_before",
        "_client",
        "_count",
        "_listed",
        "_method",
        "_now",
        "_params",
        "_table",
        "_tables",
        "used",
    )

    def __init__(
        self,
        makers: ShortLists,
        client: ShortClient,
        call: Call,
        result: Result,
        listed: Listing,
        count: Callable[[str], None],
    ) -> None:
        self._tables = makers.tables
        self._now = makers.now
        self._client = client
        self._count = count
        self._table = weakref.ref(call.table)
        self._listed = weakref.ref(listed)
        self._before, self._after = result.pieces[0], result.pieces[-1]
        self._method = call.method
        self._params = {name: bytes(raw) for name, raw in call.params.items()}
        self.used = False

    def take(self, body: bytes, turn: Turn) -> "ShortList | None":
        listed = self._listed()
        if listed is None or self._table() is not self._tables.current:
            return None
        if self._now() >= self._client.expires or not self._client.unchanged():
            return None
        try:
            frame = jsonrpc.decode_frame(body)
        except jsonrpc.FrameError:
            return None
        id = frame.id
        if frame.method != self._method or not isinstance(id, _ID) or not self._same(frame.params):
            return None
        pieces = around(id, (self._before, *listed.pieces, self._after))
        if sum(map(len, pieces)) < LONG:
            turn.answer(_HEAD, b"".join(pieces))
        else:
            turn.answer_pieces(_HEAD, pieces)
        self._count("ok")
        self.used = True
        return self

    def _same(self, params: jsonrpc.Params | msgspec.UnsetType) -> bool:
        given = {} if isinstance(params, msgspec.UnsetType) else params
        known = self._params
        return given.keys() == known.keys() and all(
            bytes(raw) == known[name] for name, raw in given.items()
        )

    def left(self) -> None:
        """Of no interest: it is answered."""
