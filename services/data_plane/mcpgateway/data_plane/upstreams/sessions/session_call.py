"""A request that needs a session with its upstream: it waits for the session, goes out, and goes
out once more when the session turns out to be lost. How it goes out is the transport's."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, UpstreamTimeout
from mcpgateway.common.mcp import translate
from mcpgateway.common.mcp.client_capabilities import NONE_DECLARED
from mcpgateway.common.mcp.envelope import read_meta, read_string
from mcpgateway.common.mcp.questions import MAY_ASK
from mcpgateway.common.mcp.revisions import META_LOG_LEVEL, Era
from mcpgateway.data_plane.upstreams.delivery import Delivery
from mcpgateway.data_plane.upstreams.faults import Refusal, era_changed, of_other_era, refused
from mcpgateway.data_plane.upstreams.inquiries import Inquiries
from mcpgateway.data_plane.upstreams.request import Sink, UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionPool
from mcpgateway.data_plane.upstreams.sessions.upstream_session import Needs, UpstreamSession
from mcpgateway.data_plane.upstreams.shared import Shared
from mcpgateway.data_plane.upstreams.tracked import Tracked

S = TypeVar("S", bound=UpstreamSession)


class SessionCall(ABC, Generic[S]):
    """The ticket of its caller, and the Listener of the response to its POST."""

    def __init__(
        self, pool: SessionPool[S], request: UpstreamRequest, sink: Sink, shared: Shared
    ) -> None:
        client = request.client
        self.request = request
        self.sink = Tracked(sink, self._release)
        self.wire_id: jsonrpc.Id = request.id
        self.session: S
        self.may_be_asked = client.capabilities != NONE_DECLARED and request.method in MAY_ASK
        self._shared = shared
        self._pool = pool
        self._inquiries: Inquiries | None = None
        self._over = False
        self._sent = False
        self._retried = False
        self._delivery: Delivery | None = None

    def start(self) -> None:
        """Raises GatewayError when there is no session to be had."""
        self._begin(None)

    def adopt(self, session: S, wire_id: jsonrpc.Id) -> None:
        """In place of `start`: the request went out already, in a session that it has entered."""
        self.session = session
        self.wire_id = wire_id
        self._sent = True

    def _begin(self, lost: S | None) -> None:
        self.session = self._pool.take(self.request, lost)
        try:
            self.session.when_open(self._opened)
        except GatewayError:
            self._release()
            raise

    def cancel(self) -> None:
        if self._over:
            return
        if self._sent:
            self.session.cancelled(self.wire_id)
            self.withdraw()
        self._release()

    @abstractmethod
    def pause(self) -> None: ...

    @abstractmethod
    def resume(self) -> None: ...

    @abstractmethod
    def post(self, body: bytes) -> None:
        """Send the request in the session."""

    @abstractmethod
    def withdraw(self) -> None:
        """Stop listening for the answer."""

    @abstractmethod
    def hold(self, held: bool) -> None:
        """While held, silence is not the upstream's."""

    def tell(self, message: bytes) -> None:
        self.session.tell(message)

    def upstream_revision(self) -> str:
        return self.session.revision

    def unanswered(self, error: GatewayError) -> None:
        """The client left a question open for too long."""
        if not self._over:
            self.session.cancelled(self.wire_id)
            self.withdraw()
            if self._inquiries is not None:
                self._inquiries.close()
            self.sink.failed(error)

    @property
    def delivery(self) -> Delivery:
        """Made when there is something to read, which a relayed answer never asks for."""
        if self._delivery is None:
            self._delivery = Delivery(self.request, self.sink, self._shared.announced, self._asked)
            self._delivery.updated = self.session.resource_updated
            if self.session.renumbers:
                self._delivery.sent_as(self.wire_id, jsonrpc.encode(self.wire_id))
        return self._delivery

    def refused(self, refusal: Refusal) -> None:
        if self._over:
            return
        if of_other_era(refusal, "legacy") and not self.session.lost(refusal):
            self._shared.announced(self.request.upstream.id)
            self.sink.failed(era_changed(self.request.upstream.name, refusal))
        elif self._retried or not self.session.lost(refusal):
            self.delivery.refused(refusal)
        else:
            self._again(refusal)

    def failed(self, error: GatewayError) -> None:
        if self._over:
            return
        if self._sent and isinstance(error, UpstreamTimeout):
            self.session.cancelled(self.wire_id)
        self.sink.failed(error)

    def _again(self, refusal: Refusal) -> None:
        """The session is lost and the request was not carried out: open another one."""
        self._retried = True
        self._sent = False
        self._delivery = None
        self.finished()
        lost = self.session
        lost.died(refused(self.request.upstream.name, refusal))
        self._pool.give_back(lost)
        try:
            self._begin(lost)
        except GatewayError as error:
            self.sink.failed(error)

    def _opened(self, error: GatewayError | None) -> None:
        if self._over:
            return
        if error is not None:
            self.sink.failed(error)
            return
        level = log_level(self.request)
        if level or self.may_be_asked:
            self.session.prepare(Needs(level, self.may_be_asked), self._send)
        else:
            self._send()

    def _send(self) -> None:
        if self._over:
            return
        params = self._params()
        body = jsonrpc.request(self.wire_id, self.request.method, jsonrpc.join_params(params))
        try:
            self.post(body)
            self._sent = True
        except GatewayError as problem:
            self.sink.failed(problem)

    def _params(self) -> jsonrpc.Params:
        """What the upstream is sent, under an id and a progress token that nobody else has."""
        era, params = self.request.client.era, self.request.params
        if not self.session.renumbers:
            return sent_params(era, params)
        self.wire_id = self.session.next_id()
        return sent_params(era, params, self.wire_id)

    def _asked(self, frame: jsonrpc.Frame) -> None:
        if self._over:
            return
        if self._inquiries is None:
            self._inquiries = Inquiries(self, self.request, self.sink, self._shared.patience)
        self._inquiries.take(frame)

    def _release(self) -> None:
        if not self._over:
            self._over = True
            if self._inquiries is not None and self._inquiries.open:
                self._leave(self._inquiries)
            self.finished()
            self._pool.give_back(self.session)

    def _leave(self, inquiries: Inquiries) -> None:
        if not self.session.traffic.keep(inquiries):
            inquiries.close()

    def finished(self) -> None:
        """Nothing more is expected in this session; it is given back next."""


def sent_params(
    era: Era, params: jsonrpc.Params, wire_id: jsonrpc.Id | None = None
) -> jsonrpc.Params:
    """Of a client of that era, as a legacy upstream gets them; under another id the client's
    progress token is replaced by it."""
    if era == "modern":
        params = translate.params_to_legacy(params)
    if wire_id is None or translate.progress_token(params) is None:
        return params
    return translate.with_progress_token(params, jsonrpc.encode(wire_id))


def log_level(request: UpstreamRequest) -> str:
    """The least severe level of log messages that the client of a request wants, "" for none."""
    if request.client.era == "legacy":
        return request.client.log_level
    meta = read_meta(request.params)
    return "" if meta is None else read_string(meta.get(META_LOG_LEVEL)) or ""
