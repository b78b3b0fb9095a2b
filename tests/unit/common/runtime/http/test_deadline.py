import asyncio
from typing import Any

from mcpgateway.common.runtime.http.deadline import Deadline
from support.http import DEADLINE


class CountingLoop:
    """The running loop, counting the timers that are made."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.timers = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def call_at(self, when: float, callback: Any) -> asyncio.TimerHandle:
        self.timers += 1
        return self._loop.call_at(when, callback)


async def test_it_calls_back_once_when_the_time_is_over() -> None:
    passed = asyncio.Event()
    deadline = Deadline(asyncio.get_running_loop(), passed.set)
    deadline.expire_in(0.01)
    await asyncio.wait_for(passed.wait(), DEADLINE)


async def test_moving_it_later_makes_no_timer() -> None:
    passed = asyncio.Event()
    loop = CountingLoop()
    deadline = Deadline(loop, passed.set)  # type: ignore[arg-type]  # the loop, but for call_at
    for seconds in range(1, 1_000):
        deadline.expire_in(seconds)
    assert loop.timers == 1
    deadline.close()


async def test_moved_earlier_it_passes_earlier_and_moved_later_it_passes_later() -> None:
    loop = asyncio.get_running_loop()
    passed: asyncio.Future[float] = loop.create_future()
    deadline = Deadline(loop, lambda: passed.set_result(loop.time()))
    deadline.expire_in(60)
    deadline.expire_in(0.01)
    begun = loop.time()
    deadline.expire_in(0.05)
    assert await asyncio.wait_for(passed, DEADLINE) - begun >= 0.04


async def test_never_and_close_are_final_until_it_is_set_again() -> None:
    passed = asyncio.Event()
    other = asyncio.Event()
    loop = asyncio.get_running_loop()
    deadline = Deadline(loop, passed.set)
    deadline.expire_in(0.01)
    deadline.never()
    Deadline(loop, other.set).expire_in(0.05)
    await asyncio.wait_for(other.wait(), DEADLINE)
    assert not passed.is_set()
    deadline.expire_in(0.01)
    await asyncio.wait_for(passed.wait(), DEADLINE)
