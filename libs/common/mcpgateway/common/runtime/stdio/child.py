"""One stdio MCP server process: lines in, lines out, and an orderly end. Knows no MCP.

Its standard error is ours, unless somebody watches.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, cast

from typing_extensions import override

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.stdio.lines import MAX_LINE, Lines, LineTooLong
from mcpgateway.common.runtime.tasks import wait_at_most

GRACE = 2.0  # seconds for each step of the end: stdin closed, SIGTERM, SIGKILL
_STDOUT, _STDERR = 1, 2
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


class Watcher(Protocol):
    """Whom processes are told to. A process is known by its id."""

    def starting(self) -> None:
        """Raises Unavailable when none may be started now."""

    def started(self, pid: int) -> None: ...

    def said(self, pid: int, data: bytes) -> None:
        """On standard error."""

    def exited(self, pid: int, why: str, *, asked: bool) -> None:
        """`asked`: it was stopped."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to start. `environment`: all of it; of two with one name the last counts. `cwd` None:
    where we are."""

    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    cwd: str | None = None
    watcher: Watcher | None = field(default=None, compare=False)


class Child(asyncio.SubprocessProtocol):
    """`on_line` gets each line; `on_gone` is called once, with why, when no more will come."""

    def __init__(self, on_line: Callable[[bytes], None], on_gone: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._on_gone = on_gone
        self._lines = Lines()
        self._exited = asyncio.Event()
        self._told = False
        self._asked = False
        self._watcher: Watcher | None = None
        self._unheard: list[bytes] = []
        self._process: asyncio.SubprocessTransport | None = None
        self._stdin: asyncio.WriteTransport | None = None

    @staticmethod
    async def start(
        command: Command, on_line: Callable[[bytes], None], on_gone: Callable[[str], None]
    ) -> "Child":
        """Raises Unavailable when there is no such program, or it may not be started now."""
        loop = asyncio.get_running_loop()
        watcher = command.watcher
        if watcher is not None:
            watcher.starting()
        try:
            _, child = await loop.subprocess_exec(
                lambda: Child(on_line, on_gone),
                *command.argv,
                stderr=None if watcher is None else asyncio.subprocess.PIPE,
                cwd=command.cwd,
                env=dict(command.environment),
                start_new_session=sys.platform != "win32",  # Ctrl-C is for us alone
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unavailable(f"can not start {command.argv[0]!r}: {reason}") from error
        child._watch(watcher)
        return child

    def _watch(self, watcher: Watcher | None) -> None:
        """It may have said something, or have exited, already."""
        self._watcher = watcher
        if watcher is None:
            return
        watcher.started(self._pid)
        unheard, self._unheard = self._unheard, []
        for data in unheard:
            watcher.said(self._pid, data)
        if self.exited:
            watcher.exited(self._pid, self._why(), asked=self._asked)

    @property
    def _pid(self) -> int:
        return self._process.get_pid() if self._process is not None else 0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._process = cast("asyncio.SubprocessTransport", transport)  # uvloop's is no subclass
        self._stdin = cast("asyncio.WriteTransport", self._process.get_pipe_transport(0))

    @override
    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        if isinstance(data, str):
            return
        if fd == _STDERR and self._watcher is not None:
            self._watcher.said(self._pid, data)
        elif fd == _STDERR:
            self._unheard.append(data)
        elif not self._told:
            self._heard(data)

    def _heard(self, data: bytes) -> None:
        try:
            lines = self._lines.feed(data)
        except LineTooLong as error:
            self._tell(f"the stdio server wrote too much at once: {error}")
            return
        for line in lines:
            self._on_line(line)

    @override
    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == _STDOUT and self._exited.is_set():
            self._tell(self._why())
        elif fd == _STDOUT:
            asyncio.get_running_loop().call_later(GRACE, self._tell, "it closed its output")

    @override
    def process_exited(self) -> None:
        self._exited.set()
        if self._watcher is not None:
            self._watcher.exited(self._pid, self._why(), asked=self._asked)
        # Its last lines are still on the way, unless a grandchild keeps the pipe open.
        asyncio.get_running_loop().call_later(GRACE, self._tell, self._why())

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._tell(self._why())

    def _why(self) -> str:
        status = self._process.get_returncode() if self._process is not None else None
        if status is not None and status < 0:
            return f"the stdio server was ended by signal {-status}"
        return f"the stdio server exited with status {status}"

    def _tell(self, why: str) -> None:
        if self._told:
            return
        self._told = True
        self._signal(signal.SIGTERM)  # what it may have left behind
        if self._process is not None:
            self._process.close()
        self._on_gone(why)

    @property
    def exited(self) -> bool:
        return self._exited.is_set()

    @property
    def gone(self) -> bool:
        """Whether `on_gone` was called."""
        return self._told

    def settle(self) -> None:
        """It has exited: say so now, without waiting for its last lines."""
        self._tell(self._why())

    def send(self, line: bytes) -> None:
        """Raises Unavailable when the server is gone or has not read for 16 MiB."""
        if self._stdin is None or self.gone or self.exited or self._stdin.is_closing():
            raise Unavailable("the stdio server is gone")
        if self._stdin.get_write_buffer_size() > MAX_LINE:
            raise Unavailable("the stdio server does not read what it is sent")
        self._stdin.write(line + b"\n")

    async def stop(self) -> None:
        """Close its input, wait, SIGTERM, wait, SIGKILL; then nothing of its group is left."""
        self._asked = True
        self._told = True  # an end that was asked for is no crash
        if self._stdin is not None:
            self._stdin.close()
        for order in (None, signal.SIGTERM, _KILL):
            if order is not None:
                self._signal(order)
            if await wait_at_most(self._exited, GRACE):
                break
        self._signal(_KILL)
        if self._process is not None:
            self._process.close()

    def _signal(self, order: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                self._process.send_signal(order)
            else:
                os.killpg(self._process.get_pid(), order)
