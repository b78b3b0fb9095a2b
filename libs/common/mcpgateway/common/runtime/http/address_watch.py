"""Asks again, while there are connections, which addresses their origin has."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

Resolve = Callable[[], Awaitable[frozenset[str] | None]]


class AddressWatch:
    """Calls `tell` with the addresses every `seconds` between `start` and `stop`; not when
    `resolve` answers None, since a name service that is away says nothing about connections."""

    def __init__(
        self,
        resolve: Resolve,
        tell: Callable[[frozenset[str]], None],
        seconds: float,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._resolve = resolve
        self._tell = tell
        self._seconds = seconds
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """No effect while it is under way."""
        if self._timer is None and self._asking is None:
            self._timer = self._loop.call_later(self._seconds, self._look)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _look(self) -> None:
        self._timer = None
        self._asking = self._loop.create_task(self._ask())

    async def _ask(self) -> None:
        try:
            addresses = await self._resolve()
            if addresses is not None:
                self._tell(addresses)
        except Exception:
            logger.exception("looking for the addresses of an upstream failed")
        if self._asking is asyncio.current_task():  # else stopped by `tell`
            self._asking = None
            self.start()
