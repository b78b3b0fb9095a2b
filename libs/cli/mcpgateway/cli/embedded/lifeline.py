"""Children that die with their parent, even when the parent gets SIGKILL.

On Linux the kernel does it (`setpriv --pdeathsig`); elsewhere one small watchdog process does,
which holds the read end of a pipe and signals what is registered when the pipe closes. The
kernel's signal fires when the *thread* that spawned the child ends, so children are spawned
from the main thread.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Protocol

from typing_extensions import override

from mcpgateway.cli.errors import CommandError


class Lifeline(Protocol):
    """Ties children to this process. `wrap` before spawning, `watch` after, `forget` at exit."""

    def wrap(self, argv: Sequence[str], sig: signal.Signals) -> list[str]: ...

    def watch(self, pid: int, sig: signal.Signals) -> None: ...

    def forget(self, pid: int) -> None: ...

    def close(self) -> None:
        """Ends the tie; children live on."""
        ...


class KernelLifeline(Lifeline):
    """Linux: the child itself asks the kernel for a signal at its parent's death."""

    def __init__(self, setpriv: str) -> None:
        self._setpriv = setpriv

    @override
    def wrap(self, argv: Sequence[str], sig: signal.Signals) -> list[str]:
        if threading.current_thread() is not threading.main_thread():
            raise CommandError("children must be spawned from the main thread")
        return [self._setpriv, "--pdeathsig", sig.name.removeprefix("SIG"), "--", *argv]

    @override
    def watch(self, pid: int, sig: signal.Signals) -> None:
        pass

    @override
    def forget(self, pid: int) -> None:
        pass

    @override
    def close(self) -> None:
        pass


class WatchdogLifeline(Lifeline):
    """Anywhere: a watchdog process; registrations go to it as lines on its standard input."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mcpgateway.cli.embedded.watchdog"],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    @override
    def wrap(self, argv: Sequence[str], sig: signal.Signals) -> list[str]:
        return list(argv)

    @override
    def watch(self, pid: int, sig: signal.Signals) -> None:
        self._tell(f"+ {pid} {int(sig)}\n")

    @override
    def forget(self, pid: int) -> None:
        self._tell(f"- {pid} 0\n")

    @override
    def close(self) -> None:
        self._tell("quit 0 0\n")
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(5)

    def _tell(self, line: str) -> None:
        if self._process.stdin is not None and self._process.poll() is None:
            os.write(self._process.stdin.fileno(), line.encode())


def choose() -> Lifeline:
    """The kernel's way where util-linux's setpriv can do it, the watchdog otherwise."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    if setpriv is not None:
        probe = [setpriv, "--pdeathsig", "INT", "--", "true"]
        if subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return KernelLifeline(setpriv)
    return WatchdogLifeline()
