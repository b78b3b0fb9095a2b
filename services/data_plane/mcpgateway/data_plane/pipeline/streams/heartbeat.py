"""One timer for all silent streams of a replica."""

import asyncio
from typing import Protocol


class Beating(Protocol):
    """Something that must show from time to time that it is alive."""

    def beat(self) -> None: ...


class Heartbeat:
    """`interval` in seconds; 0: no beats. The timer runs while there is anybody to beat."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._beating: dict[Beating, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, beating: Beating) -> None:
        self._beating[beating] = None
        if self._timer is None and self._interval > 0:
            self._schedule()

    def remove(self, beating: Beating) -> None:
        self._beating.pop(beating, None)

    def close(self) -> None:
        self._beating.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._beat)

    def _beat(self) -> None:
        self._timer = None
        for beating in list(self._beating):
            beating.beat()
        if self._beating:
            self._schedule()
