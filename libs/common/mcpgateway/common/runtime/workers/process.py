"""One worker process: started when first asked, killed when it takes too long or too much."""

import asyncio
import math
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

import msgspec

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.workers.child import LENGTH, NO_MEMORY

START_SECONDS = 30.0  # until it is ready, on a busy machine
_ALARM = 5  # seconds after its time in which it ends by itself, should this process be gone

A = TypeVar("A")


class Bounds(NamedTuple):
    """`seconds` of one work, `memory` (bytes of address space), `largest` (bytes of an answer)."""

    seconds: float
    memory: int
    largest: int


class Program(NamedTuple, Generic[A]):
    """`module` is run with `child.run`; `decode` raises msgspec.DecodeError."""

    module: str
    bounds: Bounds
    decode: Callable[[bytes], A]


class WorkFailed(Exception):
    """The work took its process with it; the message says how, as what "it" does."""


class Tally:
    """Of all processes of one program."""

    __slots__ = ("killed", "started")

    def __init__(self) -> None:
        self.started = 0
        self.killed = 0  # because of their work


class WorkerProcess(Generic[A]):
    """Asked by one task at a time. After an error the next question starts another process."""

    def __init__(self, program: Program[A], tally: Tally) -> None:
        self._program = program
        self._tally = tally
        self._process: Process | None = None

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def ask(self, work: bytes) -> A:
        """Raises WorkFailed, and Unavailable when no process can be started."""
        process = self._process
        if process is None or process.returncode is not None:
            process = await self._start()
        try:
            return await self._exchange(process, work)
        except BaseException as error:  # cancelled, half way: what it answers would be another's
            self._tally.killed += isinstance(error, WorkFailed)
            await self.aclose()
            raise

    async def aclose(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await _ended(process)

    async def _start(self) -> Process:
        """Raises Unavailable."""
        bounds = self._program.bounds
        self._tally.started += 1
        try:
            process = await _spawn(self._program.module, bounds)
        except OSError as error:
            raise Unavailable(f"no worker process can be started: {error}") from error
        self._process = process
        try:
            async with asyncio.timeout(START_SECONDS):
                await _read(process, 0)
        except (TimeoutError, asyncio.IncompleteReadError, WorkFailed) as error:
            await self.aclose()
            raise Unavailable(f"a worker process does not start: {error!r}") from error
        except BaseException:
            await self.aclose()
            raise
        return process

    async def _exchange(self, process: Process, work: bytes) -> A:
        """Raises WorkFailed."""
        bounds = self._program.bounds
        try:
            async with asyncio.timeout(bounds.seconds):
                said = await _asked(process, work, bounds)
        except TimeoutError as error:
            raise WorkFailed(f"takes over {bounds.seconds:g} s") from error
        try:
            return self._program.decode(said)
        except msgspec.DecodeError as error:
            raise WorkFailed("breaks what works on it") from error


async def _spawn(module: str, bounds: Bounds) -> Process:
    """Without the environment of this one, where secrets are: it is only told where modules are
    found. Nor does it write to this one's log."""
    numbers = (bounds.memory, math.ceil(bounds.seconds) + _ALARM)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module, *map(str, numbers)),
        env={"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
    )


async def _asked(process: Process, work: bytes, bounds: Bounds) -> bytes:
    """Raises WorkFailed."""
    assert process.stdin is not None
    try:
        process.stdin.write(LENGTH.pack(len(work)) + work)
        await process.stdin.drain()
        return await _read(process, bounds.largest)
    except (asyncio.IncompleteReadError, OSError) as error:
        much = f"takes over {bounds.memory // 1024**2} MiB of memory"
        if await _ended(process) != NO_MEMORY:
            much += ", or breaks what works on it"
        raise WorkFailed(much) from error


async def _ended(process: Process) -> int:
    """Its exit status. What it still said is read: asyncio waits for the end of the pipe."""
    await process.communicate()
    assert process.returncode is not None
    return process.returncode


async def _read(process: Process, largest: int) -> bytes:
    """What it says next. Raises IncompleteReadError, WorkFailed."""
    assert process.stdout is not None
    (size,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    if size > largest:
        raise WorkFailed(f"makes over {largest} bytes")
    return await process.stdout.readexactly(size)
