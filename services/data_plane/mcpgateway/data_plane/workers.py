"""Several replicas from one command: starts them, restarts what dies, ends with all of them.

Each is a process of its own on the shared public address. A replica notices by the end of file
on its lifeline that this process is gone, however it went.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from mcpgateway.common.runtime.service import stop_event
from mcpgateway.common.runtime.tasks import end, together

log = logging.getLogger(__name__)

FIRST_WAIT = 0.5  # seconds before a replica that died is started again; doubled each time
LONGEST_WAIT = 30.0
STEADY = 60.0  # seconds of life after which a death counts as the first again


def command(replica: int, lifeline: int) -> list[str]:
    """The command line of one replica."""
    module = [sys.executable, "-m", "mcpgateway.data_plane"]
    return [*module, "--replica", str(replica), "--lifeline", str(lifeline)]


async def run(count: int, environ: Mapping[str, str]) -> None:
    """Until SIGTERM or SIGINT; returns when every replica has drained and left. `environ` is what
    each replica gets for its environment."""
    stop = stop_event()
    reader, writer = os.pipe()
    try:
        await together(*(_keep(n, command(n, reader), environ, reader, stop) for n in range(count)))
    finally:
        os.close(reader)
        os.close(writer)


async def _keep(
    replica: int,
    argv: Sequence[str],
    environ: Mapping[str, str],
    lifeline: int,
    stop: asyncio.Event,
) -> None:
    wait = FIRST_WAIT
    while not stop.is_set():
        born = time.monotonic()
        process = await asyncio.create_subprocess_exec(*argv, env=environ, pass_fds=(lifeline,))
        if await _ends_first(process, stop):
            if time.monotonic() - born > STEADY:
                wait = FIRST_WAIT
            log.error(
                "replica %d ended with status %s; starting it again in %g s",
                replica,
                process.returncode,
                wait,
            )
            await _either(stop.wait(), asyncio.sleep(wait))
            wait = min(wait * 2, LONGEST_WAIT)


async def _ends_first(process: asyncio.subprocess.Process, stop: asyncio.Event) -> bool:
    """True when the replica ended by itself; on `stop` it is told to, and waited for."""
    await _either(process.wait(), stop.wait())
    if process.returncode is not None and not stop.is_set():
        return True
    if process.returncode is None:
        process.terminate()
        await process.wait()
    return False


async def _either(*waits: Coroutine[Any, Any, Any]) -> None:
    """Returns when the first has; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await end(*tasks)
