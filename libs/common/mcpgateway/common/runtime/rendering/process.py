"""One process that renders templates: started when first asked, killed when it takes too long."""

import asyncio
import math
import os
import struct
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

import msgspec

from mcpgateway.common.content.jobs import Failed, Job, Reply, decode_reply, encode
from mcpgateway.common.content.limits import Limits

MODULE = "mcpgateway.common.runtime.rendering.worker"
LENGTH = struct.Struct(">I")
START_SECONDS = 30.0  # until it is ready, on a busy machine
_LARGEST = 64 * 1024 * 1024  # bytes of a reply


class Died(Exception):
    """It ended, or said what is no reply."""


class TookTooLong(Exception):
    """It was killed."""


class WorkerProcess:
    """Asked by one task at a time. After an error the next question starts another process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: Process | None = None

    async def ask(self, job: Job) -> Reply:
        """Raises TookTooLong, Died, and OSError when it can not be started."""
        process = self._process or await self._start()
        try:
            async with asyncio.timeout(self._limits.seconds):
                reply = await _exchange(process, job)
        except TimeoutError as error:
            await self.aclose()
            raise TookTooLong from error
        except BaseException:
            await self.aclose()
            raise
        if isinstance(reply, Failed) and reply.spent:
            await self.aclose()
        return reply

    async def aclose(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    async def _start(self) -> Process:
        """Without the environment of this one, where secrets are: it is only told where modules
        are found."""
        numbers = (self._limits.memory, math.ceil(self._limits.seconds))
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", MODULE, *map(str, numbers)),
            env={"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
            stdin=PIPE,
            stdout=PIPE,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await _read(process)
        except TimeoutError as error:
            await self.aclose()
            raise Died(f"not ready within {START_SECONDS:g} s") from error
        except BaseException:
            await self.aclose()
            raise
        return process


async def _exchange(process: Process, job: Job) -> Reply:
    """Raises Died."""
    assert process.stdin is not None
    body = encode(job)
    try:
        process.stdin.write(LENGTH.pack(len(body)) + body)
        await process.stdin.drain()
    except ConnectionError as error:
        raise Died(str(error)) from error
    try:
        return decode_reply(await _read(process))
    except msgspec.DecodeError as error:
        raise Died(f"what it said is no reply: {error}") from error


async def _read(process: Process) -> bytes:
    """What it says next. Raises Died."""
    assert process.stdout is not None
    try:
        size: int = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))[0]
        if size > _LARGEST:
            raise Died(f"{size} bytes are too many")
        return await process.stdout.readexactly(size)
    except asyncio.IncompleteReadError as error:
        raise Died("it ended") from error
