"""Calls that differ from the one before on their connection in nothing but id, arguments, and
progress token.

Rules. A shortcut is made from a call that went all the way through edge and pipeline, when its
HTTP head was seen to repeat. It takes a request only while all that was decided by would be found
the same: the table is the very same object, the caller's credentials have not expired, its session
is unchanged (`short_clients`), so is that with the upstream (`upstreams.repeatable`), the head
repeats (the connection sees to that), `method` and the member that names the target are the very
same bytes, and so is `_meta`, its progress token aside. Of the rest of the body it reads what the
long way reads, and it writes the same request. Whatever else comes, in the request or in its
answer, goes the long way.
"""

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

import msgspec
from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.mcp import headers, mirrored_params, translate
from mcpgateway.common.mcp.envelope import Meta, read_meta
from mcpgateway.common.routing.model import speaks_mcp
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.http import exchange
from mcpgateway.common.runtime.http.exchange import Taken, Turn
from mcpgateway.common.runtime.http.head_prediction import VARYING
from mcpgateway.data_plane.pipeline.admitting.call_rules import is_settled_by_call
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.counted import Counted
from mcpgateway.data_plane.pipeline.forms import MESSAGE
from mcpgateway.data_plane.pipeline.shortcuts.short_call import ShortCall, Way
from mcpgateway.data_plane.pipeline.shortcuts.short_clients import ShortClient, ShortClients
from mcpgateway.data_plane.pipeline.shortcuts.short_tool_call import Place, ShortToolCall
from mcpgateway.data_plane.upstreams.request import Send, UpstreamRequest, Upstreams

MADE = "shortcut"  # in the notes of an exchange
_ID = (int, str)  # `int | str` would be made anew at each call
_NOTED_SIZE = 1024  # bytes of what a client may have noted of a body


class Tables(Protocol):
    """Where the current table is."""

    @property
    def current(self) -> Table: ...


class Shortcuts:
    """Makes them, and gives them to the connections that they are for."""

    def __init__(
        self,
        tables: Tables,
        upstreams: Upstreams,
        clients: ShortClients,
        now: Callable[[], float],
        judged: Send | None = None,
    ) -> None:
        """`now` is Unix seconds. `judged` sends calls of tools that are called here, which take no
        shortcuts without it."""
        self.tables = tables
        self.now = now
        self._upstreams = upstreams
        self._clients = clients
        self._judged = judged

    def sent(self, call: Call, request: UpstreamRequest, counted: Counted) -> None:
        """`call` came the long way, was sent as `request`, and counts as `counted` does."""
        if call.caller.subject.scope.guarded:
            return  # each request is looked at
        if call.form is not MESSAGE or call.method not in headers.NAMED_BY:
            return
        if call.era == "modern" and call.exchange.header(headers.SESSION_ID) is not None:
            return  # what is in a session may have to wait for it
        if call.indirect or is_settled_by_call(call):
            return
        made: Made | None = call.exchange.notes.get(MADE)
        if made is None:  # the first with this head; most likely there are more
            call.exchange.notes[MADE] = Made()
        elif made.due() and _repeats(call, request):
            client = self._clients.of(call)
            shortcut = None if client is None else self._made(client, call, request, counted)
            if shortcut is not None:
                made.shortcut = shortcut
                call.exchange.repeat_by(shortcut)

    def _made(
        self, client: ShortClient, call: Call, request: UpstreamRequest, counted: Counted
    ) -> "Shortcut | None":
        if is_called_here(request):
            if self._judged is None:
                return None
            place = Place(client, counted.series, counted.cell)
            return ToolShortcut(self, place, self._judged, call, request)
        repeatable = self._upstreams.repeatable(request)
        if repeatable is None:
            return None
        way = Way(client, repeatable, counted.series, counted.cell)
        return UpstreamShortcut(self, way, call, request)


def is_called_here(request: UpstreamRequest) -> bool:
    """Whether it is made a request of another protocol here: only its answer comes back, so that
    also a tool with which more is done than passing its calls on may take shortcuts."""
    return request.run is None and not speaks_mcp(request.upstream)


def _repeats(call: Call, request: UpstreamRequest) -> bool:
    """Whether what was sent depends on nothing but what a shortcut looks at."""
    if any(name in VARYING for name, _ in request.headers):
        return False  # passed on, it differs under one and the same head
    if request.upstream.tokens or request.upstream.identity:
        return False  # what authorizes it may change, or is signed at its time
    mirrors = call.era != request.upstream.era or not speaks_mcp(request.upstream)
    if mirrors and mirrored_params.wanted(request.definition):
        return False  # arguments are held against headers, or copied there
    noted = (call.params.get(headers.NAMED_BY[call.method]), call.params.get("_meta"))
    return all(raw is None or len(bytes(raw)) <= _NOTED_SIZE for raw in noted)


class Used(exchange.Shortcut, Protocol):
    """`used`: it took something."""

    used: bool


