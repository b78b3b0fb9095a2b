"""The contract between the edge (a data plane) and the services behind it, which believe what
forwarded headers say of a request only when the edge's secret comes with them. Pure.

How the edge makes these headers is the data plane's business.
"""

import hmac
from collections.abc import Iterable
from typing import NamedTuple

Line = tuple[bytes, bytes]  # the name in lower case

HEADER = b"x-mcpgateway-edge"  # carries the secret
PEER = b"x-mcpgateway-peer"  # with the secret: whom a front that passes a request on heard
FORWARDED = frozenset(
    (
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-real-ip",
    )
)
_HIDDEN = FORWARDED | {HEADER, PEER}
_CLIENT = 45  # characters of the longest IPv6 address


class Told(NamedTuple):
    """What the edge says of a request. `client` and `host` are "" where it said nothing."""

    scheme: str
    client: str
    host: str


def trusted(headers: Iterable[Line], secrets: Iterable[bytes]) -> bool:
    """Whether these come from the edge, which knows one of these: compared in constant time. No
    secret trusts nobody."""
    shown = _values(headers, HEADER)
    if len(shown) != 1:
        return False
    return any([bool(secret) and hmac.compare_digest(shown[0], secret) for secret in secrets])


def told(headers: Iterable[Line]) -> Told:
    """Of `trusted` headers. The edge ends X-Forwarded-For with its own peer; when that is a proxy
    that it believes, the client is who the proxy says it heard. What stands further left anybody
    may have written."""
    lines = tuple(headers)
    chain = [each.strip() for each in _text(lines, b"x-forwarded-for").split(",")]
    proto = _text(lines, b"x-forwarded-proto").partition(",")[0].strip().lower()
    return Told(
        scheme="https" if proto == "https" else "http",
        client=(chain[-2] if len(chain) > 1 else chain[0])[:_CLIENT],
        host=_text(lines, b"x-forwarded-host"),
    )


def peer_value(host: str, scheme: str) -> bytes:
    """The value of PEER: who sent a request, and how it came."""
    return f"{scheme} {host}".encode()


def told_peer(headers: Iterable[Line]) -> tuple[str, str] | None:
    """Host and scheme that PEER of `trusted` headers says; None when it says nothing."""
    shown = _values(headers, PEER)
    scheme, _, host = shown[0].decode("latin-1").partition(" ") if len(shown) == 1 else ("", "", "")
    return (host[:_CLIENT], scheme) if host and scheme in ("http", "https") else None


def stripped(headers: Iterable[Line]) -> list[Line]:
    """Without the secret and all that only the edge may say; for every request, trusted or not."""
    return [line for line in headers if line[0] not in _HIDDEN]


def _text(headers: Iterable[Line], name: bytes) -> str:
    """Lines of one name are one list (RFC 9110 5.2)."""
    return b", ".join(_values(headers, name)).decode("latin-1")


def _values(headers: Iterable[Line], name: bytes) -> list[bytes]:
    return [value for each, value in headers if each == name]
