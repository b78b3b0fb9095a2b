"""Hints: each upstream once at a time, never on the way of a call, lost without harm."""

import asyncio

from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.subjects import Subjects
from mcpgateway.data_plane.table.hints import Hints

SUBJECTS = Subjects("local", "default")


class Bus:
    """Keeps the subjects; `reachable` is what publishing says."""

    def __init__(self, *, reachable: bool = True) -> None:
        self.subjects: asyncio.Queue[str] = asyncio.Queue()
        self._reachable = reachable

    async def publish(self, subject: str, payload: bytes) -> bool:
        assert payload == b""
        self.subjects.put_nowait(subject)
        return self._reachable

    async def next(self) -> str:
        return await asyncio.wait_for(self.subjects.get(), 5)


async def test_an_upstream_that_announces_often_is_hinted_at_once() -> None:
    hints, bus = Hints(SUBJECTS, every=60), Bus()
    for upstream in ("u2", "u1", "u2", "u2"):
        hints.announced(upstream)
    assert bus.subjects.empty()
    running = asyncio.create_task(hints.run(bus.publish))
    assert [await bus.next(), await bus.next()] == [SUBJECTS.hint("u1"), SUBJECTS.hint("u2")]
    hints.announced("u1")
    await end(running)
    assert bus.subjects.empty()


async def test_what_is_announced_while_others_wait_is_hinted_later() -> None:
    hints, bus = Hints(SUBJECTS, every=0), Bus(reachable=False)
    running = asyncio.create_task(hints.run(bus.publish))
    for _ in range(2):
        hints.announced("u1")
        assert await bus.next() == SUBJECTS.hint("u1")
    await end(running)
