"""Upstreams of the revisions before 2026-07-28 over Streamable HTTP.

A legacy client with a session of its own speaks in a session of its own there, under its own ids
and with its answers untouched. Other clients' ids and progress tokens are replaced by ones that
are unique in the session.
"""

from collections.abc import Callable

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import translate
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.common.runtime.http.client import Ticket as HttpTicket
from mcpgateway.data_plane.upstreams.delivery import Delivery
from mcpgateway.data_plane.upstreams.errands import Errands
from mcpgateway.data_plane.upstreams.faults import Refusal
from mcpgateway.data_plane.upstreams.reading import MessageReader
from mcpgateway.data_plane.upstreams.relay import Relay
from mcpgateway.data_plane.upstreams.request import Sink, Ticket, UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions import (
    SessionKey,
    SessionLimits,
    SessionPool,
)
from mcpgateway.data_plane.upstreams.streamable import StreamableSession
from mcpgateway.data_plane.upstreams.targets import Targets, callers_lines
from mcpgateway.data_plane.upstreams.tracked import Tracked

Pool = SessionPool[StreamableSession]


class LegacyClient:
    """Sends in the turn of the loop in which it is asked, once the session is there."""

    def __init__(
        self,
        http: HttpClient,
        targets: Targets,
        errands: Errands,
        limits: SessionLimits,
        clock: Callable[[], float],
    ) -> None:
        self._http = http
        self._targets = targets
        self._errands = errands
        self.sessions: Pool = SessionPool(self._session, limits, clock)

    def send(self, request: UpstreamRequest, sink: Sink) -> Ticket:
        """Raises GatewayError when the request can not be written or has no session."""
        call = _Call(self.sessions, request, sink)
        call.start()
        return call

    def _session(self, key: SessionKey | None, request: UpstreamRequest) -> StreamableSession:
        target = self._targets.of(request.upstream)
        return StreamableSession(self._http, self._errands, target, key, request)


class _Call:
    """One request: waits for its session, goes out, and once more if the session was lost.

    It is the ticket of its caller, and the Listener of the response where that is read.
    """

    __slots__ = (
        "_callers",
        "_delivery",
        "_over",
        "_pool",
        "_request",
        "_retried",
        "_session",
        "_sink",
        "_ticket",
        "_wire_id",
    )

    def __init__(self, pool: Pool, request: UpstreamRequest, sink: Sink) -> None:
        self._pool = pool
        self._request = request
        self._sink = Tracked(sink, self._release)
        self._callers = callers_lines(request.headers)
        self._over = False
        self._retried = False
        self._wire_id: jsonrpc.Id = request.id
        self._ticket: HttpTicket | None = None
        self._delivery: Delivery | None = None
        self._session: StreamableSession

    def start(self) -> None:
        session = self._pool.take(self._request)
        self._session = session
        try:
            session.when_open(self._opened)
        except GatewayError:
            self._release()
            raise

    def cancel(self) -> None:
        if self._over:
            return
        if self._ticket is not None:
            self._session.cancelled(self._wire_id)
            self._ticket.cancel()
        self._release()

    def pause(self) -> None:
        if self._ticket is not None:
            self._ticket.pause()

    def resume(self) -> None:
        if self._ticket is not None:
            self._ticket.resume()

    def message(self, raw: bytes) -> bool:
        return self._deliver().message(raw)

    def refused(self, refusal: Refusal) -> None:
        if self._retried or not self._session.lost(refusal):
            self._deliver().refused(refusal)
            return
        self._retried = True
        self._pool.discard(self._session)
        self._pool.give_back(self._session)
        self._ticket = None
        self._delivery = None
        try:
            self.start()
        except GatewayError as error:
            self._sink.failed(error)

    def ended(self) -> None:
        self._deliver().ended()

    def failed(self, error: GatewayError) -> None:
        self._sink.failed(error)

    def _opened(self, error: GatewayError | None) -> None:
        if self._over:
            return
        if error is not None:
            self._sink.failed(error)
            return
        self._send(self._session)

    def _send(self, session: StreamableSession) -> None:
        request = self._request
        params = self._params(session)
        body = jsonrpc.request(self._wire_id, request.method, jsonrpc.join_params(params))
        receiver: Relay | MessageReader
        if request.client.era == "legacy" and not session.shared:
            receiver = Relay(session.target.name, self._sink, self._reader, streams=False)
        else:
            receiver = self._reader()
        self._ticket = session.post(body, receiver, self._callers, safe=request.safe)
        receiver.ticket = self._ticket

    def _params(self, session: StreamableSession) -> jsonrpc.Params:
        """What the upstream is sent; ids and progress tokens made unique in a shared session."""
        params = self._request.params
        if self._request.client.era == "modern":
            params = translate.params_to_legacy(params)
        if not session.shared:
            return params
        self._wire_id = session.next_id()
        if translate.progress_token(params) is None:
            return params
        return translate.with_progress_token(params, jsonrpc.encode(self._wire_id))

    def _reader(self) -> MessageReader:
        return MessageReader(self._request.upstream.name, self)

    def _deliver(self) -> Delivery:
        """Made when there is something to read, which a relayed answer never asks for."""
        if self._delivery is None:
            delivery = Delivery(self._request, self._sink, self._session.tell)
            if self._session.shared:
                delivery.sent_as(self._wire_id, jsonrpc.encode(self._wire_id))
            self._delivery = delivery
        return self._delivery

    def _release(self) -> None:
        if not self._over:
            self._over = True
            self._pool.give_back(self._session)
