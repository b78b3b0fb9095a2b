"""Work on data that may take for ever, or all memory, done by processes that can be ended: filters
of results, and schemas whose cost nobody can tell.

Processes are started when there is work for them, and go on until `aclose`. A work that takes too
long takes its process with it; the next one gets a new one.
"""

import asyncio
import math
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress

import msgspec

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.bounded_work import LENGTH, MEMORY, Done, Work

MAX_DOCUMENT = 8 * 1024 * 1024  # bytes of JSON, of what goes in and of what comes out
MAX_WAITING = 256  # works that wait for a process; one more is refused
START_SECONDS = 15.0  # that a process may take to start
_ALARM = 5  # seconds after its time in which a process ends by itself, should this one be gone

_done = msgspec.msgpack.Decoder(Done)


class Bounded:
    """Make it anywhere; use it on one loop. `seconds` are for one work, without its wait."""

    def __init__(self, seconds: float = 2.0, processes: int = 2) -> None:
        self._seconds = seconds
        self._idle: list[Process] = []
        self._turns = asyncio.Semaphore(processes)
        self._waiting = 0
        self._started: set[Process] = set()
        self.ended = 0  # processes that were ended because of their work

    async def do(self, work: Work) -> Done:
        """`failed` says, too, that it took too long or too much. Raises Unavailable when too much
        other work waits, or no process can be started."""
        if len(work.document) > MAX_DOCUMENT:
            return Done(failed=f"{len(work.document)} bytes are too many: up to {MAX_DOCUMENT} are")
        if self._waiting >= MAX_WAITING:
            raise Unavailable(f"{MAX_WAITING} results wait to be filtered or checked; try again")
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            return await self._done(work)
        finally:
            self._turns.release()

    async def _done(self, work: Work) -> Done:
        process = await self._process()
        try:
            async with asyncio.timeout(self._seconds):
                done = await _asked(process, work)
        except TimeoutError:
            done = Done(failed=f"takes longer than {self._seconds:g} s")
            self._end(process)
        except (asyncio.IncompleteReadError, OSError):
            done = Done(failed=f"needs more than {MEMORY} bytes of memory, or breaks the program")
            self._end(process)
        except BaseException:  # cancelled, half way: what it answers would be another's
            self._end(process)
            raise
        else:
            self._idle.append(process)
        return done

    async def _process(self) -> Process:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        self._started = {each for each in self._started if each.returncode is None}
        process = await self._start()
        self._started.add(process)
        try:
            async with asyncio.timeout(START_SECONDS):
                await _answer(process)
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            self._end(process)
            said = "the process that filters and checks results does not start"
            raise Unavailable(said) from error
        return process

    async def _start(self) -> Process:
        """Without the environment, which holds secrets: it is told where modules are found."""
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "mcpgateway.common.runtime.bounded_work",
                str(math.ceil(self._seconds) + _ALARM),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={"PYTHONPATH": os.pathsep.join([each for each in sys.path if each])},
                limit=MAX_DOCUMENT + 1024,
            )
        except OSError as error:
            raise Unavailable(f"no process can be started to do it: {error}") from error

    def _end(self, process: Process) -> None:
        self.ended += 1
        _kill(process)

    async def aclose(self) -> None:
        for process in self._started:
            _kill(process)
        for process in self._started:
            await process.wait()
        self._started.clear()
        self._idle.clear()


def _kill(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):  # gone, and nobody has heard of it yet
            process.kill()


async def _asked(process: Process, work: Work) -> Done:
    assert process.stdin is not None
    request = msgspec.msgpack.encode(work)
    process.stdin.write(LENGTH.pack(len(request)) + request)
    await process.stdin.drain()
    return await _answer(process)


async def _answer(process: Process) -> Done:
    assert process.stdout is not None
    (size,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    if size > MAX_DOCUMENT:
        raise OSError("an answer that is too large")
    return _done.decode(await process.stdout.readexactly(size))
