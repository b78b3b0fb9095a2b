"""The TLS door: HTTP/1.1 and HTTP/2 on one port, by what the client chooses, and HTTP/3 on the UDP
port of the same number when it is asked for.

HTTP/1.1 is read by the same strict server as without TLS, HTTP/2 by `h2`, HTTP/3 by `h3`. Imported
only where TLS is configured: what it needs takes memory and time to load.
"""

import asyncio
import importlib
from typing import Protocol

from mcpgateway.common.runtime.http.exchange import Application, ServerLimits
from mcpgateway.common.runtime.http.server import Beside, Listener
from mcpgateway.common.runtime.http.server_home import Sockets
from mcpgateway.common.runtime.server_tls import TlsFiles
from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.doors import h2, http1
from mcpgateway.data_plane.doors.certificates import Certificates
from mcpgateway.data_plane.doors.streams import make_config

PROTOCOLS = (h2.NAME, "http/1.1")
ALT_SVC_SECONDS = 3600  # for which a client may remember that HTTP/3 is spoken here


class Datagrams(Protocol):
    """The UDP side; its connections are guests of the TCP listener, which drains them."""

    def close(self) -> None:
        """Stop listening."""


class SecureDoor:
    """Make one with `open`. A `choice.Door`: its own port speaks plain HTTP/1.1."""

    def __init__(
        self, app: Application, certificates: Certificates, own: http1.Door, limits: ServerLimits
    ) -> None:
        self.certificates = certificates
        self._app = app
        self._own = own
        self._limits = limits
        self._http3 = False
        self._sockets: Sockets | None = None
        self._public: Listener | None = None
        self._datagrams: Datagrams | None = None
        self._following: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        app: Application,
        files: TlsFiles,
        limits: ServerLimits | None = None,
        *,
        http3: bool = False,
        sockets: Sockets | None = None,
    ) -> "SecureDoor":
        """Listens on the own port only. Raises OSError, and Unavailable when the files can not be
        used."""
        certificates = Certificates.open(files, PROTOCOLS)
        limits = limits or ServerLimits()
        own = await http1.Door.open(app, limits, sockets=sockets)
        self = cls(app, certificates, own, limits)
        self._http3, self._sockets = http3, sockets
        return self

    async def publish(self, host: str, port: int) -> None:
        """Listen on the public address too. Raises OSError."""
        config = make_config(self._limits)
        self._public = await Listener.open(
            self._app,
            host,
            port,
            self._limits,
            reuse_port=True,
            ssl=self.certificates.context,
            beside=Beside({h2.NAME: h2.factory(config)}, self._sockets),
        )
        if self._http3:
            h3 = importlib.import_module("mcpgateway.data_plane.doors.h3")
            where = (host, self.port)
            self._datagrams = await h3.listen(self._public, config, where, self.certificates)
            config.alt_svc_headers = [f'h3=":{self.port}"; ma={ALT_SVC_SECONDS}']
        self._following = asyncio.create_task(self.certificates.follow())

    @property
    def port(self) -> int:
        """Of the public address, once it is open; TCP's, and UDP's too."""
        if self._public is None:
            raise RuntimeError("the public address is not open")
        return self._public.port

    @property
    def own_port(self) -> int:
        return self._own.own_port

    @property
    def own_address(self) -> str:
        """`host:port` that reaches this replica and no other, by plain HTTP."""
        return self._own.own_address

    @property
    def listeners(self) -> dict[str, Listener]:
        """`own` and, once it is open, `public`."""
        public = {} if self._public is None else {"public": self._public}
        return {**self._own.listeners, **public}

    async def drain(self, timeout: float) -> bool:
        """Stop accepting and let exchanges finish, for at most `timeout` seconds. False when
        some had to be cut off."""
        works = (each.drain(timeout) for each in self.listeners.values())
        return all(await asyncio.gather(*works))

    async def close(self) -> None:
        """Drop everything at once."""
        if self._following is not None:
            await end(self._following)
        if self._public is not None:
            await self._public.close()
        if self._datagrams is not None:
            self._datagrams.close()
        await self._own.close()
