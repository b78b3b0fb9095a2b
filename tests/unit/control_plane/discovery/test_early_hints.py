"""A hint that comes before the upkeep knows the upstream is remembered: a tunnel may open right
after its registration."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from typing_extensions import override

from mcpgateway.common.runtime.tasks import end
from mcpgateway.control_plane.discovery.upkeep import Upkeep
from mcpgateway.control_plane.registry.discovered.ports import Target, Watched, Watchlist
from support.wait import until


class Registry(Watchlist):
    def __init__(self) -> None:
        self.rows: list[Watched] = []
        self.read = 0
        self.refreshed: list[str] = []

    @override
    async def enabled(self) -> Sequence[Watched]:
        self.read += 1
        return tuple(self.rows)

    @override
    async def refresh(self, id: str) -> None:
        self.refreshed.append(id)

    @override
    async def observed(self, id: str, reachable: bool, error: str) -> None:
        """Nobody asks."""


class Silent:
    """Upstreams that announce nothing by themselves."""

    def tells(self, watched: Watched) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        raise AssertionError("nobody is listened to")


async def test_a_hint_about_what_is_registered_a_moment_later_is_kept() -> None:
    registry, changed = Registry(), asyncio.Event()
    said: asyncio.Queue[str] = asyncio.Queue()
    taken = asyncio.Event()

    async def hints() -> AsyncIterator[str]:
        while True:
            yield await said.get()
            taken.set()

    upkeep = Upkeep(Silent(), registry, changed, hints(), lambda: 0.5)
    running = asyncio.create_task(upkeep.run())
    try:
        await until(lambda: registry.read > 0, "the list was read once")
        said.put_nowait("u1")
        await asyncio.wait_for(taken.wait(), 10)
        registry.rows.append(Watched("u1", Target("")))
        changed.set()
        await until(lambda: registry.refreshed == ["u1"], "it was looked at")
    finally:
        await end(running)
