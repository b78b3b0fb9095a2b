import asyncio
from collections.abc import Callable

import uvloop


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every promise holds on both loops: their transports differ where it hurts (half-closing,
    pausing, buffering)."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
