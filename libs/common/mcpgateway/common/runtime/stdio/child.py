"""One stdio MCP server process: lines in, lines out, and an orderly end. Knows no MCP.

Its standard error is ours: what it logs is seen where translate runs.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from typing_extensions import override

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.stdio.lines import MAX_LINE, Lines, LineTooLong

GRACE = 2.0  # seconds for each step of the end: stdin closed, SIGTERM, SIGKILL
_STDOUT = 1


@dataclass(frozen=True, slots=True)
class Command:
    """What to start. `environment`: all of it; of two with one name the last counts."""

    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


class Child(asyncio.SubprocessProtocol):
    """`on_line` gets each line; `on_gone` is called once, with why, when no more will come."""

    def __init__(self, on_line: Callable[[bytes], None], on_gone: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._on_gone = on_gone
        self._lines = Lines()
        self._exited = asyncio.Event()
        self._told = False
        self._process: asyncio.SubprocessTransport | None = None
        self._stdin: asyncio.WriteTransport | None = None

    @staticmethod
    async def start(
        command: Command, on_line: Callable[[bytes], None], on_gone: Callable[[str], None]
    ) -> "Child":
        """Raises Unavailable when there is no such program."""
        loop = asyncio.get_running_loop()
        try:
            _, child = await loop.subprocess_exec(
                lambda: Child(on_line, on_gone),
                *command.argv,
                stderr=None,
                env=dict(command.environment),
                start_new_session=sys.platform != "win32",  # Ctrl-C is for us alone
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unavailable(f"can not start {command.argv[0]!r}: {reason}") from error
        return child

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.SubprocessTransport):
            self._process = transport
            stdin = transport.get_pipe_transport(0)
            self._stdin = stdin if isinstance(stdin, asyncio.WriteTransport) else None

    @override
    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        if fd != _STDOUT or isinstance(data, str) or self._told:
            return
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
        self._told = True  # an end that was asked for is no crash
        if self._stdin is not None:
            self._stdin.close()
        for order in (None, signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            if order is not None:
                self._signal(order)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._exited.wait(), GRACE)
                break
        self._signal(signal.SIGTERM)
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