class Made:
    """How often a head came the long way, and its last shortcut. One that takes nothing is
    replaced ever more rarely: the bodies differ in what it goes by."""

    __slots__ = ("_long", "shortcut")

    def __init__(self) -> None:
        self._long = 0
        self.shortcut: Used | None = None

    def due(self) -> bool:
        if self.shortcut is not None and self.shortcut.used:
            self._long = 0
        self._long += 1
        return self._long & (self._long - 1) == 0  # a power of two


class Shortcut(ABC):
    """Implements `exchange.Shortcut`. Holds no table: an idle connection must not keep it."""

    __slots__ = (
        "_client",
        "_expires",
        "_member",
        "_meta",
        "_method",
        "_name",
        "_now",
        "_others",
        "_ready",
        "_sent_meta",
        "_sent_name",
        "_table",
        "_tables",
        "used",
    )

    def __init__(
        self,
        makers: Shortcuts,
        client: ShortClient,
        ready: Callable[[], bool],
        call: Call,
        request: UpstreamRequest,
    ) -> None:
        """`ready`: whether the upstream would be asked as it was then."""
        self._ready = ready
        self._tables = makers.tables
        self._now = makers.now
        self._client = client
        self._table = weakref.ref(call.table)
        self._expires = client.expires
        self._method = call.method
        self._member = member = headers.NAMED_BY[call.method]
        self._name = call.params[member].copy()
        self._sent_name = request.params[member].copy()
        self._meta = _copied(call.params.get("_meta"))
        self._sent_meta = _copied(request.params.get("_meta"))
        self._others = None if call.meta is None else _without_token(call.meta)
        self.used = False

    @abstractmethod
    def begin(self, turn: Turn, id: jsonrpc.Id, params: jsonrpc.Params) -> Taken | None:
        """Send it. None: nothing was done."""

    def take(self, body: bytes, turn: Turn) -> Taken | None:
        if self._table() is not self._tables.current or self._now() >= self._expires:
            return None
        if not (self._client.unchanged() and self._ready()):
            return None
        try:
            frame = jsonrpc.decode_frame(body)
        except jsonrpc.FrameError:
            return None
        id, params = frame.id, frame.params
        if frame.method != self._method or isinstance(params, msgspec.UnsetType):
            return None
        if not isinstance(id, _ID) or not self._renamed(params):
            return None  # a notification, or another call
        call = self.begin(turn, id, params)
        self.used = self.used or call is not None
        return call

    def _renamed(self, params: jsonrpc.Params) -> bool:
        """Whether they are those of such a call. Then they are made what is sent."""
        if params.get(self._member) != self._name or not translate.ONE_ERA_ONLY.isdisjoint(params):
            return False
        meta = params.get("_meta")
        if meta == self._meta:
            if self._sent_meta is not None:
                params["_meta"] = self._sent_meta
        elif not self._under_another_token(params):
            return False
        params[self._member] = self._sent_name
        return True

    def _under_another_token(self, params: jsonrpc.Params) -> bool:
        """The same for a `_meta` that differs in the progress token alone: nothing is decided by
        it, and it is sent on as it is."""
        meta = read_meta(params)
        if meta is None or self._others is None or _without_token(meta) != self._others:
            return False
        params["_meta"] = msgspec.Raw(jsonrpc.join_params(meta))
        return True


class UpstreamShortcut(Shortcut):
    """Of calls that are passed on to an MCP server."""

    __slots__ = ("_repeatable", "_way")

    def __init__(self, makers: Shortcuts, way: Way, call: Call, request: UpstreamRequest) -> None:
        super().__init__(makers, way.client, way.repeatable.ready, call, request)
        self._way = way
        self._repeatable = way.repeatable

    @override
    def begin(self, turn: Turn, id: jsonrpc.Id, params: jsonrpc.Params) -> ShortCall | None:
        call = ShortCall(self._way, turn, id, params)
        try:
            self._repeatable.run(call)
        except Unavailable:
            return None
        call.begun()
        return call


class ToolShortcut(Shortcut):
    """Of calls that are made here."""

    __slots__ = ("_place", "_request", "_send")

    def __init__(
        self, makers: Shortcuts, place: Place, send: Send, call: Call, request: UpstreamRequest
    ) -> None:
        super().__init__(makers, place.client, _always, call, request)
        self._place = place
        self._send = send
        self._request = msgspec.structs.replace(request, params={})

    @override
    def begin(self, turn: Turn, id: jsonrpc.Id, params: jsonrpc.Params) -> ShortToolCall:
        call = ShortToolCall(self._place, turn, id)
        call.begun()
        request = msgspec.structs.replace(self._request, id=id, params=params)
        call.sent(self._send(request, call))
        return call


def _always() -> bool:
    return True


def _copied(raw: msgspec.Raw | None) -> msgspec.Raw | None:
    """One that keeps no message in memory."""
    return None if raw is None else raw.copy()


def _without_token(meta: Meta) -> Meta:
    return {key: raw.copy() for key, raw in meta.items() if key != translate.PROGRESS_TOKEN}
