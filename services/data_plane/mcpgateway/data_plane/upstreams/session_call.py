"""A request that needs a session with its upstream: it waits for the session, goes out, and goes
out once more when the session turns out to be lost. How it goes out is the transport's."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, UpstreamTimeout
from mcpgateway.common.mcp import translate
from mcpgateway.data_plane.upstreams.delivery import Delivery
from mcpgateway.data_plane.upstreams.faults import Refusal, refused
from mcpgateway.data_plane.upstreams.request import Sink, UpstreamRequest
from mcpgateway.data_plane.upstreams.session_pool import SessionPool
from mcpgateway.data_plane.upstreams.shared import Announced
from mcpgateway.data_plane.upstreams.tracked import Tracked
from mcpgateway.data_plane.upstreams.upstream_session import UpstreamSession

S = TypeVar("S", bound=UpstreamSession)


class SessionCall(ABC, Generic[S]):
    """The ticket of its caller, and the Listener of the response to its POST."""

    def __init__(
        self, pool: SessionPool[S], request: UpstreamRequest, sink: Sink, announced: Announced
    ) -> None:
        self.request = request
        self.sink = Tracked(sink, self._release)
        self.wire_id: jsonrpc.Id = request.id
        self.session: S
        self._pool = pool
        self._announced = announced
        self._over = False
        self._sent = False
        self._retried = False
        self._delivery: Delivery | None = None

    def start(self) -> None:
        """Raises GatewayError when there is no session to be had."""
        self.session = self._pool.take(self.request)
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

    @property
    def delivery(self) -> Delivery:
        """Made when there is something to read, which a relayed answer never asks for."""
        if self._delivery is None:
            request, told = self.request, self.session.tell
            self._delivery = Delivery(request, self.sink, self._announced, told)
            if self.session.renumbers:
                self._delivery.sent_as(self.wire_id, jsonrpc.encode(self.wire_id))
        return self._delivery

    def refused(self, refusal: Refusal) -> None:
        if self._over:
            return
        if self._retried or not self.session.lost(refusal):
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
        self.session.died(refused(self.request.upstream.name, refusal))
        self._pool.give_back(self.session)
        try:
            self.start()
        except GatewayError as error:
            self.sink.failed(error)

    def _opened(self, error: GatewayError | None) -> None:
        if self._over:
            return
        if error is not None:
            self.sink.failed(error)
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
        params = self.request.params
        if self.request.client.era == "modern":
            params = translate.params_to_legacy(params)
        if not self.session.renumbers:
            return params
        self.wire_id = self.session.next_id()
        if translate.progress_token(params) is None:
            return params
        return translate.with_progress_token(params, jsonrpc.encode(self.wire_id))

    def _release(self) -> None:
        if not self._over:
            self._over = True
            self.finished()
            self._pool.give_back(self.session)

    def finished(self) -> None:
        """Nothing more is expected in this session; it is given back next."""
