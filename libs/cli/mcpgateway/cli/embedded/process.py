"""What is needed to run a server as a child, and a blocking way to do so.

`Command` is a value that the supervisor of `up` and the blocking `Running` both use.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mcpgateway.cli.embedded.identity import Identity
from mcpgateway.cli.embedded.lifeline import Lifeline
from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.files import open_log, tail


@dataclass(frozen=True)
class Command:
    """How to start a child and how to stop it.

    `stop` lists signals in order with the seconds each one gets; SIGKILL follows the last.
    `death` is the signal when our process dies: nobody is left then to follow up on it.
    `log` None means that the child writes to our own standard error.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path | None = None
    identity: Identity = field(default_factory=Identity)
    stop: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),)
    death: signal.Signals = signal.SIGKILL
    cwd: str = "/"

    def wrapped(self, lifeline: Lifeline) -> list[str]:
        return lifeline.wrap([*self.identity.prefix, *self.argv], self.death)


class Running:
    """A started child. Not for use inside an event loop: waiting blocks."""

    def __init__(self, command: Command, lifeline: Lifeline) -> None:
        self._command = command
        self._lifeline = lifeline
        log = open_log(command.log) if command.log is not None else None
        try:
            self._process = subprocess.Popen(
                command.wrapped(lifeline),
                env=dict(command.env),
                cwd=command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **command.identity.spawn_user(),
            )
        finally:
            if log is not None:
                os.close(log)
        lifeline.watch(self._process.pid, command.death)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_ready(self, ready: Callable[[int], bool], timeout: float) -> None:
        """Raises CommandError with the end of the log when it dies or takes too long."""
        deadline = time.monotonic() + timeout
        while not ready(self.pid):
            if self._process.poll() is not None:
                raise CommandError(f"{self._command.name} stopped at once:\n{self._log_tail()}")
            if time.monotonic() > deadline:
                raise CommandError(
                    f"{self._command.name} is not ready after {timeout:g} s:\n{self._log_tail()}"
                )
            time.sleep(0.005)

    def kill(self) -> None:
        """SIGKILL, as in a crash."""
        self._process.kill()
        self._process.wait()
        self._lifeline.forget(self.pid)

    def stop(self) -> None:
        """Returns when the child has ended."""
        for sig, seconds in self._command.stop:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(sig)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
                self._lifeline.forget(self.pid)
                return
        self.kill()

    def _log_tail(self) -> str:
        return tail(self._command.log) if self._command.log is not None else ""
