"""Which addresses an upstream may resolve to, as its record in the routing table and the
settings say."""

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.routing.model import Key, Upstream
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.http.client import Origin

_PORTS = {"http": 80, "https": 443}
_Place = tuple[str, str, int]


class UpstreamAddresses:
    """The pool's `policy_of`. Where two upstreams share an origin, both must allow an address.
    An origin that no upstream has may be public only."""

    def __init__(self, base: AddressPolicy | None = None) -> None:
        """`base` says what holds for all upstreams: the networks named by the operator, and the
        loopback ports that no upstream may be on, the gateway's own."""
        self._base = base or AddressPolicy()
        self._rules: dict[_Place, tuple[bool, bool]] | None = {}
        self._upstreams: Iterable[Upstream] = ()

    def refuse_ports(self, *ports: int) -> None:
        self._base = replace(self._base, own_ports=self._base.own_ports | frozenset(ports))

    def changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        """A listener for the table holder; what it says is worked out at the next connect."""
        if touched is None or any(key.kind == "upstream" for key in touched):
            self._upstreams = table.upstreams.values()
            self._rules = None

    def policy_of(self, origin: Origin) -> AddressPolicy:
        if self._rules is None:
            self._rules = _rules(self._upstreams)
        place = (origin.scheme, origin.host.lower(), origin.port)
        loopback, private = self._rules.get(place, (False, False))
        return replace(self._base, loopback=loopback, private=private)


def _rules(upstreams: Iterable[Upstream]) -> dict[_Place, tuple[bool, bool]]:
    rules: dict[_Place, tuple[bool, bool]] = {}
    for upstream in upstreams:
        place = _place(upstream.url)
        if place is not None:
            loopback, private = rules.get(place, (True, True))
            rules[place] = (
                loopback and upstream.loopback_allowed,
                private and upstream.private_allowed,
            )
    return rules


def _place(url: str) -> _Place | None:
    """None for a URL that can not be called anyway."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, (parts.hostname or "").lower(), port)
