"""A request as its client sees it: from where it came, to which URL, with which credentials.

Headers that a proxy writes are believed of the proxies that the operator names, and what a front
says of a peer with the edge's secret; nobody else's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from mcpgateway.common import edge
from mcpgateway.common.runtime.http.exchange import Exchange

Network = IPv4Network | IPv6Network
Lines = Mapping[bytes, bytes]

AUTHORIZATION = b"authorization"
_HOST = re.compile(r"[a-z0-9._-]+(:\d{1,5})?|\[[0-9a-f:.]+\](:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Seen:
    """`public_url` without a trailing `/`; "" for what requests name. `header` (lower case) carries
    credentials. `user_header` names the caller where a proxy has checked him, b"" for nowhere.
    `front_secrets`: by which a front is known."""

    public_url: str = ""
    proxies: tuple[Network, ...] = ()
    header: bytes = AUTHORIZATION
    user_header: bytes = b""
    front_secrets: tuple[bytes, ...] = ()

    def peer(self, exchange: Exchange) -> tuple[str, str]:
        """Address and scheme of who sent it to us, or to our front."""
        own = exchange.peer[0], exchange.scheme
        if exchange.header(edge.PEER) is None:
            return own
        if not edge.trusted(exchange.headers, self.front_secrets):
            return own
        return edge.told_peer(exchange.headers) or own

    def source(self, exchange: Exchange) -> str:
        """The client's address: the last one of the way here that is no believed proxy's."""
        address = self.peer(exchange)[0]
        if not believes(self.proxies, address):
            return address
        way = [value for name, value in exchange.headers if name == b"x-forwarded-for"]
        for named in reversed(b",".join(way).decode("latin-1").split(",")):
            address = named.strip() or address
            if not believes(self.proxies, address):
                return address
        return address

    def base(self, exchange: Exchange) -> str:
        """The URL at which the gateway is reached, without a trailing `/`; "" when the request
        names none that could be one."""
        if self.public_url:
            return self.public_url
        address, scheme = self.peer(exchange)
        host = exchange.header(b"host") or b""
        if believes(self.proxies, address):
            scheme = _first(exchange.header(b"x-forwarded-proto")) or scheme
            host = exchange.header(b"x-forwarded-host") or host
        name = _first(host)
        plain = scheme in ("http", "https") and _HOST.fullmatch(name)
        return f"{scheme}://{name}" if plain else ""

    def user(self, exchange: Exchange, lines: Lines) -> str:
        """Whom a believed proxy names; "" for nobody."""
        named = lines.get(self.user_header) if self.user_header else None
        if named is None or not believes(self.proxies, self.peer(exchange)[0]):
            return ""
        return named.decode("latin-1").strip()


def believes(networks: tuple[Network, ...], peer: str) -> bool:
    """Whether an address is of one of these."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    return any(address in net for net in networks if net.version == address.version)


def _first(value: bytes | None) -> str:
    return (value or b"").decode("latin-1").partition(",")[0].strip().lower()
