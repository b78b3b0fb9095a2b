"""What becomes a stdio server: limits itself, then is replaced by the command.

Started as a program (`python -I -S launch.py OPTIONS -- PROGRAM ARGUMENTS`), so that nothing of the
runner runs between fork and exec. Uses the standard library alone. Limits are inherited by whatever
the command starts.
"""

import ctypes
import os
import resource
import signal
import sys

NO_NEW_PRIVILEGES, PARENT_DEATH, DROP_CAPABILITY = 38, 1, 24  # prctl(2)
CAPABILITIES = 64  # that there can be
CAN_NOT_START = 126
_GRACE = 5  # seconds of CPU between SIGXCPU and SIGKILL


def limit(which: int, soft: int, hard: int) -> None:
    """Never above what is the limit already."""
    highest = resource.getrlimit(which)[1]
    if highest != resource.RLIM_INFINITY:
        soft, hard = min(soft, highest), min(hard, highest)
    resource.setrlimit(which, (soft, hard))


def confine(memory_mb: int, cpu_seconds: int, open_files: int) -> None:
    """Raises OSError or ValueError."""
    size = memory_mb * 1024 * 1024
    # Of data, not of addresses: runtimes reserve far more addresses than they use.
    limit(resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS, size, size)
    limit(resource.RLIMIT_NOFILE, open_files, open_files)
    limit(resource.RLIMIT_CORE, 0, 0)
    if cpu_seconds:
        limit(resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + _GRACE)


def bind(parent: int) -> None:
    """No more rights than now by whatever it starts (setuid), and no life after the runner."""
    if sys.platform != "linux":
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or prctl(PARENT_DEATH, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    # For root alone, whose programs would get them all: one that has none reads no other's memory.
    # The kernel refuses the rest of the numbers, and all of them to others, who have none.
    for capability in range(CAPABILITIES):
        prctl(DROP_CAPABILITY, capability, 0, 0, 0)
    if os.getppid() != parent:  # it died before it could be bound to
        sys.exit(CAN_NOT_START)


def main(argv: list[str]) -> None:
    memory_mb, cpu_seconds, open_files, parent = (int(word) for word in argv[:4])
    command = argv[argv.index("--") + 1 :]
    try:
        confine(memory_mb, cpu_seconds, open_files)
        bind(parent)
        os.execv(command[0], command)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"can not start {command[0]}: {error}\n")
        sys.exit(CAN_NOT_START)


if __name__ == "__main__":
    main(sys.argv[1:])
