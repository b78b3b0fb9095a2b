"""Forgets decisions that are older than they are kept."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from mcpgateway.common.errors import GatewayError
from mcpgateway.control_plane.registry.access.decisions import DecisionLog, kept_since

log = logging.getLogger(__name__)

EVERY = 3600.0  # seconds


class Forgetting:
    """Several control planes may do it at once: each row is removed by one of them."""

    def __init__(self, decisions: DecisionLog, clock: Callable[[], datetime], days: int) -> None:
        self._decisions = decisions
        self._clock = clock
        self._days = days

    async def run(self) -> None:
        """Until it is cancelled. What fails is tried again an hour later."""
        while True:
            try:
                await self.sweep()
            except GatewayError as error:
                log.warning("old decisions were not removed: %s", error.message)
            await asyncio.sleep(EVERY)

    async def sweep(self) -> int:
        """How many rows it removed. Raises Unavailable."""
        return await self._decisions.clean(kept_since(self._clock(), self._days))
