"""A session with a legacy upstream over Streamable HTTP: how it is opened, used, lost, ended."""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Self

from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, Unavailable
from mcpgateway.common.mcp import headers
from mcpgateway.common.mcp.client_capabilities import NONE_DECLARED
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import Receiver, Ticket
from mcpgateway.common.runtime.http.wire import EVENT_STREAM
from mcpgateway.data_plane.upstreams.delivery import read_frame
from mcpgateway.data_plane.upstreams.faults import (
    Refusal,
    era_changed,
    of_other_era,
    refused,
    session_unknown,
    unusable,
)
from mcpgateway.data_plane.upstreams.message_reader import MessageReader
from mcpgateway.data_plane.upstreams.outside import outside_of
from mcpgateway.data_plane.upstreams.request import UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions import handshake
from mcpgateway.data_plane.upstreams.sessions.continued import continued
from mcpgateway.data_plane.upstreams.sessions.session_key import SessionKey
from mcpgateway.data_plane.upstreams.sessions.shared_sessions import News, SharedSession
from mcpgateway.data_plane.upstreams.sessions.standing import StandingStream
from mcpgateway.data_plane.upstreams.sessions.upstream_session import (
    Answered,
    Needs,
    Stood,
    UpstreamSession,
)
from mcpgateway.data_plane.upstreams.shared import Shared
from mcpgateway.data_plane.upstreams.targets import Target, callers_lines, lines
from mcpgateway.data_plane.upstreams.traffic import Traffic


