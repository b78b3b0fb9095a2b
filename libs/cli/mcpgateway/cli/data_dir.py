"""Where the state of `up` is kept, and who is using it."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.files import PRIVATE_FILE, private_folder


def default(environ: Mapping[str, str]) -> Path:
    """MCPGATEWAY_DATA_DIR, else `$XDG_DATA_HOME/mcpgateway`, else `~/.local/share/mcpgateway`."""
    if environ.get("MCPGATEWAY_DATA_DIR"):
        return Path(environ["MCPGATEWAY_DATA_DIR"])
    share = environ.get("XDG_DATA_HOME") or str(Path(environ.get("HOME") or "/") / ".local/share")
    return Path(share) / "mcpgateway"


class Lock:
    """At most one `up` a folder. The kernel lets go of it when the process ends, however."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._handle = -1

    def take(self, note: str) -> None:
        """`note` says to others what runs. Raises CommandError when another one has it."""
        try:
            private_folder(self._path.parent)
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        except PermissionError:
            raise CommandError(
                f"{self._path.parent} is not writable for this user: choose another --data-dir"
            ) from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._handle, 500, 0).decode("utf-8", "replace").strip()
            os.close(self._handle)
            raise CommandError(
                f"{self._path.parent} is in use by another `mcpgateway up` ({holder}). "
                "Stop that one first, or choose another --data-dir"
            ) from None
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"process {os.getpid()}, {note}\n".encode(), 0)

    def release(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def holder(folder: Path) -> int | None:
    """The process id of the `up` that uses the folder, or None."""
    with contextlib.suppress(OSError), (folder / "lock").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            words = file.read(500).decode("utf-8", "replace").replace(",", " ").split()
            return int(words[1]) if len(words) > 1 and words[1].isdigit() else None
    return None


def stop_holder(folder: Path, timeout: float) -> bool:
    """Asks the `up` of the folder to stop and waits; False when there is none.

    Raises CommandError after `timeout` seconds.
    """
    pid = holder(folder)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while holder(folder) is not None:
        if time.monotonic() > deadline:
            raise CommandError(f"process {pid} still runs after {timeout:g} s")
        time.sleep(0.05)
    return True
