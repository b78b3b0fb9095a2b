"""URL and request head of the pool's coroutine style. Pure."""

import re
from urllib.parse import urlsplit

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.runtime.http.client import Headers, Origin
from mcpgateway.common.runtime.http.tls import Tls

_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TARGET = re.compile(r"[!-~]+")
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


def split(url: str, tls: Tls | None = None) -> tuple[Origin, str]:
    """Origin and request target. Raises InvalidCall."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidCall(f"the URL {url!r} is not valid: {error}") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise InvalidCall(f"the URL {url!r} must begin with http:// or https:// and a host")
    if "@" in parts.netloc:
        raise InvalidCall("a URL must not hold a user name or password")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _TARGET.fullmatch(target):
        raise InvalidCall(f"the URL {url!r} holds characters that must be percent-encoded")
    return Origin(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], tls), target


def host_value(origin: Origin) -> bytes:
    """The Host header: the port only when it is not the scheme's own."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    if origin.port != _PORTS.get(origin.scheme):
        host = f"{host}:{origin.port}"
    return host.encode("idna") if not host.isascii() else host.encode()


def request_head(method: str, target: str, origin: Origin, headers: Headers) -> bytes:
    """Request line and header lines as `HttpClient.send` takes them. Raises InvalidCall."""
    if not _TOKEN.fullmatch(method):
        raise InvalidCall(f"{method!r} is not an HTTP method")
    lines = [f"{method} {target} HTTP/1.1\r\n".encode()]
    if all(name != b"host" for name, _ in headers):
        lines.append(b"host: %b\r\n" % host_value(origin))
    lines.extend(_line(name, value) for name, value in headers)
    return b"".join(lines)


def _line(name: bytes, value: bytes) -> bytes:
    if not _TOKEN.fullmatch(name.decode("latin-1")) or name in _FRAMING:
        raise InvalidCall(f"{name!r} can not be a header here")
    if b"\r" in value or b"\n" in value or b"\0" in value:
        raise InvalidCall(f"the value of header {name.decode()} holds CR, LF or NUL")
    return b"%b: %b\r\n" % (name, value)
