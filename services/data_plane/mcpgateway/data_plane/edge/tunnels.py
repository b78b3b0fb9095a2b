"""`/tunnels/{gateway}`: whoever may serve a gateway opens its tunnel here.

The WebSocket is handed through to the runner that has the gateway, as bytes: what is said in it is
between the two. Here it is decided who may, at the handshake and again with each table.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import NamedTuple

from mcpgateway.common import edge, ids, runners
from mcpgateway.common.errors import Denied, GatewayError, NotFound, Unavailable
from mcpgateway.common.policy.access.decide import Circumstances, decide
from mcpgateway.common.policy.access.permits import object_of
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Key, Kind, Upstream
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.http import websocket_handshake
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.request_url import split
from mcpgateway.common.runtime.http.splice import Splice
from mcpgateway.common.runtime.http.upgrade import Upgrade, upgrade
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.callers import Callers
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator
from mcpgateway.data_plane.pipeline.call import Caller
from mcpgateway.data_plane.pipeline.shares import Shares

log = logging.getLogger(__name__)

PERMISSION = "gateways.serve"
MOST = 1024  # tunnels through this replica, those that are being opened counted
CONNECT_SECONDS = 5.0
_ASKED = frozenset((b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-protocol"))
_ANSWERED = frozenset(
    (b"connection", b"upgrade", b"sec-websocket-accept", b"sec-websocket-protocol")
)
# What may take the right to serve something away.
_CONCERNS: frozenset[Kind] = frozenset(
    ("principal", "api_token", "revocation", "signing_key", "role", "rule", "upstream")
)
_ONLY_HTTP1 = "a tunnel is opened over HTTP/1.1"
_FULL = "as many tunnels pass through this replica as may, of this caller or of all"


class Way(NamedTuple):
    """How runners are reached; `secret` tells them who hands a tunnel through. `now`: seconds
    since 1970, `source`: the client's address. `opened` is called when one opens or closes."""

    dialer: Dialer
    secret: str
    now: Callable[[], float]
    source: Callable[[Exchange], str]
    opened: Callable[[str], None]


@dataclass
class _Open:
    """A tunnel that passes through. `circumstances` are those of its handshake."""

    caller: Caller
    upstream: str
    circumstances: Circumstances
    splice: Splice
    expiry: asyncio.TimerHandle | None = None


