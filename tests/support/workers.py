"""Worker processes of tests: a program that does as it is told, and those that run."""

import os
from pathlib import Path

import msgspec

from mcpgateway.common.runtime.workers.process import Bounds, Program
from support.suite import descendants

PROGRAM = "support.worker_program"
MEMORY = 256 * 1024 * 1024


def program(seconds: float = 0.5) -> Program[bytes]:
    return Program(PROGRAM, Bounds(seconds, MEMORY, 1000), decode)


def decode(said: bytes) -> bytes:
    """As a decoder does: raises DecodeError."""
    if said == b"nonsense":
        raise msgspec.DecodeError("no answer")
    return said


def worker_pids(module: str = PROGRAM, below: int | None = None) -> list[int]:
    """Processes that run a program for this process, or for another."""
    pids = descendants(os.getpid() if below is None else below)
    return [pid for pid in pids if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]
