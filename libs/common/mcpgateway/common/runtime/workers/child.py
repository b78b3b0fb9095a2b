"""What runs in a worker process: answers what its parent asks, with little to use.

Asked on standard input, one thing at a time; answers on standard output, each behind its length in
4 bytes. The first answer is empty: work can begin. It opens no file and no connection, starts no
process, and has so much memory, where the system bounds that (Linux does, macOS does not). The
parent kills it when it takes too long; should there be no parent any more, an alarm does, and the
end of the input is its end.
"""

import resource
import signal
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import BinaryIO

LENGTH = struct.Struct("!I")
NO_MEMORY = 12  # the exit status that says so

Answer = Callable[[bytes], bytes]
"""Raises MemoryError; what else it raises ends the process, too."""


def run(answer: Answer) -> None:
    """A program's last call, when all that is imported late is imported: its arguments are bytes of
    memory, and seconds in which the parent has killed it long since."""
    memory, seconds = map(int, sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # that of a terminal is meant for the parent
    _limit(memory)
    sys.exit(serve(answer, seconds, sys.stdin.buffer, sys.stdout.buffer))


def serve(answer: Answer, seconds: int, source: BinaryIO, sink: BinaryIO) -> int:
    """The exit status: 0 at the end of the input."""
    _say(sink, b"")
    while head := source.read(LENGTH.size):
        asked = source.read(LENGTH.unpack(head)[0])
        signal.alarm(seconds)  # nobody takes the signal: it ends the process, whatever that does
        try:
            said = answer(asked)
        except MemoryError:
            return NO_MEMORY
        finally:
            signal.alarm(0)
        _say(sink, said)
    return 0


def _say(sink: BinaryIO, said: bytes) -> None:
    sink.write(LENGTH.pack(len(said)) + said)
    sink.flush()


def _limit(memory: int) -> None:
    """What the system does not know is left as it is. Memory first: it is what is wanted most."""
    limits: Sequence[tuple[int, int]] = (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),  # those that are open
        (resource.RLIMIT_FSIZE, 0),  # pipes are none
        (resource.RLIMIT_NPROC, 0),
    )
    for what, most in limits:
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))
