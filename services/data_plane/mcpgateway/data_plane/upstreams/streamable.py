"""A session with a legacy upstream over Streamable HTTP: how it is opened, used, lost, ended."""

from collections.abc import Callable

from typing_extensions import override

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import headers
from mcpgateway.common.runtime.http.client import Receiver, Ticket
from mcpgateway.data_plane.upstreams import handshake
from mcpgateway.data_plane.upstreams.faults import Refusal, refused, session_unknown, unusable
from mcpgateway.data_plane.upstreams.message_reader import MessageReader
from mcpgateway.data_plane.upstreams.request import UpstreamRequest
from mcpgateway.data_plane.upstreams.session_key import SessionKey
from mcpgateway.data_plane.upstreams.shared import Shared
from mcpgateway.data_plane.upstreams.targets import Target, callers_lines, lines
from mcpgateway.data_plane.upstreams.upstream_session import UpstreamSession


class StreamableSession(UpstreamSession):
    """`id` is empty with an upstream that keeps no sessions."""

    def __init__(
        self, shared: Shared, target: Target, key: SessionKey | None, request: UpstreamRequest
    ) -> None:
        super().__init__(key)
        self.target = target
        self.id = b""
        self._http = shared.http
        self._errands = shared.errands
        self._initialize = handshake.initialize(request)
        self._callers = callers_lines(request.headers)
        self._lines = b""  # what each request of the session says of it
        self._head = target.post_head()

    @override
    def open(self) -> None:
        listener = _Initialize(self._answered, self.died, self.target.name)
        silence = self.target.timeouts.first_byte
        listener.reader = MessageReader(self.target.name, listener, silence)
        listener.reader.ticket = self.post(self._initialize, listener.reader, safe=True)

    def post(
        self, body: bytes, receiver: Receiver, callers: bytes | None = None, *, safe: bool = False
    ) -> Ticket:
        """Sends one message. `callers`: header lines of the call, else those of the last."""
        if callers is not None:
            self._callers = callers
        head = self._head + self._callers
        return self._http.send(
            self.target.origin, head, body, receiver, safe=safe, timeouts=self.target.timeouts
        )

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

    def _answered(self, agreed: handshake.Agreed, session_id: bytes) -> None:
        known = [(headers.SESSION_ID, session_id)] if session_id else []
        if agreed.names_revision:
            known.append((headers.PROTOCOL_VERSION, agreed.revision.encode()))
        self.id = session_id
        self._lines = lines(known)
        self._head = self.target.post_head() + self._lines
        if self.state == "opening":
            listener = _Initialized(self.opened, self.died, self.target.name)
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
        upstream: str,
    ) -> None:
        self._answered = answered
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

    def refused(self, refusal: Refusal) -> None:
        self.failed(refused(self._upstream, refusal))

    def ended(self) -> None:
        self.failed(unusable(self._upstream, "did not answer initialize", outcome_unknown=False))


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
