"""Upstreams of the revisions before 2026-07-28 over Streamable HTTP.

A legacy client with a session of its own speaks in a session of its own there, under its own ids
and with its answers untouched. Other clients' ids and progress tokens are replaced by ones that
are unique in the session.
"""

from collections.abc import Callable

from typing_extensions import override

from mcpgateway.data_plane.upstreams.message_reader import MessageReader
from mcpgateway.data_plane.upstreams.relay import Relay
from mcpgateway.data_plane.upstreams.request import Sink, Ticket, UpstreamRequest
from mcpgateway.data_plane.upstreams.session_call import SessionCall
from mcpgateway.data_plane.upstreams.session_key import SessionKey
from mcpgateway.data_plane.upstreams.session_pool import SessionLimits, SessionPool
from mcpgateway.data_plane.upstreams.shared import Announced, Shared
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
        call = _Call(self.sessions, request, sink, self._shared.announced)
        call.start()
        return call

    def _session(self, key: SessionKey | None, request: UpstreamRequest) -> StreamableSession:
        target = self._shared.targets.of(request.upstream)
        return StreamableSession(self._shared, target, key, request)


class _Call(SessionCall[StreamableSession]):
    """One POST and its response."""

    def __init__(
        self, pool: Pool, request: UpstreamRequest, sink: Sink, announced: Announced
    ) -> None:
        super().__init__(pool, request, sink, announced)
        self._callers = callers_lines(request.headers)
        self._receiver: Relay | MessageReader | None = None

    @override
    def post(self, body: bytes) -> None:
        session, request = self.session, self.request
        receiver: Relay | MessageReader
        if request.client.era == "legacy" and not session.renumbers:
            receiver = Relay(session.target.name, self.sink, self._reader, streams=False)
        else:
            receiver = self._reader()
        receiver.ticket = session.post(body, receiver, self._callers, safe=request.safe)
        self._receiver = receiver

    @override
    def withdraw(self) -> None:
        if self._receiver is not None:
            self._receiver.cancel()

    @override
    def pause(self) -> None:
        if self._receiver is not None:
            self._receiver.pause()

    @override
    def resume(self) -> None:
        if self._receiver is not None:
            self._receiver.resume()

    def message(self, raw: bytes) -> bool:
        return self.delivery.message(raw)

    def ended(self) -> None:
        self.delivery.ended()

    def _reader(self) -> MessageReader:
        target = self.session.target
        return MessageReader(target.name, self, target.timeouts.first_byte)
