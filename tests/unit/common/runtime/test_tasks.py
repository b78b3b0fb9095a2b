"""A task ends even when it swallows a cancellation, and of several the first error counts."""

import asyncio

import pytest

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.tasks import PartFailed, end, part, together, wait_at_most


async def stubborn() -> None:
    """As asyncio.wait_for does when the result arrives with the cancellation."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    task = asyncio.ensure_future(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end(task)
    assert task.cancelled()


async def test_what_ended_tasks_returned_or_raised_is_dropped() -> None:
    async def broken() -> None:
        raise ValueError("no")

    task = asyncio.ensure_future(broken())
    await asyncio.sleep(0)
    await end(task)
    assert task.done()


async def test_the_first_error_ends_the_others_and_is_raised() -> None:
    ended = asyncio.Event()

    async def patient() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def broken() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await together(patient(), broken())
    assert ended.is_set()


async def test_a_work_that_returns_leaves_the_others_running() -> None:
    order: list[str] = []

    async def quick() -> None:
        order.append("quick")

    async def slow() -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        order.append("slow")

    await together(slow(), quick())
    assert order == ["quick", "slow"]


async def test_an_event_is_waited_for_at_most_so_long() -> None:
    event = asyncio.Event()
    assert await wait_at_most(event, 0.01) is False
    asyncio.get_running_loop().call_soon(event.set)
    async with asyncio.timeout(10):
        assert await wait_at_most(event, 60) is True


async def test_what_nobody_foresaw_is_named_after_the_part_that_failed() -> None:
    async def broken() -> None:
        raise KeyError("x")

    with pytest.raises(PartFailed, match="the upkeep failed: KeyError") as caught:
        await part("the upkeep", broken())
    assert isinstance(caught.value.__cause__, KeyError)


async def test_an_error_that_says_all_passes_as_it_is() -> None:
    async def refused() -> None:
        raise Unavailable("the database refuses us")

    with pytest.raises(Unavailable):
        await part("publishing", refused())
