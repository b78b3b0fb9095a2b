"""A deadline that moves often and passes rarely."""

import asyncio
from collections.abc import Callable
from math import inf


class Deadline:
    """Calls back once when the time is over. Moving it later, the common case, is an assignment:
    the one timer looks at the deadline when it fires, and is set anew when it fired too early."""

    __slots__ = ("_at", "_callback", "_loop", "_timer", "_timer_at")

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._at = inf
        self._timer_at = inf
        self._timer: asyncio.TimerHandle | None = None

    def expire_in(self, seconds: float) -> None:
        """Replaces an earlier deadline."""
        self._at = when = self._loop.time() + seconds
        if when < self._timer_at:
            self._arm(when)

    def expire_at(self, when: float) -> None:
        """In the loop's time."""
        self._at = when
        if when < self._timer_at:
            self._arm(when)

    def never(self) -> None:
        self._at = inf

    def close(self) -> None:
        """Let go of the timer."""
        self._at = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        self._timer_at = inf
        if self._at > self._loop.time():
            if self._at != inf:
                self._arm(self._at)
        else:
            self._at = inf
            self._callback()
