"""What a connection and the listener that accepted it ask of each other."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.guarded import GuardedApplication
from mcpgateway.common.runtime.http.request_head import Refused
from mcpgateway.common.runtime.http.server_counts import ServerCounts
from mcpgateway.common.runtime.http.websocket import WebSocket, WebSocketListener


class UnderWay(NamedTuple):
    """A request that is not answered yet: what the application noted of its head, and its body as
    far as it was taken whole. `cut` answers it instead of the application, which hears that the
    peer is gone, and closes the connection; a response that has begun is broken off."""

    notes: Mapping[str, Any]
    body: bytes
    cut: Callable[[Refused], None]


class Guest(Protocol):
    """A connection."""

    def under_way(self) -> Sequence[UnderWay]:
        """What the application is at work at. Without what has become a WebSocket."""

    def drain(self) -> None:
        """Close when nothing is under way, else after the response."""

    def abort(self) -> None:
        """Close at once."""


class Fed(Protocol):
    """It hears of a transport from some time on, as an `asyncio.Protocol` does."""

    def feed(self, data: bytes) -> None:
        """What was read behind the handshake, and counted already."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...

    def connection_lost(self, exc: Exception | None) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def data_received(self, data: bytes) -> None: ...

    def eof_received(self) -> bool | None: ...


class Successor(Guest, Fed, Protocol):
    """What a connection has become."""


class SocketSuccessor(Successor, WebSocket, Protocol):
    """A connection has become a WebSocket."""


class Home(Protocol):
    """What connections share: see `server.Listener`."""

    app: GuardedApplication
    limits: ServerLimits
    counts: ServerCounts
    draining: bool
    sockets: "Sockets | None"  # None: no connection becomes a WebSocket

    def admit(self, guest: Guest) -> bool:
        """Count a connection; False when it is to be turned away."""

    def leave(self, guest: Guest) -> None: ...

    def replace(self, guest: Guest, successor: Guest) -> None:
        """One that was admitted has become another."""

    def date(self) -> bytes:
        """The Date header line."""


Sockets = Callable[[Home, asyncio.Transport, WebSocketListener], SocketSuccessor]
"""Makes a WebSocket of a transport on which the handshake was answered."""
