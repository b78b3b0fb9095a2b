"""Long work in slices gives others their turn, and returns or raises what the work does."""

import asyncio
import time
from collections.abc import Generator

import pytest

from mcpgateway.common.runtime.slices import SLICE, Unfinished, begun, in_slices


def work(steps: int) -> Generator[None, None, str]:
    for _ in range(steps):
        until = time.perf_counter() + SLICE / 4
        while time.perf_counter() < until:
            pass
        yield
    return "done"


async def test_others_get_their_turn_while_it_goes_on() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.ensure_future(other())
    assert await in_slices(work(40)) == "done"
    task.cancel()
    assert turns >= 5


async def test_what_the_work_raises_is_raised() -> None:
    def broken() -> Generator[None, None, None]:
        yield
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await in_slices(broken())


def test_short_work_is_done_at_once() -> None:
    assert begun(work(1), seconds=10.0) == "done"


async def test_what_is_not_done_in_time_is_gone_on_with() -> None:
    steps = work(8)
    with pytest.raises(Unfinished):
        begun(steps, seconds=SLICE / 4)
    assert await in_slices(steps) == "done"
