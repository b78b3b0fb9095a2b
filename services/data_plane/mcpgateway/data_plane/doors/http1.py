"""The HTTP/1.1 door: one application on the public address and on a loopback port of its own.

The public address is shared by all replicas of a machine (SO_REUSEPORT); the own port reaches
exactly this one.
"""

from mcpgateway.common.runtime.http.exchange import Application, ServerLimits
from mcpgateway.common.runtime.http.server import Listener

LOOPBACK = "127.0.0.1"


class Door:
    """Make one with `open`."""

    def __init__(self, public: Listener, own: Listener) -> None:
        self._public = public
        self._own = own

    @staticmethod
    async def open(
        app: Application, host: str, port: int, limits: ServerLimits | None = None
    ) -> "Door":
        """Raises OSError when an address can not be listened on; then nothing is left open."""
        public = await Listener.open(app, host, port, limits, reuse_port=True)
        try:
            own = await Listener.open(app, LOOPBACK, 0, limits)
        except OSError:
            await public.close()
            raise
        return Door(public, own)

    @property
    def port(self) -> int:
        """Of the public address."""
        return self._public.port

    @property
    def own_address(self) -> str:
        """`host:port` that reaches this replica and no other."""
        return f"{LOOPBACK}:{self._own.port}"

    async def drain(self, timeout: float) -> bool:
        """Stop accepting and let exchanges finish, both listeners within `timeout` seconds in
        all. False when some had to be cut off."""
        drained = await self._public.drain(timeout)
        return await self._own.drain(timeout if drained else 0) and drained

    async def close(self) -> None:
        """Drop everything at once."""
        await self._public.close()
        await self._own.close()
