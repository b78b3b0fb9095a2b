"""Opens WebSockets at servers (RFC 6455 4.1), over HTTP/1.1."""

import base64
import os
from typing import NamedTuple

from wsproto.connection import ConnectionType

from mcpgateway.common.errors import UpstreamError
from mcpgateway.common.runtime.http import websocket_handshake
from mcpgateway.common.runtime.http.client import Headers, Origin
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.server_counts import ServerCounts
from mcpgateway.common.runtime.http.server_home import Guest
from mcpgateway.common.runtime.http.upgrade import Answered, upgrade
from mcpgateway.common.runtime.http.websocket import WebSocketListener
from mcpgateway.common.runtime.http.websocket_connection import SocketLimits, WebSocketConnection

_KEY_BYTES = 16


class Opening(NamedTuple):
    """Where a WebSocket is asked for, with which header lines, for which subprotocol."""

    origin: Origin
    target: str
    headers: Headers
    subprotocol: str


class NoWebSocket(UpstreamError):
    """The server answered, but not with a WebSocket: `answered` is what it said."""

    code = "no_websocket"

    def __init__(self, message: str, answered: Answered) -> None:
        super().__init__(message)
        self.answered = answered


class _Alone:
    """The home of a connection that has no neighbours."""

    def __init__(self) -> None:
        self.limits = ServerLimits()
        self.counts = ServerCounts()

    def leave(self, guest: Guest) -> None:
        """Nobody counts it."""


async def open_websocket(
    dialer: Dialer,
    opening: Opening,
    listener: WebSocketListener,
    limits: SocketLimits,
    timeout: float,
) -> WebSocketConnection:
    """`timeout` in seconds, for the connection and for the answer each. Raises NoWebSocket, and as
    `upgrade.upgrade`."""
    key = base64.b64encode(os.urandom(_KEY_BYTES))
    origin, target, headers, subprotocol = opening
    asked = websocket_handshake.asked(key, subprotocol)
    upgraded = await upgrade(dialer, origin, target, (*headers, *asked), timeout)
    status, lines, _ = upgraded.answered
    problem = websocket_handshake.unanswered(status, lines, key, subprotocol)
    if problem is not None:
        upgraded.close()
        raise NoWebSocket(problem, upgraded.answered)
    return upgraded.take_over(
        lambda transport: WebSocketConnection(
            _Alone(), transport, listener, limits, ConnectionType.CLIENT
        )
    )
