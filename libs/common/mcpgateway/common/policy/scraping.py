"""Who may read metrics without being an administrator. Pure."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from mcpgateway.common import edge

LOOPBACK_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

Headers = Sequence[tuple[bytes, bytes]]

# A request that names a hop before us is from there, not from the peer. So does one of a front with
# another secret: where it is known, its line is gone and the peer is whom it heard.
_FORWARDED = frozenset((b"forwarded", b"via", b"x-forwarded-for", b"x-real-ip", edge.PEER))


@dataclass(frozen=True, slots=True)
class Scraping:
    """Peers in `networks`, unless they only pass a request on; and who has the token ("": there is
    none)."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    token: str = ""

    def allows(self, peer: str, headers: Headers) -> bool:
        """`peer` is the address of the other end of the connection; names are lower case."""
        return self._near(peer, headers) or self._knows_token(headers)

    def _near(self, peer: str, headers: Headers) -> bool:
        if any(name in _FORWARDED for name, _ in headers):
            return False
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        return any(address in net for net in self.networks if net.version == address.version)

    def _knows_token(self, headers: Headers) -> bool:
        expected = f"Bearer {self.token}".encode()
        return self.token != "" and any(
            name == b"authorization" and hmac.compare_digest(value, expected)
            for name, value in headers
        )
