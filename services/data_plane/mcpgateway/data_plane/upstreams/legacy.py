"""Upstreams of the revisions before 2026-07-28 over Streamable HTTP.

A legacy client with a session of its own speaks in a session of its own there, under its own ids
and with its answers untouched. Other clients' ids and progress tokens are replaced by ones that
are unique in the session.
"""

from collections.abc import Callable
from functools import partial
from math import inf

from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, UpstreamTimeout
from mcpgateway.common.mcp.client_capabilities import NONE_DECLARED
from mcpgateway.data_plane.upstreams.first_byte import FirstByte
from mcpgateway.data_plane.upstreams.message_reader import MessageReader
from mcpgateway.data_plane.upstreams.relay import Relay
from mcpgateway.data_plane.upstreams.repeatable import SessionRequest
from mcpgateway.data_plane.upstreams.request import (
    Reading,
    Repeatable,
    Sink,
    Ticket,
    UpstreamRequest,
)
from mcpgateway.data_plane.upstreams.resumption import Resumption
from mcpgateway.data_plane.upstreams.sessions.session_call import (
    SessionCall,
    log_level,
    sent_params,
)
from mcpgateway.data_plane.upstreams.sessions.session_key import SessionKey
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionLimits, SessionPool
from mcpgateway.data_plane.upstreams.shared import Shared
from mcpgateway.data_plane.upstreams.streamable import StreamableSession
from mcpgateway.data_plane.upstreams.targets import callers_lines

Pool = SessionPool[StreamableSession]


class LegacyClient:
    """Sends in the turn of the loop in which it is asked, once the session is there."""

    def __init__(self, shared: Shared, limits: SessionLimits, clock: Callable[[], float]) -> None:
        self._shared = shared
        self.sessions: Pool = SessionPool(self._session, limits, clock)

    def send(self, request: UpstreamRequest, sink: Sink) -> Ticket:
        """Raises GatewayError when the request can not be written or has no session."""
        call = _Call(self.sessions, request, sink, self._shared)
        call.start()
        return call

    def repeatable(self, request: UpstreamRequest) -> Repeatable | None:
        """None where a call needs more of its session than that it is live."""
        client, session = request.client, self.sessions.shared(request)
        if session is None or not session.findable():
            return None
        if client.capabilities != NONE_DECLARED or log_level(request):
            return None
        if request.reads or request.patient:
            return None
        return SessionRequest(
            self.sessions,
            session,
            request,
            partial(self._read_on, session),
            lambda params, wire_id: sent_params(client.era, params, wire_id),
        )

    def _read_on(
        self,
        session: StreamableSession,
        request: UpstreamRequest,
        sink: Sink,
        wire_id: jsonrpc.Id,
        sent: Ticket,
    ) -> Reading:
        call = _Call(self.sessions, request, sink, self._shared)
        return Reading(call.take_over(session, wire_id, sent), call)

    def _session(self, key: SessionKey | None, request: UpstreamRequest) -> StreamableSession:
        target = self._shared.targets.of(request.upstream)
        return StreamableSession(self._shared, target, key, request)


class _Call(SessionCall[StreamableSession]):
    """One POST and its response, which goes on by GET when it breaks off."""

    def __init__(self, pool: Pool, request: UpstreamRequest, sink: Sink, shared: Shared) -> None:
        super().__init__(pool, request, sink, shared)
        self._callers = callers_lines(request.headers)
        self._receiver: Relay | MessageReader | Resumption | None = None
        self._stream: MessageReader | None = None  # that was made last
        self._first_byte: FirstByte | None = None

    @override
    def post(self, body: bytes) -> None:
        session, request = self.session, self.request
        receiver = self._receiver = self._new_receiver()
        if not (self.may_be_asked or request.patient):
            receiver.ticket = session.post(body, receiver, self._callers, safe=request.safe)
            return
        session.traffic.add(self.wire_id, self)
        seconds = session.target.timeouts.first_byte
        self._first_byte = FirstByte(receiver, seconds, self._too_late)
        receiver.ticket = session.post(
            body, self._first_byte, self._callers, safe=request.safe, waits=True
        )
        if request.patient:
            self.hold(True)

    def take_over(
        self, session: StreamableSession, wire_id: jsonrpc.Id, sent: Ticket
    ) -> Relay | MessageReader:
        """In place of `start`: the request went out already, whose answer comes to what this
        returns."""
        self.adopt(session, wire_id)
        receiver = self._receiver = self._new_receiver()
        receiver.ticket = sent
        return receiver

    def _new_receiver(self) -> Relay | MessageReader:
        session, request = self.session, self.request
        if request.client.era == "legacy" and not (session.renumbers or request.reads):
            return Relay(session.target.name, self.sink, self._reader, streams=False)
        return self._reader()

    @override
    def withdraw(self) -> None:
        if self._first_byte is not None:
            self._first_byte.close()
        if self._receiver is not None:
            self._receiver.cancel()

    @override
    def hold(self, held: bool) -> None:
        held = held or self.request.patient
        if self._first_byte is not None:
            self._first_byte.hold(held)
        stream = self._receiver if isinstance(self._receiver, Resumption) else self._stream
        if stream is not None:
            stream.hold(held)

    @override
    def finished(self) -> None:
        self.session.traffic.remove(self.wire_id, self)
        self._stream = None
        if self._first_byte is not None:
            self._first_byte.close()

    @override
    def pause(self) -> None:
        if self._receiver is not None:
            self._receiver.pause()

    @override
    def resume(self) -> None:
        if self._receiver is not None:
            self._receiver.resume()

    def frame(self, frame: jsonrpc.Frame) -> None:
        """A message about this call that came on the session's own stream."""
        if self.delivery.frame(frame):
            self.withdraw()

    def message(self, raw: bytes) -> bool:
        return self.delivery.message(raw)

    def ended(self) -> None:
        if not self._resumed(None):
            self.delivery.ended()

    @override
    def failed(self, error: GatewayError) -> None:
        if isinstance(error, UpstreamTimeout) or not self._resumed(error):
            super().failed(error)

    def _resumed(self, error: GatewayError | None) -> bool:
        """Whether the stream that broke off can be taken up where it ended."""
        stream, self._stream = self._stream, None
        if stream is None or not stream.last_id:
            return False
        resumption = Resumption(self.session, self.message, super().failed)
        self._receiver = resumption
        resumption.broke(stream, error)
        return True

    def _too_late(self) -> None:
        self.withdraw()
        upstream, seconds = self.request.upstream.name, self.session.target.timeouts.first_byte
        self.failed(UpstreamTimeout(f"upstream {upstream!r} did not answer within {seconds:g} s"))

    def _reader(self) -> MessageReader:
        target = self.session.target
        silence = inf if self.request.patient else target.timeouts.first_byte
        self._stream = MessageReader(target.name, self, silence)
        return self._stream
