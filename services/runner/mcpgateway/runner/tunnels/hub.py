"""Who serves which upstream through a tunnel, and the way to him.

Rule 1: one run of a tunnel command has the seat of an upstream. Another one gets it when the first
is not connected.
Rule 2: a seat outlasts its connection for a time; exchanges wait meanwhile, and new ones may come.
Rule 3: with its seat a run loses what is under way: it fails.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from mcpgateway.common.runtime.carried.frames import Request
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.websocket import GOING_AWAY, NORMAL, POLICY, WebSocket
from mcpgateway.common.runtime.tunnel.end import GRACE, TunnelEnd
from mcpgateway.common.tunnel import greeting
from mcpgateway.common.tunnel.greeting import BUSY, Hello, Seat, Welcome
from mcpgateway.common.tunnel.link import Estranged, LinkError

log = logging.getLogger(__name__)

MOST = 1024  # seats; one more is refused
GREETING_SECONDS = 10.0


@dataclass
class _Taken:
    """A seat. `listener` None: it has no connection now; then it ends by `timer`."""

    run: str
    link: str
    end: TunnelEnd
    listener: "Listener | None" = None
    timer: asyncio.TimerHandle | None = None


class Hub:
    """`entropy` names links."""

    def __init__(self, entropy: Callable[[int], bytes], grace: float = GRACE) -> None:
        self._entropy = entropy
        self._grace = grace
        self._seats: dict[str, _Taken] = {}
        self._listeners: set[Listener] = set()

    @property
    def connected(self) -> int:
        """Tunnels."""
        return sum(seat.listener is not None for seat in self._seats.values())

    def listen(self, upstream: str) -> "Listener":
        """For a WebSocket of somebody who may serve the upstream."""
        return Listener(self, upstream)

    def ask(
        self, upstream: str, exchange: Exchange, request: Request, gone: Callable[[str], None]
    ) -> None:
        """`gone` says why it is not answered through a tunnel; the exchange is the caller's
        then."""
        seat = self._seats.get(upstream)
        if seat is None:
            gone("nobody serves this gateway: its tunnel is not open")
        elif seat.end.full:
            gone("too much is under way through the tunnel of this gateway")
        else:
            seat.end.ask(exchange, request, lambda: gone("the tunnel of this gateway is gone"))

    def greeted(self, listener: "Listener", hello: Hello) -> TunnelEnd | None:
        """Gives the seat, or None to who does not get it. Answers either."""
        known = self._seats.get(listener.upstream)
        verdict = greeting.verdict(_shown(known), hello)
        if verdict == "busy":
            listener.close(BUSY, "another one serves this gateway")
            return None
        if known is None and len(self._seats) >= MOST:
            listener.close(BUSY, f"{MOST} tunnels are open")
            return None
        if known is not None and verdict == "resume":
            try:
                return self._seated(listener, known, hello.received)
            except Estranged as error:
                log.warning("the tunnel of %s begins anew: %s", listener.upstream, error)
        fresh = _Taken(hello.run, self._entropy(16).hex(), TunnelEnd())
        self._leave(listener.upstream)
        self._seats[listener.upstream] = fresh
        return self._seated(listener, fresh, 0)

    def left(self, listener: "Listener") -> None:
        """A connection is closed."""
        self._listeners.discard(listener)
        seat = self._seats.get(listener.upstream)
        if seat is None or seat.listener is not listener:
            return
        if listener.socket.said is not None and listener.socket.said[0] == NORMAL:
            log.info("the tunnel of %s is closed by who served it", listener.upstream)
            self._leave(listener.upstream)
            return
        seat.listener = None
        seat.end.detach()
        loop = asyncio.get_running_loop()
        seat.timer = loop.call_later(self._grace, self._over, listener.upstream)
        log.info("the tunnel of %s has lost its connection", listener.upstream)

    def estranged(self, listener: "Listener") -> None:
        """The link of a connection can not go on."""
        seat = self._seats.get(listener.upstream)
        if seat is not None and seat.listener is listener:
            self._leave(listener.upstream)

    def keep(self, listener: "Listener") -> None:
        """Until it is `left`."""
        self._listeners.add(listener)

    def close(self) -> None:
        """Everybody comes back, to this runner or the next."""
        for listener in list(self._listeners):
            listener.close(GOING_AWAY, "this runner is stopping")
        for upstream in list(self._seats):
            self._leave(upstream)

    def _seated(self, listener: "Listener", seat: _Taken, has: int) -> TunnelEnd:
        """Raises Estranged."""
        before, seat.listener = seat.listener, None
        seat.end.detach()
        if before is not None:
            before.close(NORMAL, "it came back by another connection")
        welcome = greeting.write(Welcome(seat.link, seat.end.link.received))
        seat.end.attach(listener.socket, has, welcome)
        if seat.timer is not None:
            seat.timer.cancel()
        seat.listener = listener
        log.info("the tunnel of %s is open", listener.upstream)
        return seat.end

    def _over(self, upstream: str) -> None:
        log.info("the tunnel of %s is closed: it did not come back", upstream)
        self._leave(upstream)

    def _leave(self, upstream: str) -> None:
        seat = self._seats.pop(upstream, None)
        if seat is None:
            return
        if seat.timer is not None:
            seat.timer.cancel()
        listener, seat.listener = seat.listener, None
        seat.end.end()
        if listener is not None:
            listener.close(NORMAL, "it begins anew")


class Listener:
    """Hears one connection: a greeting first, then the frames of a link."""

    def __init__(self, hub: Hub, upstream: str) -> None:
        self.upstream = upstream
        self._hub = hub
        self._socket: WebSocket | None = None
        self._end: TunnelEnd | None = None
        self._late: asyncio.TimerHandle | None = None

    @property
    def socket(self) -> WebSocket:
        assert self._socket is not None
        return self._socket

    def opened(self, socket: WebSocket) -> None:
        self._socket = socket
        self._hub.keep(self)
        loop = asyncio.get_running_loop()
        self._late = loop.call_later(GREETING_SECONDS, self.close, POLICY, "no greeting came")

    def close(self, code: int, reason: str) -> None:
        self.socket.close(code, reason)

    def message(self, text: bytes) -> None:
        try:
            if self._end is not None:
                self._end.take(text)
            else:
                self._greeted(text)
        except LinkError as error:
            log.warning("a connection of the tunnel of %s: %s", self.upstream, error)
            self.close(POLICY, str(error))
        except Estranged as error:
            log.warning("the tunnel of %s can not go on: %s", self.upstream, error)
            self._hub.estranged(self)
            self.close(POLICY, str(error))

    def closed(self) -> None:
        self._stop_waiting()
        self._hub.left(self)

    def _greeted(self, text: bytes) -> None:
        hello = greeting.read_hello(text)
        self._stop_waiting()
        self._end = self._hub.greeted(self, hello)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def _shown(seat: _Taken | None) -> Seat | None:
    return None if seat is None else Seat(seat.run, seat.link, seat.listener is not None)
