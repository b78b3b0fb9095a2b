"""Keeps the registry's picture of its upstreams true; run by the leading control plane only.

An upstream that says when its lists change has a standing stream; the others are refreshed every
interval. Hints of data planes refresh too.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.tasks import end, together, wait_at_most
from mcpgateway.control_plane.discovery.standing import (
    Listener,
    Pace,
    StandingStream,
    refresh_wait,
)
from mcpgateway.control_plane.registry.discovered.ports import Watched, Watchlist

_LOG = logging.getLogger(__name__)

REFRESHES_AT_ONCE = 16
EARLY = 1024  # more hints of the like are dropped: what is new is refreshed by interval too
_GATHERING = 0.2  # seconds in which further changes of the registry are waited for
DEFAULT_PACE = Pace()


class Plan(NamedTuple):
    """Ids whose upkeep ends, and upstreams whose upkeep begins; one that changed is in both."""

    stop: tuple[str, ...]
    start: tuple[Watched, ...]


def plan(running: Mapping[str, Watched], wanted: Sequence[Watched]) -> Plan:
    by_id = {each.id: each for each in wanted}
    stop = tuple(id for id, each in running.items() if by_id.get(id) != each)
    start = tuple(each for each in by_id.values() if running.get(each.id) != each)
    return Plan(stop, start)


class Upkeep:
    """Two tasks for each upstream: one listens, one refreshes. A fault in one upstream's tasks
    ends those alone; they begin again when the list of upstreams is next looked at."""

    def __init__(
        self,
        listener: Listener,
        watchlist: Watchlist,
        changed: asyncio.Event,
        hints: AsyncIterator[str],
        random: Callable[[], float],
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        """`changed` is set when the watchlist may have changed; `hints` are ids of upstreams that
        were seen to have changed; `random` gives numbers in [0, 1)."""
        self._listener = listener
        self._watchlist = watchlist
        self._changed = changed
        self._hints = hints
        self._random = random
        self._pace = pace
        self._slots = asyncio.Semaphore(REFRESHES_AT_ONCE)
        self._running: dict[str, _Keeper] = {}
        self._early: set[str] = set()  # hinted at before they were known here

    async def run(self) -> None:
        """Until cancelled, which ends all streams first."""
        try:
            await together(self._take_hints(), self._follow_registry())
        finally:
            await self._stop(list(self._running))

    async def _take_hints(self) -> None:
        async for id in self._hints:
            keeper = self._running.get(id)
            if keeper is not None:
                keeper.dirty.set()
            elif len(self._early) < EARLY:
                self._early.add(id)

    async def _follow_registry(self) -> None:
        while True:
            self._changed.clear()
            early = frozenset(self._early)
            try:
                wanted = await self._watchlist.enabled()
            except GatewayError as error:
                _LOG.warning("upkeep keeps its last list of upstreams: %s", error.message)
            else:
                await self._reconcile(wanted)
                self._early -= early
            await wait_at_most(self._changed, refresh_wait(self._pace, self._random()))
            if self._changed.is_set():
                await asyncio.sleep(_GATHERING)  # writes often come in numbers

    async def _reconcile(self, wanted: Sequence[Watched]) -> None:
        healthy = {id: keeper.watched for id, keeper in self._running.items() if keeper.alive}
        await self._stop([id for id in self._running if id not in healthy])
        todo = plan(healthy, wanted)
        await self._stop(todo.stop)
        for watched in todo.start:
            keeper = _Keeper(watched)
            if watched.id in self._early:
                keeper.dirty.set()
            keeper.task = asyncio.create_task(self._keep(keeper))
            self._running[watched.id] = keeper

    async def _stop(self, ids: Sequence[str]) -> None:
        keepers = [self._running.pop(id) for id in ids]
        tasks = [keeper.task for keeper in keepers if keeper.task is not None]
        await end(*tasks)
        for task in tasks:
            failure = None if task.cancelled() else task.exception()
            if failure is not None:
                _LOG.error("the upkeep of an upstream failed", exc_info=failure)

    async def _keep(self, keeper: "_Keeper") -> None:
        await together(self._listen(keeper), self._refresh(keeper))

    async def _listen(self, keeper: "_Keeper") -> None:
        watched = keeper.watched
        tells = self._listener.tells(watched)
        if tells is None:
            return
        keeper.told_all = tells == "all"
        keeper.stream = StandingStream(
            self._listener,
            watched.target,
            keeper.dirty.set,
            partial(self._report, watched.id),
            self._pace,
            self._random,
        )
        why = await keeper.stream.follow()
        _LOG.info("upstream %s is refreshed by interval: %s", watched.id, why)

    async def _refresh(self, keeper: "_Keeper") -> None:
        while True:
            if not await self._due(keeper):
                continue
            await asyncio.sleep(self._pace.debounce)
            keeper.dirty.clear()
            async with self._slots:
                await self._refresh_once(keeper.watched.id)

    async def _due(self, keeper: "_Keeper") -> bool:
        """Waits for a change or the interval, which counts only while not all changes are told."""
        own = keeper.watched.interval
        pace = self._pace if own is None else replace(self._pace, interval=own)
        changed = await wait_at_most(keeper.dirty, refresh_wait(pace, self._random()))
        return changed or not keeper.hears_changes

    async def _refresh_once(self, id: str) -> None:
        try:
            await self._watchlist.refresh(id)
        except GatewayError as error:
            await self._report(id, False, error.message)
        else:
            await self._report(id, True, "")

    async def _report(self, id: str, reachable: bool, error: str) -> None:
        try:
            await self._watchlist.observed(id, reachable, error)
        except GatewayError as failure:
            _LOG.warning("the state of upstream %s was not kept: %s", id, failure.message)


class _Keeper:
    """The upkeep of one upstream."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.dirty = asyncio.Event()
        self.stream: StandingStream | None = None
        self.told_all = False
        self.task: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        return self.task is not None and not self.task.done()

    @property
    def hears_changes(self) -> bool:
        return self.told_all and self.stream is not None and self.stream.is_open
