"""Replicas of a running suite that a test keeps alive itself: started again at once, where `up`
takes its time after the third death."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.suite import Suite


class Herd:
    """`alive` are their process ids, `kills` how many were killed."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._environ = environ
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._stopped = False
        self.kills = 0

    @property
    def alive(self) -> list[int]:
        return sorted(self._processes)

    def kill(self, pid: int) -> None:
        """Of one that is alive; it counts as dead from now on."""
        del self._processes[pid]
        os.kill(pid, signal.SIGKILL)
        self.kills += 1

    async def keep(self, number: int) -> None:
        """One replica, again and again."""
        command = (sys.executable, "-m", "mcpgateway.data_plane", "--replica", str(number))
        while not self._stopped:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=self._environ,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            self._processes[process.pid] = process
            await process.wait()
            self._processes.pop(process.pid, None)

    def stop(self) -> None:
        self._stopped = True
        for process in self._processes.values():
            process.terminate()


@asynccontextmanager
async def herd_of(suite: Suite, size: int) -> AsyncIterator[Herd]:
    """So many more replicas in the suite's data folder, with the environment of its own first."""
    herd = Herd(_environ(suite.pids("data-plane")[0]))
    tasks = [asyncio.create_task(herd.keep(100 + number)) for number in range(size)]
    try:
        yield herd
    finally:
        herd.stop()
        await asyncio.gather(*tasks)


def _environ(pid: int) -> dict[str, str]:
    raw = Path(f"/proc/{pid}/environ").read_bytes()
    pairs = (line.partition("=") for line in raw.decode().split("\0") if line)
    return {name: value for name, _, value in pairs}
