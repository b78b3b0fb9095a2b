"""Which door the public address gets, and the shape that each of them has."""

import importlib
import logging
from collections.abc import Mapping
from typing import Protocol

from mcpgateway.common.runtime.http.exchange import Application
from mcpgateway.common.runtime.http.server import Listener
from mcpgateway.common.runtime.http.server_home import Sockets
from mcpgateway.common.runtime.server_tls import TlsFiles
from mcpgateway.data_plane.doors import http1

log = logging.getLogger(__name__)


class Door(Protocol):
    """A loopback port of this replica alone, and the public address."""

    async def publish(self, host: str, port: int) -> None:
        """Listen on the public address too, which the replicas of a machine share. Raises
        OSError."""

    @property
    def port(self) -> int:
        """Of the public address, once it is open."""

    @property
    def own_port(self) -> int: ...

    @property
    def own_address(self) -> str:
        """`host:port` that reaches this replica and no other, by plain HTTP."""

    @property
    def listeners(self) -> Mapping[str, Listener]:
        """`own` and, once it is open, `public`."""

    async def drain(self, timeout: float) -> bool:
        """Stop accepting and let exchanges finish, for at most `timeout` seconds. False when
        some had to be cut off."""

    async def close(self) -> None:
        """Drop everything at once."""


async def open_door(
    app: Application,
    tls: TlsFiles | None,
    *,
    http3: bool = False,
    websocket_pings: float | None = None,
) -> Door:
    """Listens on the own port only. `websocket_pings` are the seconds between pings of WebSockets;
    None: there are none. Raises OSError, and Unavailable when the TLS files can not be used."""
    # By name, here and below: what only some doors need is loaded only where it is used.
    sockets: Sockets | None = None
    if websocket_pings is not None:
        websocket = importlib.import_module("mcpgateway.data_plane.doors.websocket")
        sockets = websocket.sockets(websocket_pings)
    if tls is None:
        if http3:
            log.warning("MCPGATEWAY_HTTP3 has no effect without TLS: set CERT_FILE and KEY_FILE")
        return await http1.Door.open(app, sockets=sockets)
    secure = importlib.import_module("mcpgateway.data_plane.doors.secure")
    opened: Door = await secure.SecureDoor.open(app, tls, http3=http3, sockets=sockets)
    return opened
