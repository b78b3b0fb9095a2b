"""What stays the same of requests while only their ids, arguments and progress tokens change.

One class for each way in which an upstream client sends and reads: `RelayedRequest` where nothing
is translated, `TranslatedRequest` for legacy clients of modern upstreams, `SessionRequest` for
sessions with legacy upstreams. Each writes what its client would write, and reads of the answers
those that hold a result and nothing else; the rest is for the reader that its client would have
made. They hold for one record of the upstream.
"""

from collections.abc import Callable

import msgspec
from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import translate_results
from mcpgateway.common.mcp.result_types import seems_complete
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.data_plane.upstreams.request import Reading, Sink, Ticket, UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionPool
from mcpgateway.data_plane.upstreams.short_answers import renumbered, translated, whole
from mcpgateway.data_plane.upstreams.streamable import StreamableSession
from mcpgateway.data_plane.upstreams.targets import Target, callers_lines

_BEGIN = b'{"jsonrpc":"2.0","id":'

Read = Callable[[UpstreamRequest, Sink, jsonrpc.Id, Ticket], Reading]
"""Takes over a request that went out under an id of the upstream's own, as who sent it would."""

Translate = Callable[[jsonrpc.Params, jsonrpc.Id], jsonrpc.Params]
"""Makes the upstream's params of the client's, for a request that goes out under this id."""


class _Request:
    """What all of them share."""

    def __init__(self, target: Target, head: bytes, request: UpstreamRequest, read: Read) -> None:
        self._origin = target.origin
        self._request = msgspec.structs.replace(request, params={})
        self._read = read
        self._method = b',"method":%b,"params":' % jsonrpc.encode(request.method)
        self.head = head
        self.safe = request.safe
        self.timeouts = target.timeouts

    def written(self, wire_id: jsonrpc.Id, params: jsonrpc.Params) -> bytes:
        """As `jsonrpc.request` does."""
        encode = jsonrpc.encode
        return b"".join((_BEGIN, encode(wire_id), self._method, encode(params), b"}"))

    def reading(
        self,
        id: jsonrpc.Id,
        params: jsonrpc.Params,
        sink: Sink,
        wire_id: jsonrpc.Id,
        ticket: Ticket,
    ) -> Reading:
        request = msgspec.structs.replace(self._request, id=id, params=params)
        return self._read(request, sink, wire_id, ticket)


class RelayedRequest(_Request):
    """Implements `request.Repeatable`: what goes out and comes back is the client's."""

    def __init__(
        self, http: HttpClient, target: Target, head: bytes, request: UpstreamRequest, read: Read
    ) -> None:
        super().__init__(target, head, request, read)
        self._http = http

    def ready(self) -> bool:
        return True

    def wire_id(self, id: jsonrpc.Id) -> jsonrpc.Id:
        return id

    def body(self, wire_id: jsonrpc.Id, params: jsonrpc.Params) -> bytes:
        return self.written(wire_id, params)

    def run(self, call: Call) -> None:
        self._http.run(self._origin, call)

    def over(self) -> None:
        return

    def answer(self, id: jsonrpc.Id, wire_id: jsonrpc.Id, body: bytes) -> bytes | None:
        return whole(body) if seems_complete(body) else None


class TranslatedRequest(RelayedRequest):
    """The same for a legacy client of a modern upstream."""

    def __init__(
        self,
        http: HttpClient,
        target: Target,
        head: bytes,
        request: UpstreamRequest,
        read: Read,
        translate: Translate,
    ) -> None:
        super().__init__(http, target, head, request, read)
        self._params = Params(translate, request)

    @override
    def body(self, wire_id: jsonrpc.Id, params: jsonrpc.Params) -> bytes:
        return self.written(wire_id, self._params.sent(params, wire_id))

    @override
    def answer(self, id: jsonrpc.Id, wire_id: jsonrpc.Id, body: bytes) -> bytes | None:
        return translated(id, wire_id, body, self._result)

    def _result(self, result: jsonrpc.Params) -> bytes:
        return translate_results.members_to_legacy(self._request.method, result)


class SessionRequest(_Request):
    """Implements `request.Repeatable` in one session with a legacy upstream, while it goes on.
    What `translate` says matters where the session is not the client's own; else all goes through
    untouched."""

    def __init__(
        self,
        pool: SessionPool[StreamableSession],
        session: StreamableSession,
        request: UpstreamRequest,
        read: Read,
        translate: Translate,
    ) -> None:
        self._callers = callers_lines(request.headers)
        super().__init__(session.target, session.head_with(self._callers), request, read)
        self._pool = pool
        self._session = session
        self._params = Params(translate, request)
        self._renumbers = session.renumbers
        self._modern = request.client.era == "modern"

    def ready(self) -> bool:
        return self._session.findable()

    def wire_id(self, id: jsonrpc.Id) -> jsonrpc.Id:
        return self._session.next_id() if self._renumbers else id

    def body(self, wire_id: jsonrpc.Id, params: jsonrpc.Params) -> bytes:
        if self._renumbers:
            params = self._params.sent(params, wire_id)
        return self.written(wire_id, params)

    def run(self, call: Call) -> None:
        self._session.run(call, self._callers)
        self._pool.enter(self._session)

    def over(self) -> None:
        self._pool.give_back(self._session)

    def answer(self, id: jsonrpc.Id, wire_id: jsonrpc.Id, body: bytes) -> bytes | None:
        if not self._renumbers:
            return whole(body)
        if self._modern:
            return translated(id, wire_id, body, self._to_modern)
        return renumbered(id, wire_id, body)

    def _to_modern(self, result: jsonrpc.Params) -> bytes:
        return translate_results.members_to_modern(self._request.method, result)


class Params:
    """Translates params most of which have the `_meta` of those in `request`."""

    def __init__(self, translate: Translate, request: UpstreamRequest) -> None:
        """No params have a member that is of one era only."""
        self._translate = translate
        meta = request.params.get("_meta")
        self._meta = None if meta is None else meta.copy()
        one, other = (translate(request.params, id).get("_meta") for id in (1, 2))
        self._alike = one == other  # whatever the id is
        self._untouched = one == meta
        self._sent = one

    def sent(self, params: jsonrpc.Params, wire_id: jsonrpc.Id) -> jsonrpc.Params:
        if not self._alike or params.get("_meta") != self._meta:
            return self._translate(params, wire_id)
        if self._untouched:
            return params
        sent = params.copy()
        if self._sent is None:
            del sent["_meta"]
        else:
            sent["_meta"] = self._sent
        return sent
