"""Processes under measurement: started on chosen cores, ended for certain, and looked at."""

import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROXY_CORE, LOAD_CORE = "0", "1"  # what is measured; everything else
_TICKS = os.sysconf("SC_CLK_TCK")
_STOP_SECONDS = 30.0
_PAUSE = 0.01


@contextmanager
def process(
    *command: str,
    core: str | None = None,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    log: Path | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs while the block does; SIGTERM, and SIGKILL after 30 s. `core` None: any."""
    pinned = ["taskset", "-c", core, *command] if core and shutil.which("taskset") else command
    with open(log or os.devnull, "ab") as output:
        running = subprocess.Popen(pinned, stdout=output, stderr=output, env=env, cwd=folder)
    try:
        yield running
    finally:
        _end(running)


def _end(running: "subprocess.Popen[bytes]") -> None:
    running.send_signal(signal.SIGCONT)
    running.terminate()
    try:
        running.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()


def until(
    held: Callable[[], bool], what: str, seconds: float = 60.0, log: Path | None = None
) -> None:
    """Waits. Raises TimeoutError that says for what, with the end of a log."""
    deadline = time.monotonic() + seconds
    while not held():
        if time.monotonic() > deadline:
            said = log.read_text()[-2000:] if log is not None and log.exists() else ""
            raise TimeoutError(f"not within {seconds:g} s: {what}\n{said}")
        time.sleep(_PAUSE)


def children(pid: int) -> list[int]:
    """All living processes below, parents first."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    found: list[int] = []
    for child in map(int, text.split()):
        found += [child, *children(child)]
    return found


def with_role(pid: int, role: str) -> int:
    """The first process below `pid` with `role` in its command line. Raises LookupError."""
    for child in children(pid):
        if role in command_line(child):
            return child
    raise LookupError(f"no process {role!r} below {pid}")


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def environ(pid: int) -> dict[str, str]:
    """What a process was started with."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return {name: value for name, sign, value in (pair.partition("=") for pair in pairs) if sign}


def pin(pid: int, core: str) -> None:
    """All threads of it."""
    subprocess.run(["taskset", "-acp", core, str(pid)], check=True, stdout=subprocess.DEVNULL)


def cpu_seconds(pid: int) -> float:
    """User and system time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(pid: int) -> int:
    """Resident bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def open_files() -> int:
    """The most that a process may have open; raised to what the machine allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
