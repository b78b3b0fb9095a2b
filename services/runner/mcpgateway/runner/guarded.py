"""Keeps what this process knows from the commands that it runs as the same user."""

import ctypes
import logging
import sys

log = logging.getLogger(__name__)

_DUMPABLE = 4  # prctl(2)


def guard() -> bool:
    """Nobody without privileges reads our memory, or our environment in /proc, from now on. False
    where the kernel has no such thing, which is logged."""
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_DUMPABLE, 0, 0, 0, 0) == 0:
        return True
    log.warning("commands that run as this user may read this process's key")
    return False
