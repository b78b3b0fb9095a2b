"""A session with an upstream that is nowhere."""

from collections.abc import Callable
from typing import Self

from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.data_plane.upstreams.faults import Refusal
from mcpgateway.data_plane.upstreams.request import UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.session_key import SessionKey
from mcpgateway.data_plane.upstreams.sessions.upstream_session import (
    Answered,
    Stood,
    UpstreamSession,
)


class Remembered(UpstreamSession):
    """Opens at once; remembers whose requests it took."""

    def __init__(self, key: SessionKey | None, _: UpstreamRequest) -> None:
        super().__init__(key)
        self.served: list[UpstreamRequest] = []
        self.closed = False

    @override
    def open(self) -> None:
        self.opened()

    @override
    def rest(self) -> None:
        pass

    @override
    def succeed(self, lost: Self) -> None:
        self.succeeds: UpstreamSession = lost

    @override
    def ask(self, id: jsonrpc.Id, body: bytes, answered: Answered) -> None:
        raise AssertionError("nothing to ask")

    @override
    def stand(self, ready: Callable[[Stood], None]) -> None:
        raise AssertionError("nobody stays")

    @override
    def tell(self, message: bytes) -> None:
        raise AssertionError("nothing to tell")

    @override
    def lost(self, refusal: Refusal) -> bool:
        return True

    @override
    def farewell(self) -> None:
        self.closed = True
