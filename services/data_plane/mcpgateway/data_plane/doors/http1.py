"""The HTTP/1.1 door: one application on a loopback port of its own and on the public address.

The own port reaches exactly this replica. The public address is shared by all replicas of a
machine (SO_REUSEPORT) and opened later, when there is something to serve. How bytes become
exchanges is the business of `common.runtime.http`.
"""

import asyncio

from mcpgateway.common.runtime.http.exchange import Application, ServerLimits
from mcpgateway.common.runtime.http.server import Beside, Listener
from mcpgateway.common.runtime.http.server_home import Sockets

LOOPBACK = "127.0.0.1"


class Door:
    """Make one with `open`."""

    def __init__(
        self,
        app: Application,
        limits: ServerLimits | None,
        own: Listener,
        beside: Beside,
    ) -> None:
        self._app = app
        self._limits = limits
        self._beside = beside
        self._own = own
        self._public: Listener | None = None

    @staticmethod
    async def open(
        app: Application, limits: ServerLimits | None = None, *, sockets: Sockets | None = None
    ) -> "Door":
        """Listens on the own port only. `sockets` makes WebSockets, on both ports. Raises
        OSError."""
        beside = Beside(sockets=sockets)
        own = await Listener.open(app, LOOPBACK, 0, limits, beside=beside)
        return Door(app, limits, own, beside)

    async def publish(self, host: str, port: int) -> None:
        """Listen on the public address too. Raises OSError."""
        self._public = await Listener.open(
            self._app, host, port, self._limits, reuse_port=True, beside=self._beside
        )

    @property
    def port(self) -> int:
        """Of the public address, once it is open."""
        if self._public is None:
            raise RuntimeError("the public address is not open")
        return self._public.port

    @property
    def own_port(self) -> int:
        return self._own.port

    @property
    def own_address(self) -> str:
        """`host:port` that reaches this replica and no other."""
        return f"{LOOPBACK}:{self.own_port}"

    @property
    def listeners(self) -> dict[str, Listener]:
        """`own` and, once it is open, `public`."""
        return {"own": self._own} | ({} if self._public is None else {"public": self._public})

    async def drain(self, timeout: float) -> bool:
        """Stop accepting and let exchanges finish, for at most `timeout` seconds. False when
        some had to be cut off."""
        works = (each.drain(timeout) for each in self.listeners.values())
        results = await asyncio.gather(*works)
        return all(results)

    async def close(self) -> None:
        """Drop everything at once."""
        for listener in self.listeners.values():
            await listener.close()