class Tunnels:
    """Serves the room, and listens to the table holder."""

    def __init__(
        self, callers: Callers, authenticator: Authenticator, way: Way, most: int = MOST
    ) -> None:
        self._callers = callers
        self._authenticator = authenticator
        self._way = way
        self._open: dict[Splice, _Open] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._shares: Shares[object] = Shares(most)

    def __len__(self) -> int:
        return len(self._open)

    def handle(self, exchange: Exchange, name: str) -> None:
        """`name` is the gateway's id, or its name."""
        refusal = websocket_handshake.refusal(exchange)
        if refusal is not None:
            code = "upgrade_required" if refusal.status == 426 else "invalid_call"
            errors.refuse(exchange, refusal.status, code, refusal.text)
            return
        try:
            found = self._admit(exchange, name)
        except GatewayError as error:
            errors.refuse_with(exchange, error)
            return
        task = asyncio.get_running_loop().create_task(self._connect(exchange, *found))
        self._tasks.add(task)
        self._shares.take(found[0].key, task)
        task.add_done_callback(partial(self._connected, found[0].key))
        exchange.on_gone(partial(_cancel, task))

    def table_changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        """Closes the tunnels of whom may no longer serve them."""
        if touched is not None and not any(key.kind in _CONCERNS for key in touched):
            return
        for held in list(self._open.values()):
            if not self._may_still(table, held):
                log.info("the tunnel of %s is cut: access was withdrawn", held.upstream)
                held.splice.close()

    def close(self) -> None:
        """Whoever serves comes back by another replica."""
        for splice in list(self._open):
            splice.close()

    async def aclose(self) -> None:
        self.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _admit(self, exchange: Exchange, name: str) -> tuple[Caller, Upstream, Circumstances]:
        """Raises what `Callers.identify` does, NotFound, Denied, Unavailable."""
        table, caller = self._callers.identify(exchange, dict(exchange.headers))
        if self._shares.refuses(caller.key):
            raise Unavailable(_FULL)
        circumstances = Circumstances(time=self._way.now(), source=self._way.source(exchange))
        upstream = _named(table, name)
        if upstream is None:
            raise NotFound(f"no gateway {name!r} with a tunnel for this caller")
        decision = decide(
            table.policy, caller.subject, PERMISSION, object_of(upstream), circumstances
        )
        if decision.allowed:
            return caller, upstream, circumstances
        if decision.by == "visibility":
            raise NotFound(f"no gateway {name!r} with a tunnel for this caller")
        raise Denied(f"a tunnel is for who has {PERMISSION}: {decision.reason}")

    async def _connect(
        self, exchange: Exchange, caller: Caller, upstream: Upstream, circumstances: Circumstances
    ) -> None:
        try:
            upgraded = await self._upgraded(exchange, upstream)
        except GatewayError as error:
            log.warning("the runner of gateway %s: %s", upstream.id, error.message)
            message = "the runner of this gateway does not answer"
            errors.refuse(exchange, 503, "unavailable", message, (errors.RETRY_AFTER,))
            return
        if upgraded.agreed:
            self._join(exchange, upgraded, caller, upstream.id, circumstances)
        else:
            status, _, body = upgraded.answered
            upgraded.close()
            log.warning("the runner of gateway %s answers %d: %r", upstream.id, status, body[:200])
            errors.refuse(exchange, 502, "upstream_rejected", f"its runner answers {status}")

    def _connected(self, caller: str, task: "asyncio.Task[None]") -> None:
        """Or not; the tunnel counts by itself from here on."""
        self._tasks.discard(task)
        self._shares.give_back(caller, task)

    async def _upgraded(self, exchange: Exchange, upstream: Upstream) -> Upgrade:
        """Raises GatewayError."""
        origin, target = split(upstream.url.removesuffix("/mcp"))
        lines = [line for line in exchange.headers if line[0] in _ASKED]
        lines += [(b"connection", b"Upgrade"), (b"upgrade", b"websocket")]
        lines.append((edge.HEADER, self._way.secret.encode()))
        return await upgrade(self._way.dialer, origin, target, lines, CONNECT_SECONDS)

    def _join(
        self,
        exchange: Exchange,
        upgraded: Upgrade,
        caller: Caller,
        upstream: str,
        circumstances: Circumstances,
    ) -> None:
        splice = Splice(lambda: self._closed(splice))
        lines = [line for line in upgraded.answered.headers if line[0] in _ANSWERED]
        held = self._open[splice] = _Open(caller, upstream, circumstances, splice)
        self._shares.take(caller.key, splice)
        if not splice.join(exchange, lines, upgraded):
            del self._open[splice]
            self._shares.give_back(caller.key, splice)
            errors.refuse(exchange, 426, "upgrade_required", _ONLY_HTTP1)
            return
        if isfinite(caller.expires):
            left = max(caller.expires - self._way.now(), 0.0)
            held.expiry = asyncio.get_running_loop().call_later(left, splice.close)
        log.info("the tunnel of gateway %s passes through here", upstream)
        self._way.opened(upstream)

    def _closed(self, splice: Splice) -> None:
        held = self._open.pop(splice, None)
        if held is None:
            return
        self._shares.give_back(held.caller.key, splice)
        if held.expiry is not None:
            held.expiry.cancel()
        self._way.opened(held.upstream)

    def _may_still(self, table: Table, held: _Open) -> bool:
        upstream = table.upstreams.get(held.upstream)
        if upstream is None or not self._authenticator.still(table, held.caller):
            return False
        subject: Subject | None = held.caller.subject
        if subject is not None and subject.stored(table.principals):
            subject = subject.renewed(table.principals)
        if subject is None or not _is_tunnel(upstream):
            return False
        thing = object_of(upstream)
        return decide(table.policy, subject, PERMISSION, thing, held.circumstances).allowed


def _named(table: Table, name: str) -> Upstream | None:
    """By id, else by name."""
    found: Upstream | None = table.upstreams.get(ids.as_id(name) or name)
    if found is None:
        slug = ids.slug(name)
        found = next((each for each in table.upstreams.values() if each.slug == slug), None)
    return found if found is not None and _is_tunnel(found) else None


def _is_tunnel(upstream: Upstream) -> bool:
    """Whether its URL is that of a runner of ours. Its ticket says so: nobody but the control plane
    has a data plane carry one, whatever URL he registers."""
    mine = upstream.credential == runners.ticket_id(upstream.id)
    return mine and upstream.url.endswith(runners.tunnel_path(upstream.id))


def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
