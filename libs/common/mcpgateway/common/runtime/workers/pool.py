"""Worker processes of one program, and the work that waits for them.

A process is started when there is work for it, and kept. What takes one work too long or too much
is told to who asked; the next one gets another process. Works are told apart by what they are a
work *of* (a template, a filter): one of them never takes the last free process from the others, so
that a bad one, asked for again and again, delays itself.
"""

import asyncio
from collections.abc import Hashable
from functools import partial
from typing import Generic, TypeVar

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.runtime.workers.process import Program, Tally, WorkerProcess

PROCESSES = 2  # at most
WAITING = 256  # works that wait for one; one more is refused

A = TypeVar("A")


class _Waiting(Generic[A]):
    """A work, and who waits for its answer."""

    __slots__ = ("answer", "of", "work")

    def __init__(self, work: bytes, of: Hashable, answer: "asyncio.Future[A]") -> None:
        self.work = work
        self.of = of
        self.answer = answer


class WorkerPool(Generic[A]):
    """Make it anywhere; use it on one loop."""

    def __init__(self, program: Program[A], processes: int = PROCESSES) -> None:
        self.tally = Tally()
        self._processes = [WorkerProcess(program, self.tally) for _ in range(processes)]
        self._free = self._processes[::-1]
        self._waiting: list[_Waiting[A]] = []
        self._under_way: list[Hashable] = []
        self._tasks: set[asyncio.Task[A]] = set()
        self._closed = False

    @property
    def running(self) -> int:
        """Processes, at work or kept for more."""
        return sum(each.runs for each in self._processes)

    @property
    def waiting(self) -> int:
        """Works without a process."""
        return len(self._waiting)

    async def do(self, work: bytes, of: Hashable) -> A:
        """Who stops waiting gives up its place; a work that has begun goes on to its end. Raises
        WorkFailed, and Unavailable when too many wait or no process can be started."""
        if self._closed:
            raise _stopped()
        if len(self._waiting) >= WAITING:
            raise Unavailable(f"{WAITING} works wait for a worker process already; try again")
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(work, of, answer)
        self._waiting.append(waiting)
        self._begin()
        try:
            return await answer
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    async def aclose(self) -> None:
        """What waits, or is under way, fails."""
        self._closed = True
        for waiting in self._waiting:
            if not waiting.answer.done():
                waiting.answer.set_exception(_stopped())
        await end(*self._tasks)
        for process in self._processes:
            await process.aclose()

    def _begin(self) -> None:
        """All that can be begun now."""
        while self._free and (waiting := self._next()) is not None:
            self._waiting.remove(waiting)
            self._under_way.append(waiting.of)
            process = self._free.pop()
            task = asyncio.create_task(process.ask(waiting.work))
            self._tasks.add(task)
            task.add_done_callback(partial(self._over, process, waiting))

    def _over(
        self, process: WorkerProcess[A], waiting: _Waiting[A], task: "asyncio.Task[A]"
    ) -> None:
        self._tasks.discard(task)
        self._free.append(process)
        self._under_way.remove(waiting.of)
        error = _stopped() if task.cancelled() else task.exception()
        if waiting.answer.done():
            pass  # nobody waits for it any more
        elif error is not None:
            waiting.answer.set_exception(error)
        else:
            waiting.answer.set_result(task.result())
        if not self._closed:
            self._begin()

    def _next(self) -> _Waiting[A] | None:
        for waiting in self._waiting:
            may = waiting.of not in self._under_way or len(self._free) > 1
            if may and not waiting.answer.done():
                return waiting
        return None


def _stopped() -> Unavailable:
    return Unavailable("this replica stops")
