"""Removes what counts no more of logins: old failures, sessions, resets, events, revocations."""

import asyncio
import logging
from datetime import timedelta

from mcpgateway.common.errors import GatewayError
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.people import account_ports
from mcpgateway.control_plane.registry.ports import Ports

log = logging.getLogger(__name__)

EVERY = 3600.0  # seconds
_WHO = Who(by="system", via="housekeeping")


class Housekeeper:
    """`events`: how long events are kept. Several control planes may do it at once."""

    def __init__(
        self, ports: Ports, housekeeping: account_ports.Housekeeping, events: timedelta
    ) -> None:
        self._ports = ports
        self._housekeeping = housekeeping
        self._events = events

    async def run(self) -> None:
        """Until it is cancelled. What fails is tried again an hour later."""
        while True:
            try:
                await self.sweep()
            except GatewayError as error:
                log.warning("old logins were not removed: %s", error.message)
            await asyncio.sleep(EVERY)

    async def sweep(self) -> None:
        """A token whose revocation is removed has expired before."""
        now = self._ports.clock()
        await self._housekeeping.prune(now, now - self._events)
        expired = await self._housekeeping.expired_revocations(now)
        if expired:
            async with self._ports.store.write(_WHO) as tx:
                await tx.revocations.remove(expired)
