"""WebSockets at the HTTP/1.1 doors, plain or secured, on the same port. Imported only where they
are switched on.

HTTP/2 and HTTP/3 have none: their clients are told to come by HTTP/1.1.
"""

from functools import partial

from mcpgateway.common.runtime.http.server_home import Sockets
from mcpgateway.common.runtime.http.websocket_connection import SocketLimits, WebSocketConnection
from mcpgateway.data_plane.edge.app import MCP_BODY


def sockets(ping_seconds: float) -> Sockets:
    """What makes them of connections: messages are as long as a POST may be."""
    limits = SocketLimits(message_bytes=MCP_BODY, ping_seconds=ping_seconds)
    return partial(WebSocketConnection, limits=limits)
