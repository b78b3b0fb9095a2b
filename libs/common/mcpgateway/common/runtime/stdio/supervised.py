"""A stdio server that is there when needed: started on the first line, again after a crash.

Rule 1: a request is answered once, by the server or, when it crashed, by an error.
Rule 2: after a restart the handshake is replayed before anything else is sent, so the server is
where its client left it; what the client sends meanwhile waits.
Rule 3: nothing restarts by itself; the next line does it.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Protocol

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.stdio.child import Child, Command

log = logging.getLogger("mcpgateway.translate")

MAX_WAITING = 1024  # lines while the server starts; above: Unavailable
_HANDSHAKE_ID = "translate-handshake"


class Listener(Protocol):
    """Who hears the server."""

    def message(self, frame: jsonrpc.Frame, line: bytes) -> None:
        """One message of the server."""

    def ready(self, welcome: bytes) -> None:
        """A handshake of ours was answered with this result."""

    def crashed(self, why: str) -> None:
        """The server is gone: nothing that it owes will come."""


class Budget:
    """How many servers may run at once. `within`: a budget of which this one is a part; `setting`:
    who says how many."""

    def __init__(
        self, limit: int, within: "Budget | None" = None, setting: str = "--max-children"
    ) -> None:
        self._limit = limit
        self._within = within
        self._setting = setting
        self.used = 0

    def enter(self) -> "Place":
        """Raises Unavailable when all places are taken."""
        if self.used >= self._limit:
            raise Unavailable(f"{self._limit} clients are served already ({self._setting})")
        around = self._within.enter() if self._within is not None else None
        self.used += 1
        return Place(self, around)


class Place:
    """One server's place within a budget; given back once."""

    def __init__(self, budget: Budget, around: "Place | None" = None) -> None:
        self._budget: Budget | None = budget
        self._around = around

    def leave(self) -> None:
        if self._budget is not None:
            self._budget.used -= 1
            self._budget = None
        if self._around is not None:
            self._around.leave()


class Supervised:
    """`handshake` (params of `initialize`, JSON) is what a start begins with, when it is set."""

    def __init__(self, command: Command, listener: Listener, handshake: bytes = b"") -> None:
        self.handshake = handshake
        self._command = command
        self._listener = listener
        self._child: Child | None = None
        self._waiting: list[bytes] = []
        self._ready = False
        self._starting: asyncio.Task[None] | None = None
        self._stopped = False

    def send(self, line: bytes) -> None:
        """Raises Unavailable when too much waits already."""
        self._notice_exit()
        if self._ready and self._child is not None and not self._child.gone:
            self._child.send(line)
            return
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable("the stdio server is starting and too much waits for it")
        self._waiting.append(line)
        self.wake()

    def wake(self) -> None:
        """Start the server unless it runs or is being started."""
        if self._stopped:
            raise Unavailable("the session has ended")
        self._notice_exit()
        if self._starting is None and (self._child is None or self._child.gone):
            self._starting = asyncio.create_task(self._start(), name="start stdio server")

    def _notice_exit(self) -> None:
        """An exit that we know of is a crash now, also when its last lines are on the way."""
        if self._child is not None and self._child.exited:
            self._child.settle()

    async def _start(self) -> None:
        self._ready = False
        try:
            self._child = await Child.start(self._command, self._line, self._gone)
        except Unavailable as error:
            self._starting = None
            self._gone(error.message)
            return
        self._starting = None
        if self._stopped:
            await self._child.stop()
        elif self.handshake:
            request = jsonrpc.request(_HANDSHAKE_ID, "initialize", self.handshake)
            self._write(self._child, [request])
        else:
            self._flush(self._child)

    def _flush(self, child: Child) -> None:
        self._ready = True
        waiting, self._waiting = self._waiting, []
        self._write(child, waiting)

    def _write(self, child: Child, lines: list[bytes]) -> None:
        with suppress(Unavailable):  # it ended at once, which it tells itself
            for line in lines:
                child.send(line)

    def _line(self, line: bytes) -> None:
        try:
            frame = jsonrpc.decode_frame(line)
        except jsonrpc.FrameError as error:
            log.warning("the stdio server wrote no JSON-RPC message: %s", error.message)
            return
        if self._ready:
            self._listener.message(frame, line)
        elif frame.is_response and frame.id == _HANDSHAKE_ID:
            self._welcomed(frame)

    def _welcomed(self, frame: jsonrpc.Frame) -> None:
        if self._child is None:
            return
        if isinstance(frame.result, msgspec.UnsetType):
            raw = frame.error if not isinstance(frame.error, msgspec.UnsetType) else b"{}"
            self._drop(f"the stdio server refused initialize: {jsonrpc.decode_error(raw).message}")
            return
        self._write(self._child, [jsonrpc.notification("notifications/initialized")])
        self._listener.ready(bytes(frame.result))
        self._flush(self._child)

    def _drop(self, why: str) -> None:
        child, self._child = self._child, None
        if child is not None:
            self._starting = asyncio.create_task(self._end(child), name="stop stdio server")
        self._gone(why)

    async def _end(self, child: Child) -> None:
        await child.stop()
        self._starting = None
        if self._waiting and not self._stopped:
            self.wake()

    def _gone(self, why: str) -> None:
        if self._stopped:
            return
        log.warning("%s", why)
        self._ready = False
        self._waiting.clear()
        self._listener.crashed(why)

    async def stop(self) -> None:
        """End the server. Nothing is heard any more."""
        self._stopped = True
        if self._starting is not None:
            await self._starting
        if self._child is not None:
            await self._child.stop()
