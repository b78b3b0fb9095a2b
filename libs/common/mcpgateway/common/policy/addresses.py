"""Which network addresses the gateway may call: the guard against server-side request forgery.

Pure: it judges an address that was resolved already. `runtime/http/dial` and the control plane's
resolver ask it for the very address that they connect to, so a name can not change in between.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network

# Reachable by link-local or private ranges, and never a server of anybody's: cloud metadata.
_METADATA = frozenset(
    ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254")
)
_NEEDS_LOOPBACK = "calling it needs SSRF_ALLOW_LOCALHOST=true"
_NEEDS_PRIVATE = "calling it needs SSRF_ALLOW_PRIVATE_NETWORKS=true"
METADATA_NAMES = frozenset({"metadata.google.internal", "metadata", "instance-data"})


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """`loopback` and `private` open whole ranges; `allow` and `deny` name networks (deny wins,
    metadata and link-local stay closed whatever `allow` says). `own_ports` are the gateway's own
    listeners on loopback."""

    loopback: bool = False
    private: bool = True
    allow: tuple[_Network, ...] = ()
    deny: tuple[_Network, ...] = ()
    own_ports: frozenset[int] = field(default_factory=frozenset)

    def problem(self, address: str, port: int) -> str | None:
        """Why this address may not be called, naming the setting that decides; None when it may."""
        ip = _unmapped(ip_address(address.partition("%")[0]))
        never = _never(ip)
        if never:
            return f"{address} is {never}, which is never called"
        if any(ip in network for network in self.deny if network.version == ip.version):
            return f"{address} is in a denied network (SSRF_BLOCKED_NETWORKS)"
        if ip.is_loopback and port in self.own_ports:
            return f"{address}:{port} is the gateway itself"
        if any(ip in network for network in self.allow if network.version == ip.version):
            return None
        if ip.is_loopback:
            return None if self.loopback else f"{address} is loopback: {_NEEDS_LOOPBACK}"
        if not ip.is_global and not self.private:
            return f"{address} is in a private network: {_NEEDS_PRIVATE}"
        return None


def is_loopback(host: str) -> bool:
    """Of a name or address without port, in brackets or not: `localhost`, `*.localhost` (RFC
    6761), 127.0.0.0/8, ::1."""
    name = host.lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip = ip_address(name.strip("[]"))
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return (mapped or ip).is_loopback


def _unmapped(ip: _Address) -> _Address:
    """`::ffff:127.0.0.1` is judged as 127.0.0.1; likewise 6to4 and NAT64 forms."""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return ip.ipv4_mapped
        if ip.sixtofour is not None:
            return ip.sixtofour
        if ip in IPv6Network("64:ff9b::/96"):
            return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _never(ip: _Address) -> str | None:
    if ip in _METADATA:
        return "a cloud metadata address"
    if ip.is_link_local:
        return "link-local"
    if ip.is_multicast:
        return "multicast"
    if ip.is_unspecified or (ip.version == 4 and ip in IPv4Network("0.0.0.0/8")):
        return "unspecified"
    if ip == IPv4Address("255.255.255.255"):
        return "the broadcast address"
    return None
