"""Ending tasks for certain, and running several as one."""

import asyncio
from collections.abc import Coroutine
from typing import Any

AGAIN = 1.0  # seconds after which a task that is still there is cancelled once more


async def end(*tasks: "asyncio.Future[Any]") -> None:
    """Cancels tasks until they are over; what they return or raise is dropped.

    Once is not enough: before Python 3.12 `asyncio.wait_for` may swallow a cancellation that
    arrives together with its result (python/cpython#86296), and nats-py uses it everywhere.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # so that it counts as seen


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Runs until all have returned or one raises; then ends the others and raises that."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            await task
    finally:
        await end(*tasks)
