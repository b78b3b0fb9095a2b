"""The connections of one origin, and the calls that wait for one."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial

from mcpgateway.common.errors import Bug, GatewayError, Unavailable, UpstreamUnreachable
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import Origin, PoolLimits
from mcpgateway.common.runtime.http.client_connection import ClientConnection
from mcpgateway.common.runtime.http.dial import Dialer

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
    ) -> None:
        self.origin = origin
        self.label = f"{origin.scheme}://{_bracketed(origin.host)}:{origin.port}"
        self.limits = limits
        self._dialer = dialer
        self._loop = loop
        self._on_empty = on_empty
        self._retired = False
        self._connections: set[ClientConnection] = set()
        self._idle: list[ClientConnection] = []  # the last used is used next
        self._dials: set[asyncio.Task[ClientConnection]] = set()
        self._waiting: deque[Call] = deque()

    def submit(self, call: Call) -> None:
        """Run the call now when a connection is free, else when one is."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable():
                connection.run(call)
                return
            connection.close()
        call.runner = self
        if len(self._waiting) >= self.limits.waiters + len(self._dials) + self._room():
            busy = f"{len(self._waiting)} calls wait for {self.label} already"
            self._loop.call_soon(call.failed, Unavailable(busy))
            return
        self._wait(call)

    def _wait(self, call: Call) -> None:
        self._waiting.append(call)
        until = min(self._loop.time() + call.timeouts.connect + _GRACE, call.total_at)
        call.timer = self._loop.call_at(until, self._waited_too_long, call)
        if self._room():
            self._dial(call.timeouts.connect, None)

    def _room(self) -> int:
        """How many more connections may be made."""
        return max(0, self.limits.connections - len(self._connections) - len(self._dials))

    def _waited_too_long(self, call: Call) -> None:
        self.abandon(call)
        call.failed(
            UpstreamUnreachable(
                f"no connection to {self.label} was free within {call.timeouts.connect:g} s"
            )
        )
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
        if self._waiting:
            connection.run(self._waiting.popleft())
        elif self._retired:
            connection.close()
        else:
            self._idle.append(connection)

    def lost(self, connection: ClientConnection) -> None:
        self._connections.discard(connection)
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

    def _dialed(self, call: Call | None, task: asyncio.Task[ClientConnection]) -> None:
        self._dials.discard(task)
        error = None if task.cancelled() else task.exception()
        if task.cancelled():
            pass  # by `abort`, which failed the calls
        elif error is not None:
            self._dial_failed(call, error)
        elif task.result().closed:
            closed = UpstreamUnreachable(f"{self.label} closed the connection at once")
            self._dial_failed(call, closed)
        else:
            self._connections.add(task.result())
            self._put_to_use(task.result(), call)
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
    def empty(self) -> bool:
        return not (self._connections or self._dials or self._waiting)

    def _settle(self) -> None:
        if self.empty:
            self._on_empty(self)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
