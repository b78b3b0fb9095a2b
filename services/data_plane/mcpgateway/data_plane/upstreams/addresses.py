"""Which addresses an upstream may resolve to, as its record in the routing table and the
settings say; and a REST service without one, as the records of its tools say."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import msgspec

from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.routing import rest_request
from mcpgateway.common.routing.model import Key, Tool, Upstream
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.http.client import Origin

_PORTS = {"http": 80, "https": 443}
_Place = tuple[str, str, int]
_Rule = tuple[bool, bool]


class UpstreamAddresses:
    """The pool's `policy_of`. Where two upstreams or REST tools share an origin, all must allow an
    address. An origin that none has may be public only."""

    def __init__(self, base: AddressPolicy | None = None) -> None:
        """`base` says what holds for all upstreams: the networks named by the operator, and the
        loopback ports that no upstream may be on, the gateway's own."""
        self._base = base or AddressPolicy()
        self._rules: dict[_Place, _Rule] | None = {}
        self._upstreams: Iterable[Upstream] = ()
        self._tools: dict[str, tuple[_Place, _Rule]] = {}  # REST ones without an upstream

    def refuse_ports(self, *ports: int) -> None:
        self._base = replace(self._base, own_ports=self._base.own_ports | frozenset(ports))

    def changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        """A listener for the table holder; what it says is worked out at the next connect."""
        if touched is None or any(key.kind == "upstream" for key in touched):
            self._upstreams = table.upstreams.values()
            self._rules = None
        self._tools_changed(table, touched)

    def _tools_changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        if touched is None:
            self._tools.clear()
            ids: Iterable[str] = table.indexes.children["tool"].get("") or ()
        else:
            ids = [key.id for key in touched if key.kind == "tool"]
        for id in ids:
            tool = table.tools.get(id)
            rule = None if tool is None or not tool.request or tool.upstream else _of_tool(tool)
            if rule != self._tools.get(id):
                self._rules = None
            if rule is None:
                self._tools.pop(id, None)
            else:
                self._tools[id] = rule

    def policy_of(self, origin: Origin) -> AddressPolicy:
        if self._rules is None:
            self._rules = _joined([*_of_upstreams(self._upstreams), *self._tools.values()])
        place = (origin.scheme, origin.host.lower(), origin.port)
        loopback, private = self._rules.get(place, (False, False))
        return replace(self._base, loopback=loopback, private=private)


def _joined(found: Iterable[tuple[_Place, _Rule]]) -> dict[_Place, _Rule]:
    rules: dict[_Place, _Rule] = {}
    for place, (loopback, private) in found:
        before = rules.get(place, (True, True))
        rules[place] = (before[0] and loopback, before[1] and private)
    return rules


def _of_upstreams(upstreams: Iterable[Upstream]) -> Iterator[tuple[_Place, _Rule]]:
    for upstream in upstreams:
        place = _place(upstream.url)
        if place is not None:
            yield place, (upstream.loopback_allowed, upstream.private_allowed)


def _of_tool(tool: Tool) -> tuple[_Place, _Rule] | None:
    """None for an operation that can not be called anyway."""
    try:
        request = rest_request.decode(tool.request)
    except msgspec.DecodeError:
        return None
    place = _place(request.url)
    return None if place is None else (place, (request.loopback_allowed, request.private_allowed))


def _place(url: str) -> _Place | None:
    """None for a URL that can not be called anyway."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, (parts.hostname or "").lower(), port)
