"""Work on data that may take for ever, or all memory: filters of results, and schemas whose cost
nobody can tell. Worker processes do it."""

import msgspec

from mcpgateway.common.runtime.bounded_work import Done, Work
from mcpgateway.common.runtime.workers.pool import PROCESSES, WorkerPool
from mcpgateway.common.runtime.workers.process import Bounds, Program, WorkFailed

MAX_DOCUMENT = 8 * 1024 * 1024  # bytes of JSON, of what goes in and of what comes out
MEMORY = 512 * 1024 * 1024  # bytes of address space of a process

_decode = msgspec.msgpack.Decoder(Done).decode


class Bounded:
    """Make it anywhere; use it on one loop. `seconds` are for one work, without its wait."""

    def __init__(self, seconds: float = 2.0, processes: int = PROCESSES) -> None:
        bounds = Bounds(seconds, MEMORY, MAX_DOCUMENT)
        program = Program("mcpgateway.common.runtime.bounded_work", bounds, _decode)
        self.workers = WorkerPool(program, processes)

    async def do(self, work: Work) -> Done:
        """`failed` says, too, that it took too long or too much. Raises Unavailable when too much
        other work waits, or no process can be started."""
        if len(work.document) > MAX_DOCUMENT:
            return Done(failed=f"{len(work.document)} bytes are too many: up to {MAX_DOCUMENT} are")
        try:
            return await self.workers.do(msgspec.msgpack.encode(work), work.by)
        except WorkFailed as error:
            return Done(failed=str(error))

    async def aclose(self) -> None:
        await self.workers.aclose()
