"""The guard against DNS rebinding and foreign web pages: which Host and Origin are believed.

A page of any site may resolve its own name to 127.0.0.1 and talk to a gateway that listens there.
So on a loopback address only loopback names, and names that the operator lists, are answered.
Elsewhere Origin is checked when a list is given; without one the bearer token alone decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from mcpgateway.common.policy.addresses import is_loopback
from mcpgateway.common.runtime.http.exchange import Exchange

ANY = "*"


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """`origins` are the listed ones (`https://app.example.com`), lower case; `names` their hosts.
    `loopback`: the public address is a loopback address."""

    loopback: bool
    origins: frozenset[str]
    names: frozenset[str]

    def problem(self, exchange: Exchange) -> str | None:
        """Why this exchange is refused, or None."""
        return _judge(self, exchange.header(b"host"), exchange.header(b"origin"))

    def judge(self, host: str, origin: str | None) -> str | None:
        """`host` without port and `origin`, both lower case."""
        if ANY in self.origins:
            return None
        if self.loopback and not (is_loopback(host) or host in self.names):
            return "Host names no loopback address and is not in ALLOWED_ORIGINS"
        if origin is None or self._known_origin(origin, host):
            return None
        return "Origin is not in ALLOWED_ORIGINS"

    def _known_origin(self, origin: str, host: str) -> bool:
        if origin in self.origins:
            return True
        name = _origin_name(origin)
        if self.loopback:
            return is_loopback(name)
        return not self.origins or name == host


@lru_cache(maxsize=1024)
def _judge(policy: OriginPolicy, host: bytes | None, origin: bytes | None) -> str | None:
    """Clients send the same few values over and over."""
    name = _origin_name("//" + (host or b"").decode("latin-1").lower())
    page = None if origin is None else origin.decode("latin-1").lower().rstrip("/")
    return policy.judge(name, page)


def make_policy(host: str, allowed: Iterable[str]) -> OriginPolicy:
    """`host` is the public listen address; `allowed` the origins that may talk to us."""
    origins = frozenset(entry.lower().rstrip("/") for entry in allowed)
    names = frozenset(_origin_name(entry) for entry in origins)
    return OriginPolicy(is_loopback(host), origins, names)


def _origin_name(origin: str) -> str:
    """The host of an origin; "" for `null` and for what can not be read."""
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""
