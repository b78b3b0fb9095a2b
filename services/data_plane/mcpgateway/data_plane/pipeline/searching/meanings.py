"""Vectors of what is searched: made in the background for tools, within a time limit for queries.

A search never waits for those of tools, and goes on without that of its query when the endpoint is
away, slow or answers nonsense: all that is lost is what words alone do not find. Each outcome is
counted.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.search.space import Space, Wanted
from mcpgateway.common.search.vectors import Vector
from mcpgateway.data_plane.pipeline.searching.embedder import Embedder, TextsRefused

log = logging.getLogger(__name__)

VECTORS = 100_000  # at a replica, 0.6 to 1.4 kB each; tools over it are found by words alone
BATCH = 16  # texts of a request
BATCH_SECONDS = 30.0
PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds after a request for tools that failed; doubled each time
IN_A_ROW = 3  # queries that fail until none is asked for
REST = 5.0  # seconds for which none is
_GIVEN_UP = 8  # tools in a row whose texts are refused, until that is taken for a failure

Counted = Callable[[str, str], None]
"""Told what a request was for (`tools`, `query`) and how it ended (`ok`, `resting`, a code)."""


class Meanings:
    """Those of one replica, with one request for tools at a time."""

    def __init__(
        self,
        embedder: Embedder,
        counted: Counted,
        query_seconds: float,
        pause: float = PAUSE,
        limit: int = VECTORS,
    ) -> None:
        self._embedder = embedder
        self._counted = counted
        self._query_seconds = query_seconds
        self._pause = pause
        self._limit = limit
        self._spaces: dict[Space, None] = {}
        self._work: asyncio.Task[None] | None = None
        self._size = BATCH
        self._refused = 0  # in a row
        self._failed = 0  # queries in a row
        self._rested = 0.0  # when the last of them failed
        self._closed = False

    @property
    def vectors(self) -> int:
        return sum(map(len, self._spaces))

    def space(self) -> Space:
        """A new one, to be filled from now on."""
        made = Space()
        self._spaces[made] = None
        return made

    def forget(self, space: Space) -> None:
        del self._spaces[space]
        self.wake()

    def wake(self) -> None:
        """There may be tools that want a vector. Needs the running loop."""
        if self._closed or (self._work is not None and not self._work.done()):
            return
        if self._next() is not None:
            self._work = asyncio.get_running_loop().create_task(self._fill())

    def asks(self, space: Space) -> bool:
        """Whether a search there should wait for the vector of its query."""
        if not space:
            return False
        resting = self._failed >= IN_A_ROW and time.monotonic() < self._rested + REST
        if resting:
            self._counted("query", "resting")
        return not resting

    async def of(self, query: str) -> Vector | None:
        """None where it can not be told in time."""
        try:
            (found,) = await self._embedder.embed([query], self._query_seconds)
        except GatewayError as error:
            self._counted("query", error.code)
            self._failed, self._rested = self._failed + 1, time.monotonic()
            return None
        self._counted("query", "ok")
        self._failed = 0
        return found

    async def aclose(self) -> None:
        self._closed = True
        if self._work is not None:
            await end(self._work)
        await self._embedder.aclose()

    def _next(self) -> Space | None:
        if self.vectors >= self._limit:
            return None
        return next((each for each in self._spaces if each.wants), None)

    async def _fill(self) -> None:
        pause = self._pause
        while (space := self._next()) is not None:
            wanted = self._not_known(space, space.wanted(self._size))
            if not wanted or await self._learn(space, wanted):
                pause = self._pause
                await asyncio.sleep(0)
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _not_known(self, space: Space, wanted: list[Wanted]) -> list[Wanted]:
        """Those that no other server's space has."""
        left: list[Wanted] = []
        for each in wanted:
            others = (other.vector(each.id, each.digest) for other in self._spaces)
            known = next((vector for vector in others if vector is not None), None)
            if known is None:
                left.append(each)
            else:
                space.learn(each.id, each.digest, known)
        return left

    async def _learn(self, space: Space, wanted: list[Wanted]) -> bool:
        """Whether it may be gone on at once."""
        try:
            found = await self._embedder.embed([each.text for each in wanted], BATCH_SECONDS)
        except TextsRefused as error:
            self._counted("tools", error.code)
            return self._narrow(space, wanted, error)
        except GatewayError as error:
            self._counted("tools", error.code)
            log.warning("tools are found by words alone for now: %s", error)
            _again(space, wanted)
            return False
        self._counted("tools", "ok")
        for each, vector in zip(wanted, found, strict=True):
            space.learn(each.id, each.digest, vector)
        self._refused, self._size = 0, min(BATCH, 2 * self._size)
        return True

    def _narrow(self, space: Space, wanted: list[Wanted], error: GatewayError) -> bool:
        """One of the texts, or all, are refused: each is asked for alone, and given up then, but
        not for ever more of them."""
        if len(wanted) > 1:
            self._size = 1
            _again(space, wanted)
            return True
        self._refused += 1
        if self._refused > _GIVEN_UP:
            _again(space, wanted)
            return False
        log.warning("tool %s is found by words alone: %s", wanted[0].id, error)
        return True


def _again(space: Space, wanted: list[Wanted]) -> None:
    for each in wanted:
        space.again(each.id)
