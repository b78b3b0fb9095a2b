"""`python -m mcpgateway.common.runtime.rendering.worker MEMORY SECONDS`: fills templates for its
parent.

It reads jobs from its standard input and writes replies to its standard output, each behind its
length in 4 bytes, until the input ends; the first is empty and says that it is ready. It has no
secrets in its environment, opens no files or connections, starts no processes, and has MEMORY bytes
of address space where the system bounds that (Linux does, macOS does not), and for each job little
more than SECONDS of processor time: its parent kills it sooner, if there is a parent left.
"""

import resource
import signal
import struct
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from mcpgateway.common.content.jobs import (
    Check,
    Checked,
    Failed,
    Job,
    Render,
    Rendered,
    Reply,
    decode_job,
    encode,
)
from mcpgateway.common.content.sandbox import Sandbox, TemplateProblem

LENGTH = struct.Struct(">I")


def main(argv: Sequence[str], jobs: BinaryIO, replies: BinaryIO) -> int:
    """The exit status: 0 at the end of the input, 1 when the memory was used up."""
    memory, seconds = map(int, argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # that of a terminal is meant for the parent
    sandbox = Sandbox()
    _import_what_comes_late(sandbox)
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),  # those that are open
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        _bound(what, most)
    _say(replies, b"")
    while head := jobs.read(LENGTH.size):
        job = decode_job(jobs.read(LENGTH.unpack(head)[0]))
        _bound(resource.RLIMIT_CPU, int(time.process_time()) + seconds + 2, soft=True)
        try:
            reply = answer(sandbox, job)
        except MemoryError:
            reply = Failed("takes too much memory", spent=True)
        _say(replies, encode(reply))
        if isinstance(reply, Failed) and reply.spent:
            return 1
    return 0


def answer(sandbox: Sandbox, job: Job) -> Reply:
    """Raises MemoryError."""
    match job:
        case Render():
            return _rendered(sandbox, job)
        case Check():
            return Checked(tuple(map(sandbox.check, job.texts)))


def _rendered(sandbox: Sandbox, job: Render) -> Reply:
    made: list[str] = []
    room = job.room
    for n, text in enumerate(job.texts):
        try:
            made.append(sandbox.render(text, job.values, room))
        except TemplateProblem as problem:
            return Failed(str(problem), n)
        room -= len(made[-1])
    return Rendered(tuple(made))


def _import_what_comes_late(sandbox: Sandbox) -> None:
    """Jinja2 imports some modules when they are first needed: no file can be opened then."""
    for text in ("{{ 1 / 0 }}", "{% if %}", "{{ x.y }}", "{{ 'a b'|wordwrap(1)|tojson }}"):
        with suppress(TemplateProblem):
            sandbox.render(text, {}, 100)


def _say(replies: BinaryIO, body: bytes) -> None:
    replies.write(LENGTH.pack(len(body)) + body)
    replies.flush()


def _bound(what: int, most: int, *, soft: bool = False) -> None:
    """Where the system does not let it, the parent's deadline is what there is."""
    _, hard = resource.getrlimit(what)
    with suppress(ValueError, OSError):
        resource.setrlimit(what, (most, hard if soft else most))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer))
