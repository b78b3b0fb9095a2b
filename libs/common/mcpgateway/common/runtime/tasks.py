"""Waiting for events, ending tasks for certain, running several as one and naming what failed."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

from mcpgateway.common.errors import GatewayError

# Errors whose message says all that is needed to mend it.
EXPLAINED = (GatewayError, OSError, ValueError)
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


async def wait_at_most(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event was set within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return event.is_set()


class PartFailed(Exception):
    """A part of a service failed in a way that nobody foresaw: the cause says how."""

    def __init__(self, part: str, cause: Exception) -> None:
        super().__init__(f"{part} failed: {cause!r}")
        self.part = part


async def part(name: str, work: Awaitable[None]) -> None:
    """The work; what goes wrong with it is named after it. Raises PartFailed, and EXPLAINED errors
    as they come."""
    try:
        await work
    except EXPLAINED:
        raise
    except Exception as error:
        raise PartFailed(name, error) from error
