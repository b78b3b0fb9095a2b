"""Upstreams that speak HTTP+SSE (2024-11-05): one GET stream per session, on which all answers
come; requests are POSTed to the endpoint that the stream names first."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Self

from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, InvalidCall, UpstreamRejected, UpstreamTimeout
from mcpgateway.common.mcp import legacy
from mcpgateway.common.runtime.http.client import Ticket as HttpTicket
from mcpgateway.common.runtime.http.wire import EVENT_STREAM
from mcpgateway.data_plane.upstreams.delivery import read_frame
from mcpgateway.data_plane.upstreams.faults import Refusal, refused, session_unknown, unusable
from mcpgateway.data_plane.upstreams.message_reader import MessageReader
from mcpgateway.data_plane.upstreams.outside import outside_of
from mcpgateway.data_plane.upstreams.request import Sink, Ticket, UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions import handshake
from mcpgateway.data_plane.upstreams.sessions.session_call import SessionCall
from mcpgateway.data_plane.upstreams.sessions.session_key import SessionKey
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionLimits, SessionPool
from mcpgateway.data_plane.upstreams.sessions.upstream_session import (
    Answered,
    Needs,
    Stood,
    UpstreamSession,
)
from mcpgateway.data_plane.upstreams.shared import Shared
from mcpgateway.data_plane.upstreams.targets import Target, callers_lines, lines
from mcpgateway.data_plane.upstreams.traffic import Member, Traffic

# Each session holds one of the connections to its upstream for its stream: the others are for the
# POSTs.
_STREAMS = 3 / 4


class SseClient:
    """Sends in the turn of the loop in which it is asked, once the session is there."""

    def __init__(self, shared: Shared, limits: SessionLimits, clock: Callable[[], float]) -> None:
        self._shared = shared
        most = max(1, int(shared.targets.connections * _STREAMS))
        streams = replace(limits, per_upstream=min(limits.per_upstream, most))
        self.sessions: SessionPool[SseSession] = SessionPool(self._session, streams, clock)

    def send(self, request: UpstreamRequest, sink: Sink) -> Ticket:
        """Raises GatewayError when the request can not be written or has no session."""
        call = _Call(self.sessions, request, sink, self._shared)
        call.start()
        return call

    def _session(self, key: SessionKey | None, request: UpstreamRequest) -> "SseSession":
        target = self._shared.targets.of(request.upstream)
        return SseSession(self._shared, target, key, request)


class SseSession(UpstreamSession):
    """Its requests always have ids of its own, by which their answers are told apart.

    It is the Listener of its stream. A stream that ends is the end of the session: calls under
    way fail with an unknown outcome.
    """

    def __init__(
        self, shared: Shared, target: Target, key: SessionKey | None, request: UpstreamRequest
    ) -> None:
        super().__init__(key)
        self.renumbers = True
        self.target = target
        self._http = shared.http
        self._errands = shared.errands
        self._initialize = handshake.initialize(request)
        self._callers = callers_lines(request.headers)
        self._post_head = b""
        self._stream: HttpTicket | None = None
        self.traffic = Traffic(target.upstream.id, shared.announced, self.tell)
        self.traffic.updated = self.resource_updated
        self.traffic.outside = outside_of(self, shared, request)
        self._late: asyncio.TimerHandle | None = None

    @override
    def open(self) -> None:
        head = self.target.head("GET") + lines([(b"accept", EVENT_STREAM)]) + self._callers
        timeouts = self.target.endless
        reader = MessageReader(self.target.name, self, endpoint=self._endpoint)
        self._stream = self._http.send(self.target.origin, head, b"", reader, timeouts=timeouts)
        reader.ticket = self._stream
        loop = asyncio.get_running_loop()
        self._late = loop.call_later(self.target.timeouts.first_byte, self._too_late)

    def add(self, call: "_Call", body: bytes, callers: bytes, *, safe: bool) -> None:
        """Sends a request; its answer will come on the stream."""
        self.traffic.add(call.wire_id, call)
        self._post(body, _Posted(self.target.name, call.refused, call.failed), callers, safe=safe)

    def forget(self, id: jsonrpc.Id, call: Member) -> None:
        self.traffic.remove(id, call)

    @override
    def prepare(self, needs: Needs, ready: Callable[[], None]) -> None:
        """The stream is there; only the log level may have to be set."""
        if not (needs.level and self.logs and self.should_set(needs.level)):
            ready()
            return
        self.level = needs.level
        id = self.next_quiet_id()
        self.ask(id, handshake.set_level(id, needs.level), lambda _: ready())

    @override
    def ask(self, id: jsonrpc.Id, body: bytes, answered: Answered) -> None:
        quiet = _Quiet(self, id, answered)
        self.traffic.add(id, quiet)
        self._post(body, quiet.posted(), self._callers)

    @override
    def stand(self, ready: Callable[[Stood], None]) -> None:
        ready("open")  # its stream is the session

    @override
    def tell(self, message: bytes) -> None:
        self._errands.send(self.target, self._post_head + self._callers, message)

    @override
    def lost(self, refusal: Refusal) -> bool:
        return session_unknown(refusal)

    @override
    def rest(self) -> None:
        """The stream stays: it is the session."""

    @override
    def succeed(self, lost: Self) -> None:
        """A stream belongs to this replica: nobody else could have gone on with the lost one."""

    @override
    def died(self, error: GatewayError) -> None:
        super().died(error)
        self._in_time()
        if self._stream is not None:
            self._stream.cancel()
        self.traffic.fail_all(error)

    @override
    def farewell(self) -> None:
        """The end of the stream says it all."""

    # The stream.

    def message(self, raw: bytes) -> bool:
        if self.dead:
            return True
        try:
            self._route(raw, read_frame(raw))
        except jsonrpc.FrameError as error:
            problem = f"sent something else than JSON-RPC: {error.message}"
            self.died(unusable(self.target.name, problem))
        except UpstreamRejected as error:
            self.died(error)
        return self.dead

    def refused(self, refusal: Refusal) -> None:
        self.died(refused(self.target.name, refusal))

    def ended(self) -> None:
        self.died(unusable(self.target.name, "ended its event stream"))

    def failed(self, error: GatewayError) -> None:
        self.died(error)

    def _route(self, raw: bytes, frame: jsonrpc.Frame) -> None:
        if not (frame.is_response and frame.id == handshake.ID):
            self.traffic.route(frame)
            return
        agreed = handshake.answer(self.target.name, raw)
        if agreed is not None:
            self.revision = agreed.revision
            self.logs = agreed.logs
            listener = _Posted(self.target.name, self.refused, self.died, self._accepted)
            self._post(handshake.INITIALIZED_MESSAGE, listener, self._callers)

    def _endpoint(self, reference: str) -> None:
        if self._post_head or self.state != "opening":
            return
        try:
            url = legacy.resolve_endpoint(self.target.upstream.url, reference)
            self._post_head = self.target.post_head(url)
        except legacy.EndpointError as error:
            self.died(unusable(self.target.name, f"named an {error}", outcome_unknown=False))
        except InvalidCall as error:
            problem = f"named an unusable endpoint: {error.message}"
            self.died(unusable(self.target.name, problem, outcome_unknown=False))
        else:
            listener = _Posted(self.target.name, self.refused, self.died)
            self._post(self._initialize, listener, self._callers, safe=True)

    def _accepted(self) -> None:
        self._in_time()
        if self.state == "opening":
            self.opened()

    def _post(self, body: bytes, posted: "_Posted", callers: bytes, *, safe: bool = False) -> None:
        reader = MessageReader(self.target.name, posted)
        reader.ticket = self._http.send(
            self.target.origin,
            self._post_head + callers,
            body,
            reader,
            safe=safe,
            timeouts=self.target.timeouts,
        )

    def _too_late(self) -> None:
        seconds = self.target.timeouts.first_byte
        self.died(
            UpstreamTimeout(
                f"upstream {self.target.name!r} did not open a session within {seconds:g} s"
            )
        )

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class _Posted:
    """A Listener for a POST whose answer comes elsewhere: any 2xx will do."""

    def __init__(
        self,
        upstream: str,
        refused: Callable[[Refusal], None],
        failed: Callable[[GatewayError], None],
        accepted: Callable[[], None] | None = None,
    ) -> None:
        self._upstream = upstream
        self._refused = refused
        self._accepted = accepted
        self.failed = failed

    def message(self, raw: bytes) -> bool:
        return False

    def refused(self, refusal: Refusal) -> None:
        if 200 <= refusal.status < 300:
            self.ended()
        else:
            self._refused(refusal)

    def ended(self) -> None:
        if self._accepted is not None:
            self._accepted()


class _Quiet:
    """A request of the gateway's own."""

    may_be_asked = False

    def __init__(self, session: SseSession, id: jsonrpc.Id, answered: Answered) -> None:
        self._session = session
        self._id = id
        self._answered: Answered | None = answered
        seconds = session.target.timeouts.first_byte
        self._late = asyncio.get_running_loop().call_later(seconds, self._end)

    def frame(self, frame: jsonrpc.Frame) -> None:
        if frame.is_response:
            self._end(frame)

    def failed(self, error: GatewayError) -> None:
        self._end()

    def posted(self) -> _Posted:
        return _Posted(self._session.target.name, lambda _refusal: self._end(), self.failed)

    def _end(self, frame: jsonrpc.Frame | None = None) -> None:
        self._late.cancel()
        self._session.forget(self._id, self)
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(frame)


