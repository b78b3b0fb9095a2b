"""The connections of one origin, and the calls that wait for one."""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable
from functools import partial

from mcpgateway.common.errors import (
    Bug,
    GatewayError,
    Unavailable,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.runtime.http.address_watch import AddressWatch
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import Origin, PoolLimits
from mcpgateway.common.runtime.http.client_connection import ClientConnection
from mcpgateway.common.runtime.http.dial import Dialed, Dialer
from mcpgateway.common.runtime.http.pool_counts import PoolCounts
from mcpgateway.common.runtime.http.tls import broken_off

logger = logging.getLogger(__name__)

# A call waits a little longer than a dial takes: the dial's failure says more.
_GRACE = 0.1


class OriginPool:
    """`waiting` is bounded by PoolLimits.waiters beyond the calls for which a dial is under way;
    full: the call fails with Unavailable on the loop's next turn."""

    def __init__(
        self,
        origin: Origin,
        limits: PoolLimits,
        dialer: Dialer,
        loop: asyncio.AbstractEventLoop,
        on_empty: Callable[["OriginPool"], None],
        counts: PoolCounts | None = None,
    ) -> None:
        self.origin = origin
        self.label = f"{origin.scheme}://{_bracketed(origin.host)}:{origin.port}"
        self.limits = limits
        self._dialer = dialer
        self._loop = loop
        self._on_empty = on_empty
        self._counts = counts or PoolCounts()
        self._retired = False
        self._connections: dict[ClientConnection, str] = {}  # and the address of each
        self._idle: list[ClientConnection] = []  # the last used is used next
        self._leaving: set[ClientConnection] = set()  # busy, and not to be used again
        self._dials: set[asyncio.Task[Dialed[ClientConnection]]] = set()
        self._waiting: deque[Call] = deque()
        self._watch = AddressWatch(
            partial(dialer.current, origin), self._only, limits.address_seconds, loop
        )

    def submit(self, call: Call) -> None:
        """Run the call now when a connection is free, else when one is."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable():
                connection.run(call)
                return
            connection.close()
        call.runner = self
        self._counts.waited += 1
        if len(self._waiting) >= self.limits.waiters + len(self._dials) + self._room():
            busy = f"{len(self._waiting)} calls wait for {self.label} already"
            self._counts.turned_away += 1
            self._loop.call_soon(call.failed, Unavailable(busy))
            return
        self._wait(call)

    def _wait(self, call: Call) -> None:
        self._waiting.append(call)
        until = self._loop.time() + max(call.timeouts.connect + _GRACE, call.timeouts.busy)
        if call.total_at < until:
            call.timer = self._loop.call_at(call.total_at, self._late, call)
        else:
            call.timer = self._loop.call_at(until, self._waited_too_long, call)
        if self._room():
            self._dial(call.timeouts.connect, None)

    def _room(self) -> int:
        """How many more connections may be made."""
        return max(0, self.limits.connections - len(self._connections) - len(self._dials))

    def _waited_too_long(self, call: Call) -> None:
        self.abandon(call)
        self._counts.turned_away += 1
        busy = f"all {len(self._connections)} connections to {self.label} are busy"
        call.failed(Unavailable(f"{busy}: none was free within {call.timeouts.busy:g} s"))
        self._settle()

    def _late(self, call: Call) -> None:
        self.abandon(call)
        late = f"no connection to {self.label} was free within {call.timeouts.total:g} s"
        said = f"{late}, which is all that the call has"
        call.failed(UpstreamTimeout(said, unsent=True))
        self._settle()

    # For a waiting call (`call.Runner`).

    def abandon(self, call: Call) -> None:
        if call in self._waiting:
            self._waiting.remove(call)

    def pause(self) -> None:
        """Nothing is read yet."""

    def resume(self) -> None:
        """Nothing is read yet."""

    # For connections (`client_connection.Home`).

    def release(self, connection: ClientConnection) -> None:
        if connection.closed:
            return
        if self._leaving and connection in self._leaving:
            connection.close()
        elif self._waiting:
            connection.run(self._waiting.popleft())
        elif self._retired:
            connection.close()
        else:
            self._idle.append(connection)

    def lost(self, connection: ClientConnection) -> None:
        self._connections.pop(connection, None)
        self._leaving.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if self._waiting and self._room():
            self._dial(self._waiting[0].timeouts.connect, None)
        self._settle()

    def retry(self, call: Call) -> None:
        call.retried = True
        call.runner = self
        self._dial(call.timeouts.connect, call)

    # Dialing.

    def _dial(self, timeout: float, call: Call | None) -> None:
        """For one call, or for whichever waits longest when it is done."""
        connecting = self._dialer.connect(self.origin, self._make, timeout)
        task = self._loop.create_task(connecting)
        self._dials.add(task)
        task.add_done_callback(partial(self._dialed, call))

    def _make(self) -> ClientConnection:
        return ClientConnection(self, self._loop)

    def _dialed(self, call: Call | None, task: asyncio.Task[Dialed[ClientConnection]]) -> None:
        self._dials.discard(task)
        error = None if task.cancelled() else task.exception()
        if task.cancelled():
            pass  # by `abort`, which failed the calls
        elif error is not None:
            self._dial_failed(call, error)
        elif task.result().protocol.closed:
            what = _how_spoilt(task.result().protocol.failure)
            self._dial_failed(call, UpstreamUnreachable(f"{self.label} {what}"))
        else:
            fresh, address = task.result()
            self._counts.connected += 1
            self._connections[fresh] = address
            self._watch.start()
            self._put_to_use(fresh, call)
        self._settle()

    def _put_to_use(self, fresh: ClientConnection, call: Call | None) -> None:
        if call is None or call.over:
            call = self._waiting.popleft() if self._waiting else None
        if call is None:
            fresh.rest()
        else:
            fresh.run(call)

    def _dial_failed(self, call: Call | None, error: BaseException) -> None:
        """One dial fails one call; the last hope fails all."""
        self._counts.failed += 1
        if not isinstance(error, GatewayError):
            logger.error("dialing %s failed", self.label, exc_info=error)
            error = Bug(f"dialing {self.label} failed")
        if call is not None:
            call.failed(error)
        elif self._waiting:
            self._waiting.popleft().failed(error)
        if not self._connections and not self._dials:
            waiting, self._waiting = self._waiting, deque()
            for other in waiting:
                other.failed(error)

    # Ends.

    def _only(self, addresses: frozenset[str]) -> None:
        """Leave connections to other addresses: idle ones now, busy ones when they are done."""
        for connection, address in list(self._connections.items()):
            if address in addresses:
                continue
            if connection in self._idle:
                self._idle.remove(connection)
                connection.close()
            else:
                self._leaving.add(connection)

    def retire(self) -> None:
        """Close idle connections now and the others when they are done."""
        self._retired = True
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        self._settle()

    def abort(self, error: GatewayError) -> None:
        """Fail every call with `error` and drop every connection."""
        self._retired = True
        waiting, self._waiting = self._waiting, deque()
        for call in waiting:
            call.failed(error)
        for task in list(self._dials):
            task.cancel()
        for connection in list(self._connections):
            connection.fail(error)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Connections, those of them that are idle, and waiting calls."""
        return len(self._connections), len(self._idle), len(self._waiting)

    @property
    def empty(self) -> bool:
        return not (self._connections or self._dials or self._waiting)

    def _settle(self) -> None:
        if not self._connections:
            self._watch.stop()
        if self.empty:
            self._on_empty(self)


def _how_spoilt(failure: Exception | None) -> str:
    if isinstance(failure, ssl.SSLError):
        return broken_off(failure)
    return "closed the connection, or spoke, before it was asked anything"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
