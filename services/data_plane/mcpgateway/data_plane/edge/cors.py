"""Cross-origin requests of web pages (the CORS protocol of the Fetch standard): who may read what
is answered here. Whether a page may call at all is decided before, by `origin`.

Nothing here costs a request without an Origin.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge.origin import ANY

Header = tuple[bytes, bytes]

_EXPOSED = (
    b"Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, Retry-After, ETag, X-Request-ID"
)
_METHODS = b"GET, POST, PUT, PATCH, DELETE, OPTIONS"
_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,4096}")
_VARY = (b"vary", b"Origin")
_MAX_AGE = (b"access-control-max-age", b"600")  # seconds for which a browser need not ask again


@dataclass(frozen=True, slots=True)
class Cors:
    """`origins` as the operator lists them, in lower case. With `credentials` pages of theirs may
    send cookies; those of any other never. Without `open_pages` pages that are not listed may not
    read."""

    origins: frozenset[str] = frozenset()
    credentials: bool = False
    open_pages: bool = False

    def lines(self, exchange: Exchange) -> tuple[Header, ...]:
        """What goes with any answer to a request that was judged by its Origin already."""
        origin = exchange.header(b"origin")
        if origin is None:
            return ()
        if not self.allows(exchange):
            return (_VARY,)
        allowed = (b"access-control-allow-origin", origin)
        exposed = (b"access-control-expose-headers", _EXPOSED)
        if self.credentials and self._lists(origin):
            return allowed, exposed, _VARY, (b"access-control-allow-credentials", b"true")
        return allowed, exposed, _VARY

    def allows(self, exchange: Exchange) -> bool:
        """Whether the page that asks may read."""
        origin = exchange.header(b"origin")
        if origin is None:
            return False
        return ANY in self.origins or self.open_pages or self._lists(origin)

    def _lists(self, origin: bytes) -> bool:
        return origin.decode("latin-1").lower().rstrip("/") in self.origins

    def preflight(self, exchange: Exchange) -> tuple[Header, ...] | None:
        """What answers a preflight, beside `lines`; None when it is none. Any header may be sent:
        the page is one that is believed."""
        if exchange.method != "OPTIONS" or exchange.header(b"origin") is None:
            return None
        if exchange.header(b"access-control-request-method") is None:
            return None
        answer = ((b"access-control-allow-methods", _METHODS), _MAX_AGE)
        asked = exchange.header(b"access-control-request-headers")
        if asked is None or _NAMES.fullmatch(asked) is None:
            return answer
        return (*answer, (b"access-control-allow-headers", asked))


def make_cors(allowed: Iterable[str], *, credentials: bool, loopback: bool) -> Cors:
    """`loopback`: the gateway is reached from this machine alone, whose pages may read."""
    origins = frozenset(entry.lower().rstrip("/") for entry in allowed)
    return Cors(origins, credentials and ANY not in origins, open_pages=loopback)
