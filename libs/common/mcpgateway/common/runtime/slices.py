"""Runs long pure work on the event loop without stopping it: a few milliseconds a turn."""

import asyncio
import time
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

SLICE = 0.002  # seconds


class Unfinished(Exception):
    """There is more to do than was asked for at once; it can be gone on with."""


def begun(steps: Generator[None, None, T], seconds: float = SLICE) -> T:
    """What is done within so many seconds, now. Raises Unfinished, and what the steps raise."""
    until = time.perf_counter() + seconds
    try:
        while time.perf_counter() < until:
            next(steps)
    except StopIteration as done:
        result: T = done.value
        return result
    raise Unfinished


async def in_slices(steps: Generator[None, None, T]) -> T:
    """Drives a generator that yields often; returns what it returns, raises what it raises."""
    while True:
        until = time.perf_counter() + SLICE
        try:
            while time.perf_counter() < until:
                next(steps)
        except StopIteration as done:
            result: T = done.value
            return result
        await asyncio.sleep(0)
