"""Runs children, starts again those that die, stops all in order. Knows nothing of the suite.

A child that ends is started again after a pause that doubles from 0.2 s to 10 s and is forgotten
after 30 s of life. Before `settled` is called, an exit with status 2 (wrong settings) or the
third death of one child ends everything: a start that can not succeed says so and stops.
"""

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from mcpgateway.cli.embedded.lifeline import Lifeline
from mcpgateway.cli.embedded.process import Command
from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.files import open_log, tail

FIRST_PAUSE = 0.2  # seconds
LONGEST_PAUSE = 10.0
STEADY = 30.0
HURRY = 0.5  # what is left of all deadlines after a second signal
TRIES = 3
SETTINGS_STATUS = 2

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One child. `stage` orders stopping: the highest stops first, equal ones together.

    `ready` is asked with the process id until it says yes, at most `ready_seconds`; None means
    ready at once. It must not block for long.
    """

    command: Command
    stage: int
    ready: Callable[[int], bool] | None = None
    ready_seconds: float = 60.0

    @property
    def name(self) -> str:
        return self.command.name


class Child:
    """A part and the process that presently runs it."""

    def __init__(self, part: Part, lifeline: Lifeline, say: Say) -> None:
        self.part = part
        self._lifeline = lifeline
        self._say = say
        self._process: Process | None = None
        self._stopping = False
        self._restarting = False
        self._deaths = 0
        self.settled = False
        self.up = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`. Raises CommandError when the start can not succeed."""
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            status = await self._live()
            if self._is_stopping():
                return
            if self._restarting:
                self._restarting = False
                continue
            if time.monotonic() - started > STEADY:
                pause = FIRST_PAUSE
            self._judge(status)
            self._say(f"{self.part.name} ended ({_told(status)}); starting it again in {pause:g} s")
            await asyncio.sleep(pause)
            if self._is_stopping():
                return
            pause = min(2 * pause, LONGEST_PAUSE)

    def _judge(self, status: int) -> None:
        self._deaths += 1
        if self.settled or (status != SETTINGS_STATUS and self._deaths < TRIES):
            return
        log = self.part.command.log
        end = f":\n{tail(log)}" if log is not None else "; its messages are above"
        raise CommandError(f"{self.part.name} does not start ({_told(status)}){end}")

    async def _live(self) -> int:
        process = await self._spawn()
        self._process = process
        waiter = asyncio.create_task(self._await_ready(process))
        try:
            return await process.wait()
        finally:
            waiter.cancel()
            self.up.clear()
            if process.returncode is None:  # we are cancelled: nobody waits for it any more
                process.kill()
            self._lifeline.forget(process.pid)

    async def _spawn(self) -> Process:
        command = self.part.command
        log = open_log(command.log) if command.log is not None else None
        try:
            process = await asyncio.create_subprocess_exec(
                *command.wrapped(self._lifeline),
                env=dict(command.env),
                cwd=command.cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us alone; we stop them in order
                **command.identity.spawn_user(),
            )
        except OSError as error:
            raise CommandError(f"{self.part.name} can not be started: {error}") from error
        finally:
            if log is not None:
                os.close(log)
        self._lifeline.watch(process.pid, command.death)
        return process

    async def _await_ready(self, process: Process) -> None:
        deadline = time.monotonic() + self.part.ready_seconds
        while self.part.ready is not None and not self.part.ready(process.pid):
            if time.monotonic() > deadline:
                self._say(f"{self.part.name} is not ready after {self.part.ready_seconds:g} s")
                self._signal(signal.SIGKILL)
                return
            await asyncio.sleep(0.01)
        self.up.set()

    def restart(self) -> None:
        """Ends the process in its orderly way; `run` starts it again at once."""
        self._restarting = True
        self._signal(self.part.command.stop[0][0])

    async def stop(self, hurry: asyncio.Event) -> None:
        """Returns when the process has ended; `hurry` cuts the deadlines short."""
        self._stopping = True
        for sig, seconds in self.part.command.stop:
            if self._ended():
                return
            self._signal(sig)
            await _first((self._gone(), hurry.wait()), seconds)
        if hurry.is_set():
            await _first((self._gone(),), HURRY)
        if not self._ended():
            self._say(f"{self.part.name} does not stop; killing it")
            self._signal(signal.SIGKILL)
            await self._gone()

    def _is_stopping(self) -> bool:
        return self._stopping

    def _ended(self) -> bool:
        return self._process is None or self._process.returncode is not None

    async def _gone(self) -> None:
        if self._process is not None:
            await self._process.wait()

    def _signal(self, sig: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(sig)


class Supervisor:
    """All children. `failed` is set, and `problem` says why, when the start can not succeed."""

    def __init__(self, lifeline: Lifeline, say: Say) -> None:
        self._lifeline = lifeline
        self._say = say
        self._children: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._settled = False
        self.failed = asyncio.Event()
        self.problem = ""

    def start(self, part: Part) -> Child:
        child = Child(part, self._lifeline, self._say)
        child.settled = self._settled
        task = asyncio.create_task(child.run(), name=part.name)
        task.add_done_callback(self._ended)
        self._children.append(child)
        self._tasks.append(task)
        return child

    def settled(self) -> None:
        """From here on, every child that dies is started again, for ever."""
        self._settled = True
        for child in self._children:
            child.settled = True

    def restart(self, at_least: int) -> None:
        """Restarts the children whose stage is at least this one."""
        for child in self._children:
            if child.part.stage >= at_least:
                child.restart()

    async def stop(self, hurry: asyncio.Event) -> None:
        """Stops all, stage by stage."""
        for stage in sorted({child.part.stage for child in self._children}, reverse=True):
            these = [child for child in self._children if child.part.stage == stage]
            await asyncio.gather(*(child.stop(hurry) for child in these))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self.failed.is_set():
            self.problem = str(error) if isinstance(error, CommandError) else repr(error)
            self.failed.set()


async def _first(awaitables: Sequence[Coroutine[object, object, object]], timeout: float) -> None:
    tasks = [asyncio.create_task(one) for one in awaitables]
    await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _told(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"
