"""The watchdog of `lifeline`: signals the registered processes when its input closes.

Input lines: `+ PID SIGNAL` registers, `- PID 0` forgets, `quit 0 0` ends without a signal.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterable


def main(lines: Iterable[str]) -> None:
    """Reads until the end of input or `quit`."""
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, signal.SIG_IGN)
    watched: dict[int, int] = {}
    for line in lines:
        word, *numbers = line.split()
        pid, number = map(int, numbers)
        if word == "quit":
            return
        if word == "+":
            watched[pid] = number
        else:
            watched.pop(pid, None)
    for pid, number in watched.items():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


if __name__ == "__main__":
    main(sys.stdin)
