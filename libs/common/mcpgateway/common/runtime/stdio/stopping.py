"""Servers on their way out: stopping takes seconds, and nobody waits for it but the end."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Stopping:
    """Holds the tasks that stop servers, so that none is forgotten."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def stop(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="stop stdio server")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def wait(self) -> None:
        """Until all are done."""
        while self._tasks:
            await asyncio.wait(self._tasks)
