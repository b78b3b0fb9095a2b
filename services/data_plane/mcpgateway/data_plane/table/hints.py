"""Hints to control planes: which upstreams told a call that their lists changed."""

import asyncio
from collections.abc import Awaitable, Callable

from mcpgateway.common.subjects import Subjects

EVERY = 1.0  # seconds: no upstream is hinted at more often

Publish = Callable[[str, bytes], Awaitable[bool]]


class Hints:
    """Each upstream waits once, so there are never more than upstreams. What can not be published
    is dropped: control planes refresh by interval too."""

    def __init__(self, subjects: Subjects, every: float = EVERY) -> None:
        self._subjects = subjects
        self._every = every
        self._waiting: set[str] = set()
        self._news = asyncio.Event()

    def announced(self, upstream: str) -> None:
        """Takes note; what is sent is sent elsewhere."""
        self._waiting.add(upstream)
        self._news.set()

    async def run(self, publish: Publish) -> None:
        """Until cancelled. `publish` says whether it could."""
        while True:
            await self._news.wait()
            self._news.clear()
            waiting, self._waiting = self._waiting, set()
            for upstream in sorted(waiting):
                await publish(self._subjects.hint(upstream), b"")
            await asyncio.sleep(self._every)
