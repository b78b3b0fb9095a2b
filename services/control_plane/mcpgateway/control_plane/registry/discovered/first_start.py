"""The first look at a local command, which is answered with its own words when it does not start.

Only who may run commands gets to hear them: they are in no health, which more may see.
"""

import msgspec

from mcpgateway.common.errors import GatewayError, UpstreamError, UpstreamRejected, UpstreamTimeout
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Target
from mcpgateway.control_plane.registry.ports import Ports

_LINES, _CHARACTERS = 8, 200  # of what it wrote last; of each line


class _Line(msgspec.Struct, frozen=True):
    pid: int
    line: str


class _Told(msgspec.Struct, frozen=True):
    stderr: tuple[_Line, ...] = ()


async def started(ports: Ports, target: Target) -> Discovered:
    """Raises InvalidCall, UpstreamError."""
    try:
        return await ports.discoverer.discover(target)
    except UpstreamError as error:
        words = await _last_words(ports, target.id)
        if not words:
            raise
        kind = UpstreamTimeout if isinstance(error, UpstreamTimeout) else UpstreamRejected
        raise kind(f"{error.message}; on standard error it wrote: {words}") from error


async def _last_words(ports: Ports, id: str) -> str:
    """Of the process that wrote last. Empty where nothing was written, or nobody knows."""
    if ports.processes is None:
        return ""
    try:
        told = msgspec.json.decode(await ports.processes.look(id), type=_Told)
    except (GatewayError, msgspec.DecodeError):
        return ""  # the first error says more than that its reason was not found out
    last = [each.line for each in told.stderr if each.pid == told.stderr[-1].pid]
    return "\n".join(line[:_CHARACTERS] for line in last[-_LINES:])
