"""Which protocol a TLS client chose (ALPN, RFC 7301): known when the handshake is over.

Does not know the protocols; HTTP/1.1 is what a client speaks that chose none.
"""

import asyncio
from collections.abc import Callable, Mapping

from typing_extensions import override

from mcpgateway.common.runtime.http.server_home import Home

Factory = Callable[[Home], asyncio.Protocol]


class Negotiated(asyncio.Protocol):
    """Takes a connection up and hands it to the protocol that was chosen, in the same turn."""

    def __init__(
        self, home: Home, others: Mapping[str, Factory], plain: Callable[[], asyncio.Protocol]
    ) -> None:
        self._home = home
        self._others = others
        self._plain = plain

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        tls = transport.get_extra_info("ssl_object")
        chosen = None if tls is None else tls.selected_alpn_protocol()
        other = self._others.get(chosen or "")
        protocol = self._plain() if other is None else other(self._home)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
