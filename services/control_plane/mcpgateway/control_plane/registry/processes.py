"""What is asked of the processes of local commands."""

from mcpgateway.common.errors import NotFound, Unavailable
from mcpgateway.control_plane.registry import upstreams
from mcpgateway.control_plane.registry.access.rights import RUN
from mcpgateway.control_plane.registry.actor import Actor, changeable
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.runners import Processes


async def look(ports: Ports, actor: Actor, id: str) -> bytes:
    """JSON, as the runner says it. Raises NotFound, Denied, Unavailable,
    UpstreamError."""
    return await (await _processes(ports, actor, id)).look(id)


async def stop(ports: Ports, actor: Actor, id: str) -> bytes:
    """The same afterwards. The next call starts others. Raises what `look` does."""
    return await (await _processes(ports, actor, id)).stop(id)


async def _processes(ports: Ports, actor: Actor, id: str) -> Processes:
    row = changeable(await upstreams.one(ports, actor, id), actor, "gateway", id)
    actor.check(RUN, "look at processes")
    if row.transport != "STDIO":
        raise NotFound(f"gateway {id!r} is no local command: it has no process")
    if ports.processes is None:
        raise Unavailable("there is no runner for local commands here")
    return ports.processes
