"""A task ends even when it swallows a cancellation, and of several the first error counts."""

import asyncio

import pytest

from mcpgateway.common.runtime.tasks import end, together


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
