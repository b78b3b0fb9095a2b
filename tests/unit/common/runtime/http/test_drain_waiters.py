"""Writers that wait for their peer."""

import asyncio

import pytest

from mcpgateway.common.runtime.http.drain_waiters import DrainWaiters


async def waiting(waiters: DrainWaiters, count: int) -> list["asyncio.Task[None]"]:
    tasks = [asyncio.create_task(waiters.wait()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_all_who_wait_go_on_together_and_later_ones_wait_anew() -> None:
    waiters = DrainWaiters()
    first = await waiting(waiters, 2)
    waiters.release()
    await asyncio.gather(*first)
    (later,) = await waiting(waiters, 1)
    assert not later.done()
    waiters.release()
    await later


async def test_all_who_wait_for_a_peer_that_is_gone_hear_of_it() -> None:
    waiters = DrainWaiters()
    tasks = await waiting(waiters, 2)
    waiters.release(ConnectionError("gone"))
    for task in tasks:
        with pytest.raises(ConnectionError, match="gone"):
            await task


async def test_one_that_was_cancelled_does_not_keep_the_others_waiting() -> None:
    waiters = DrainWaiters()
    cancelled, other = await waiting(waiters, 2)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    waiters.release()
    await other
