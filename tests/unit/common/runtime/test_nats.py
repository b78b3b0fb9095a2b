"""Loops around requests to NATS."""

import asyncio

import pytest

from mcpgateway.common.runtime.nats import raise_if_cancelled


async def test_a_cancellation_that_comes_together_with_an_answer_is_not_lost() -> None:
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waits = asyncio.Event()

    async def ask() -> None:
        waits.set()
        await asyncio.wait_for(answer, 10)
        raise_if_cancelled()
        await asyncio.Event().wait()

    asking = asyncio.create_task(ask())
    await waits.wait()
    await asyncio.sleep(0)
    answer.set_result(None)
    asking.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_a_time_limit_that_passed_is_no_cancellation() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.sleep(1)
    raise_if_cancelled()