class StreamableSession(UpstreamSession):
    """`id` is empty with an upstream that keeps no sessions. A client's own session is shared with
    the other replicas, if there are any: who opened it second ends its own."""

    def __init__(
        self, shared: Shared, target: Target, key: SessionKey | None, request: UpstreamRequest
    ) -> None:
        super().__init__(key)
        self.target = target
        self.id = b""
        self._http = shared.http
        self._errands = shared.errands
        self._announced = shared.announced
        self._patience = shared.patience
        self._initialize = handshake.initialize(request)
        self._callers = callers_lines(request.headers)
        self._lines = b""  # what each request of the session says of it
        self._head = target.post_head()
        self._stands = handshake.declared(request) != NONE_DECLARED
        self._standing: StandingStream | None = None
        self._continued = continued(shared.sessions, key, target.upstream.url)
        self.traffic = Traffic(target.upstream.id, shared.announced, self.tell)
        self.traffic.updated = self.resource_updated
        self.traffic.outside = outside_of(self, shared, request)

    @override
    def open(self) -> None:
        if self._continued is None:
            self._initialize_now()
        else:
            self._continued.find(self._found)

    def _found(self, session: SharedSession | None) -> None:
        if self.state != "opening":
            return
        if session is not None:
            self._go_on_with(session)
            return
        try:
            self._initialize_now()
        except GatewayError as error:
            self.died(error)

    def _initialize_now(self) -> None:
        listener = _Initialize(self._answered, self.died, self._refused, self.target.name)
        silence = self.target.timeouts.first_byte
        listener.reader = MessageReader(self.target.name, listener, silence)
        listener.reader.ticket = self.post(self._initialize, listener.reader, safe=True)

    def post(
        self,
        body: bytes,
        receiver: Receiver,
        callers: bytes | None = None,
        *,
        safe: bool = False,
        waits: bool = False,
    ) -> Ticket:
        """Sends one message. `callers`: header lines of the call, else those of the last. `waits`:
        the upstream may wait for something itself, so its silence is judged elsewhere."""
        if callers is not None:
            self._callers = callers
        timeouts = self.target.timeouts
        if waits:
            timeouts = replace(timeouts, first_byte=inf, idle=timeouts.idle + self._patience)
        head = self._head + self._callers
        return self._http.send(
            self.target.origin, head, body, receiver, safe=safe, timeouts=timeouts
        )

    def head_with(self, callers: bytes) -> bytes:
        """Of each request with these header lines, while the session is live."""
        return self._head + callers

    def run(self, call: Call, callers: bytes) -> None:
        """Sends a message that was written with `head_with`. Raises Unavailable."""
        self._http.run(self.target.origin, call)
        self._callers = callers

    def go_on(self, last_id: str, receiver: Receiver) -> Ticket:
        """Asks for a stream of the session from after an event."""
        asked = lines([(b"accept", EVENT_STREAM), (b"last-event-id", last_id.encode())])
        timeouts = replace(self.target.timeouts, idle=inf)
        return self._http.send(
            self.target.origin, self._get_head() + asked, b"", receiver, timeouts=timeouts
        )

    @override
    def prepare(self, needs: Needs, ready: Callable[[], None]) -> None:
        if needs.level and self.logs and self.should_set(needs.level):
            self.level = needs.level
            id = self.next_quiet_id()
            body = handshake.set_level(id, needs.level)
            self.ask(id, body, lambda _: self._stand_by(needs.asks, ready))
        else:
            self._stand_by(needs.asks, ready)

    @override
    def rest(self) -> None:
        if self._standing is not None:
            self._standing.rest()

    @override
    def succeed(self, lost: Self) -> None:
        if self._continued is not None:
            self._continued.succeed(lost.id)

    @override
    def close(self) -> None:
        if self._continued is not None and self.id:
            self._continued.drop()
        super().close()

    @override
    def leave(self) -> None:
        if self._continued is None:
            super().leave()
        else:
            self.died(Unavailable("this replica has let go of the session with this upstream"))

    @override
    def died(self, error: GatewayError) -> None:
        super().died(error)
        if self._standing is not None:
            self._standing.close()
        if self._continued is not None:
            self._continued.leave()

    @override
    def tell(self, message: bytes) -> None:
        self._errands.send(self.target, self._head + self._callers, message)

    @override
    def lost(self, refusal: Refusal) -> bool:
        """By 404, or by what some servers send instead of it."""
        return bool(self.id) and session_unknown(refusal)

    @override
    def farewell(self) -> None:
        if self.id:
            head = self.target.head("DELETE") + self._lines + self._callers
            self._errands.send(self.target, head)

    @override
    def ask(self, id: jsonrpc.Id, body: bytes, answered: Answered) -> None:
        listener = _Quiet(id, answered, self._unless_lost)
        reader = MessageReader(self.target.name, listener, self.target.timeouts.first_byte)
        try:
            reader.ticket = self.post(body, reader)
        except GatewayError:
            answered(None)

    @override
    def stand(self, ready: Callable[[Stood], None]) -> None:
        if not self.id:
            ready("refused")  # without a session there is nobody to be told
            return
        standing = self._standing_stream()
        standing.relier = self
        if self._continued is not None:
            self._continued.hear(self._heard)

        def stood() -> None:
            ready("refused" if standing.denied else "full" if standing.crowded else "open")

        standing.want(stood)

    @override
    def resource_updated(self, uri: str) -> None:
        """Where nobody minds it here, somebody at another replica may."""
        super().resource_updated(uri)
        if self.resident is None and self._continued is not None and uri:
            self._continued.tell(News(uri))

    def _heard(self, news: News) -> None:
        """Another replica has the stream that this one is refused, or had it."""
        if news.updated:
            super().resource_updated(news.updated)
        if news.free and self._standing is not None:
            self._standing.try_now()

    def _left(self) -> None:
        if self.resident is None and self._continued is not None:
            self._continued.tell(News(free=True))

    def stood(self) -> None:
        if self.resident is not None:
            self.resident.stood()

    def fell(self, refusal: Refusal | None) -> None:
        if self.resident is not None and (refusal is None or not self._unless_lost(refusal)):
            self.resident.fell(refusal)

    def _unless_lost(self, refusal: Refusal) -> bool:
        """Whether the session was lost: then it is dead now."""
        lost = self.lost(refusal)
        if lost:
            self.died(refused(self.target.name, refusal))
        return lost

    def _stand_by(self, asks: bool, ready: Callable[[], None]) -> None:
        """For calls that may be asked something."""
        if asks and self._stands and self.id:
            self._standing_stream().want(ready)
        else:
            ready()

    def _standing_stream(self) -> StandingStream:
        if self._standing is None:
            self._standing = StandingStream(
                self._http, self.target, self._get_head, self.traffic.route
            )
            self._standing.left = self._left
        return self._standing

    def _get_head(self) -> bytes:
        return self.target.head("GET") + self._lines + self._callers

    def _refused(self, refusal: Refusal) -> None:
        """In answer to `initialize`."""
        upstream = self.target.upstream
        if of_other_era(refusal, "legacy"):
            self._announced(upstream.id)
            self.died(era_changed(upstream.name, refusal))
        else:
            self.died(refused(upstream.name, refusal))

    def _go_on_with(self, session: SharedSession) -> None:
        # Whether it has a log level was said to who opened it: asking for one does no harm.
        self._agreed(handshake.Agreed(session.revision, logs=True), session.id)
        self.opened()

    def _accepted(self) -> None:
        if self._continued is None or not self.id:
            self.opened()
        else:
            self._continued.keep(self.id, self.revision, self._stored)

    def _stored(self, session: SharedSession) -> None:
        if session.id != self.id:
            self.farewell()  # another replica was quicker
            if self.state == "opening":
                self._go_on_with(session)
        elif self.state == "opening":
            self.opened()

    def _agreed(self, agreed: handshake.Agreed, session_id: bytes) -> None:
        self.revision = agreed.revision
        self.logs = agreed.logs
        known = [(headers.SESSION_ID, session_id)] if session_id else []
        if agreed.names_revision:
            known.append((headers.PROTOCOL_VERSION, agreed.revision.encode()))
        self.id = session_id
        self._lines = lines(known)
        self._head = self.target.post_head() + self._lines

    def _answered(self, agreed: handshake.Agreed, session_id: bytes) -> None:
        self._agreed(agreed, session_id)
        if self.state == "opening":
            listener = _Initialized(self._accepted, self.died, self.target.name)
            reader = MessageReader(self.target.name, listener, self.target.timeouts.first_byte)
            reader.ticket = self.post(handshake.INITIALIZED_MESSAGE, reader)
        else:
            self.farewell()


