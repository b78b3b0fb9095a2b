"""Tells runners what is not offered any more, as soon as data planes are told."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable

from typing_extensions import override

from mcpgateway.common.errors import InvalidCall, UpstreamError
from mcpgateway.common.routing.model import Delta
from mcpgateway.control_plane.registry.model import ticket_id
from mcpgateway.control_plane.registry.ports import RoutingSource
from mcpgateway.control_plane.registry.runners import Processes

log = logging.getLogger(__name__)

MOST = 1000  # upstreams that wait to be told of; of more, the oldest is let go
GOOD = 90.0  # seconds in which it is tried: the ticket for it gets too old
_AGAIN = 5.0  # seconds after which a runner that did not answer is asked again


class Endings:
    """Best effort: processes whose runner is not told end when nobody uses them. `clock`: seconds
    since 1970."""

    def __init__(self, processes: Processes, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._processes = processes
        self._waiting: OrderedDict[str, float] = OrderedDict()
        self._some = asyncio.Event()

    def heard(self, delta: Delta, moment: float) -> None:
        """`moment`: before the delta was read. What is offered again later has a newer ticket."""
        gone = {key.id for key in delta.deletes if key.kind == "upstream"}
        tickets = {key.id for key in delta.deletes if key.kind == "credential"}
        for id in sorted(gone):
            if ticket_id(id) in tickets:
                self._waiting[id] = moment
        while len(self._waiting) > MOST:
            self._waiting.popitem(last=False)
        if self._waiting:
            self._some.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            for id, moment in list(self._waiting.items()):
                if await self._told(id, moment):
                    self._waiting.pop(id, None)
            if self._waiting:
                await asyncio.sleep(_AGAIN)
                self._some.set()

    async def _told(self, id: str, moment: float) -> bool:
        """Or given up."""
        try:
            await self._processes.end(id, moment)
        except (UpstreamError, InvalidCall) as error:
            late = self.clock() - moment > GOOD
            if late:
                log.warning("processes of gateway %s may run on: %s", id, error.message)
            return late
        return True


class EndingSource(RoutingSource):
    """A source of deltas that lets endings hear of each."""

    def __init__(self, source: RoutingSource, endings: Endings) -> None:
        self._source = source
        self._endings = endings

    @override
    async def delta(self, base: int) -> Delta:
        moment = self._endings.clock()
        found = await self._source.delta(base)
        self._endings.heard(found, moment)
        return found
