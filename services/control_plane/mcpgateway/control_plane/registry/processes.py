"""What is asked of the processes of local commands."""

import logging
from collections.abc import Iterable

from mcpgateway.common.errors import InvalidCall, UpstreamError
from mcpgateway.control_plane.registry import upstreams
from mcpgateway.control_plane.registry.access.rights import RUN
from mcpgateway.control_plane.registry.actor import Actor, changeable
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.runners import Processes

log = logging.getLogger(__name__)


async def look(ports: Ports, actor: Actor, id: str) -> bytes:
    """JSON, as the runner says it. Raises NotFound, Denied, InvalidCall, UpstreamError."""
    return await (await _processes(ports, actor, id)).look(id)


async def stop(ports: Ports, actor: Actor, id: str) -> bytes:
    """The same afterwards. The next call starts others. Raises what `look` does."""
    return await (await _processes(ports, actor, id)).stop(id)


class Ending:
    """Ends the processes of local commands that are not offered any more. What a runner was not
    told it is told the next time; it also ends by itself what nobody uses."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._ran: set[str] = set()

    async def offered(self, rows: Iterable[Upstream], moment: float) -> None:
        """What is offered now. `moment`: before it was read, in seconds since 1970; what is offered
        again later has a newer ticket."""
        if self._ports.processes is None:
            return
        run = {row.id for row in rows if row.transport == "STDIO"}
        kept = {
            id for id in self._ran - run if not await self._ended(self._ports.processes, id, moment)
        }
        self._ran = run | kept

    async def _ended(self, processes: Processes, id: str, moment: float) -> bool:
        try:
            await processes.end(id, moment)
        except (UpstreamError, InvalidCall) as error:
            log.warning("processes of gateway %s may run on: %s", id, error.message)
            return False
        return True


async def _processes(ports: Ports, actor: Actor, id: str) -> Processes:
    row = changeable(await upstreams.one(ports, actor, id), actor, "gateway", id)
    actor.check(RUN, "look at processes")
    if row.transport != "STDIO":
        raise InvalidCall(f"gateway {id!r} is no local command: it has no process")
    if ports.processes is None:
        raise InvalidCall("there is no runner for local commands here")
    return ports.processes
