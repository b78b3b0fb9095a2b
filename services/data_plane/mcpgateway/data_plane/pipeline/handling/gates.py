"""How many calls of a tool are under way at once, at this replica: `max_concurrency` of the tool.

A call that finds all places taken waits for one, in order. It is refused, in words that say that it
was not made, when it waited too long, or when too many wait for the same tool already.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.routing.model import Tool

Counted = Callable[[str], None]
"""Hears of each call that found all places taken: `waited`, `late` or `refused`."""


class _Gate:
    """Of one tool, while calls of it are under way."""

    __slots__ = ("limit", "under_way", "waiting")

    def __init__(self) -> None:
        self.limit = 0
        self.under_way = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Gates:
    """`waiters`: calls that wait for one tool; full: refused. `seconds`: for how long."""

    def __init__(
        self, waiters: int = 1024, seconds: float = 10.0, counted: Counted = lambda _how: None
    ) -> None:
        self._waiters = waiters
        self._seconds = seconds
        self._counted = counted
        self._gates: dict[str, _Gate] = {}

    @property
    def waiting(self) -> int:
        """Calls of all tools."""
        return sum(len(gate.waiting) for gate in self._gates.values())

    @asynccontextmanager
    async def place(self, tool: Tool) -> AsyncIterator[None]:
        """A place of the tool, which may have any number of them. Raises Unavailable."""
        if tool.max_concurrency <= 0:
            yield
            return
        gate = self._gates.setdefault(tool.id, _Gate())
        gate.limit = tool.max_concurrency
        if gate.under_way >= gate.limit:
            await self._wait(gate, tool)
        else:
            gate.under_way += 1
        try:
            yield
        finally:
            self._leave(gate, tool.id)

    async def _wait(self, gate: _Gate, tool: Tool) -> None:
        """Until a place is handed over; it is counted as taken then."""
        busy = f"tool {tool.name!r} has all its {gate.limit} calls at once under way here"
        if len(gate.waiting) >= self._waiters:
            self._counted("refused")
            raise Unavailable(f"{busy}, and {self._waiters} wait; it was not called: try again")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gate.waiting.append(turn)
        try:
            async with asyncio.timeout(self._seconds):
                await turn
        except TimeoutError:
            if not _handed(turn):
                self._counted("late")
                said = f"{busy}, none ended within {self._seconds:g} s; it was not called"
                raise Unavailable(f"{said}: try again") from None
        except asyncio.CancelledError:
            if _handed(turn):
                self._leave(gate, tool.id)
            raise
        finally:
            if turn in gate.waiting:
                gate.waiting.remove(turn)
        self._counted("waited")

    def _leave(self, gate: _Gate, id: str) -> None:
        gate.under_way -= 1
        while gate.waiting and gate.under_way < gate.limit:
            turn = gate.waiting.popleft()
            if not turn.done():
                gate.under_way += 1
                turn.set_result(None)
        if not gate.under_way and not gate.waiting:
            self._gates.pop(id, None)


def _handed(turn: "asyncio.Future[None]") -> bool:
    return turn.done() and not turn.cancelled()