class _Initialize:
    """A Listener for the answer to `initialize`."""

    reader: MessageReader

    def __init__(
        self,
        answered: Callable[[handshake.Agreed, bytes], None],
        failed: Callable[[GatewayError], None],
        refused: Callable[[Refusal], None],
        upstream: str,
    ) -> None:
        self._answered = answered
        self.refused = refused
        self._upstream = upstream
        self.failed = failed

    def message(self, raw: bytes) -> bool:
        try:
            agreed = handshake.answer(self._upstream, raw)
            session_id = self.reader.header(headers.SESSION_ID)
            checked = handshake.check_session_id(self._upstream, session_id)
            if agreed is not None:
                self._answered(agreed, checked)
        except GatewayError as error:
            self.failed(error)
            return True
        return agreed is not None

    def ended(self) -> None:
        self.failed(unusable(self._upstream, "did not answer initialize", outcome_unknown=False))


class _Quiet:
    """A Listener for the response to a request of the gateway's own."""

    def __init__(
        self, id: jsonrpc.Id, answered: Answered, refused: Callable[[Refusal], object]
    ) -> None:
        self._id = id
        self._answered = answered
        self._refused = refused

    def message(self, raw: bytes) -> bool:
        try:
            frame = read_frame(raw)
        except jsonrpc.FrameError:
            self.ended()
            return True
        if frame.is_response:
            self._answered(frame if frame.id == self._id else None)
        return frame.is_response

    def refused(self, refusal: Refusal) -> None:
        self._refused(refusal)
        if not self.message(refusal.body):
            self.ended()

    def ended(self) -> None:
        self._answered(None)

    def failed(self, error: GatewayError) -> None:
        self.ended()


class _Initialized:
    """A Listener for what follows `notifications/initialized`: 202 and no message."""

    def __init__(
        self,
        accepted: Callable[[], None],
        failed: Callable[[GatewayError], None],
        upstream: str,
    ) -> None:
        self._upstream = upstream
        self.ended = accepted
        self.failed = failed

    def message(self, raw: bytes) -> bool:
        return False

    def refused(self, refusal: Refusal) -> None:
        if 200 <= refusal.status < 300:
            self.ended()
        else:
            self.failed(refused(self._upstream, refusal))