class _Call(SessionCall[SseSession]):
    """One POST, and its answer on the stream within the upstream's timeout; each notification
    about it starts the time anew.

    The stream is other calls' too and can not be slowed down: while this call's reader is slow,
    notifications for it are dropped. The answer never is.
    """

    def __init__(
        self,
        pool: SessionPool[SseSession],
        request: UpstreamRequest,
        sink: Sink,
        shared: Shared,
    ) -> None:
        super().__init__(pool, request, sink, shared)
        self._callers = callers_lines(request.headers)
        self._late: asyncio.TimerHandle | None = None
        self._paused = False
        self._held = False

    @override
    def post(self, body: bytes) -> None:
        self._wait()
        self.session.add(self, body, self._callers, safe=self.request.safe)

    @override
    def withdraw(self) -> None:
        """Nothing but the id is withdrawn; `finished` does that."""

    @override
    def pause(self) -> None:
        self._paused = True

    @override
    def resume(self) -> None:
        self._paused = False

    @override
    def hold(self, held: bool) -> None:
        self._held = held
        self._wait()

    @override
    def finished(self) -> None:
        if self._late is not None:
            self._late.cancel()
        self.session.forget(self.wire_id, self)

    def frame(self, frame: jsonrpc.Frame) -> None:
        dropped = self._paused and frame.is_notification
        if dropped or not self.delivery.frame(frame):
            self._wait()

    def _wait(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
        if self._held:
            return
        seconds = self.session.target.timeouts.first_byte
        self._late = asyncio.get_running_loop().call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        upstream, seconds = self.request.upstream.name, self.session.target.timeouts.first_byte
        self.failed(UpstreamTimeout(f"upstream {upstream!r} did not answer within {seconds:g} s"))
