"""Waiting for what another process does and can not notify: the one place that polls."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

POLL = 0.02  # seconds


async def until(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], what: str, seconds: float = 30.0
) -> None:
    """Returns as soon as the condition holds; fails naming `what` when it never does."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                held = condition()
                if inspect.isawaitable(held):
                    held = await held
                if held:
                    return
                await asyncio.sleep(POLL)
    except TimeoutError:
        raise AssertionError(f"not within {seconds:g} s: {what}") from None
