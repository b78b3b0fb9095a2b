"""The standing stream of one upstream: opened, kept, opened again; each change is passed on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Literal, Protocol

from mcpgateway.common.errors import UpstreamError, UpstreamRejected, UpstreamTimeout
from mcpgateway.control_plane.discovery.channel import NoStandingStream, Trace
from mcpgateway.control_plane.registry.discovered.ports import Target, Watched

Tells = Literal["all", "some"]
"""Whether all changes of an upstream's lists are told, or may happen unsaid."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. A stream that lasted `settled` was healthy: the next wait is `retry_first` again."""

    debounce: float = 0.2
    interval: float = 300.0
    retry_first: float = 1.0
    retry_most: float = 60.0
    settled: float = 30.0


class Listener(Protocol):
    """Opens standing streams. `timeout`: seconds for opening one."""

    timeout: float

    def tells(self, watched: Watched) -> Tells | None:
        """None: it has no standing stream."""

    def listen(
        self, target: Target, trace: Trace
    ) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """What changed, as it is told. Raises UpstreamError, NoStandingStream."""


def retry_wait(pace: Pace, failures: int, spread: float) -> float:
    """Doubling with each failure in a row; `spread` in [0, 1) takes off up to half, so that many
    upstreams behind one dead host do not come back in step."""
    longest = min(pace.retry_most, pace.retry_first * float(1 << min(failures, 16)))
    return longest * (1 - spread / 2)


def refresh_wait(pace: Pace, spread: float) -> float:
    """The interval, +-10 %."""
    return pace.interval * (0.9 + 0.2 * spread)


class StandingStream:
    """Follows one upstream until it says that it has no such stream.

    `is_open` says whether changes would be heard now. `changed` is called for each list_changed,
    and once after each opening: what changed while nobody listened was not said. `observed` hears
    whether the upstream can be reached.
    """

    def __init__(
        self,
        listener: Listener,
        target: Target,
        changed: Callable[[], None],
        observed: Callable[[bool, str], Awaitable[None]],
        pace: Pace,
        spread: Callable[[], float],
    ) -> None:
        self._listener = listener
        self._target = target
        self._changed = changed
        self._observed = observed
        self._pace = pace
        self._spread = spread
        self.is_open = False

    async def follow(self) -> str:
        """Returns why there is no standing stream; until then it goes on."""
        failures = 0
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self._once()
            except NoStandingStream as error:
                return error.message
            except UpstreamError as error:
                await self._observed(False, error.message)
            if clock() - began >= self._pace.settled:
                failures = 0
            await asyncio.sleep(retry_wait(self._pace, failures, self._spread()))
            failures += 1

    async def _once(self) -> None:
        trace = Trace()
        timeout = self._listener.timeout
        try:
            async with asyncio.timeout(timeout) as handshake:
                async with self._listener.listen(self._target, trace) as changes:
                    handshake.reschedule(None)
                    self.is_open = True
                    self._changed()
                    await self._observed(True, "")
                    # A stream that breaks says little; whether it opens again is what counts.
                    with suppress(UpstreamRejected):
                        async for _ in changes:
                            self._changed()
        except TimeoutError:
            raise UpstreamTimeout(f"no answer in {timeout:g} s, waiting for {trace.step}") from None
        finally:
            self.is_open = False
