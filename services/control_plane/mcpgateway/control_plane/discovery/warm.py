"""Keeps warm stdio servers running, by asking them all the time: that starts one that is not there
(when it was registered, when its runner began anew, after a crash as soon as the runner starts it
again), and is use, so that it never is idle.

Whoever is asked has a lease and no order to run: one that nobody asks any more ends by being idle.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from typing_extensions import override

from mcpgateway.common.errors import (
    GatewayError,
    NotFound,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.control_plane.discovery.channel import NoStandingStream, Trace
from mcpgateway.control_plane.discovery.client import Connector
from mcpgateway.control_plane.discovery.standing import Listener, Tells
from mcpgateway.control_plane.discovery.stdio import served
from mcpgateway.control_plane.registry.discovered.ports import Target, Watched
from mcpgateway.control_plane.registry.runners import Runners

EVERY = 5.0  # seconds; less than the shortest `idle_seconds`

Current = Callable[[str], Awaitable[Target]]
"""The target of an upstream as it is now. Raises NotFound for one that is not enabled."""


class WarmListener(Listener):
    """A standing stream on which nothing is told: it is open while the server answers."""

    def __init__(
        self, runners: Runners, connector: Connector, current: Current, every: float = EVERY
    ) -> None:
        self.timeout = connector.timeout
        self._runners = runners
        self._connector = connector
        self._current = current
        self._every = every

    @override
    def tells(self, watched: Watched) -> Tells | None:
        return "some" if watched.warm else None

    @override
    @asynccontextmanager
    async def listen(self, target: Target, trace: Trace) -> AsyncIterator[AsyncIterator[str]]:
        """Raises NoStandingStream for one that is not offered any more."""
        # Not the one that is given: a ticket made now for a former command would count as newer
        # than those of data planes. Later questions carry this ticket, which an end outdates.
        now = await self._served(target.id)
        await self._ask(now, trace)
        yield _Beats(self._every, lambda: self._within_time(now, trace))

    async def _served(self, id: str) -> Target:
        try:
            return served(self._runners, await self._current(id))
        except NotFound as error:
            raise NoStandingStream("it is not offered any more") from error
        except UpstreamError:
            raise
        except GatewayError as error:
            raise UpstreamUnreachable(error.message) from error

    async def _within_time(self, target: Target, trace: Trace) -> None:
        try:
            async with asyncio.timeout(self.timeout):
                await self._ask(target, trace)
        except TimeoutError:
            raise UpstreamTimeout(
                f"no answer in {self.timeout:g} s, waiting for {trace.step}"
            ) from None

    async def _ask(self, target: Target, trace: Trace) -> None:
        """A handshake, which reaches the process where none runs, and costs it next to nothing."""
        async with self._connector.connect(target, trace):
            pass


class _Beats(AsyncIterator[str]):
    """Never yields; ends by the error of a question."""

    def __init__(self, every: float, ask: Callable[[], Awaitable[None]]) -> None:
        self._every = every
        self._ask = ask

    @override
    async def __anext__(self) -> str:
        while True:
            await asyncio.sleep(self._every)
            await self._ask()
