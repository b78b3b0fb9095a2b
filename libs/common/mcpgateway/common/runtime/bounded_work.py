"""A worker process of `runtime.bounded`: does work on data that may take for ever, or all memory.

It reads requests on its standard input, one at a time, and answers on its standard output, each a
length (4 bytes) and a MessagePack value. Its parent ends it when it takes too long, and should that
be gone, an alarm does; what else it may use up it limits itself: memory, and it opens no file and
starts no process.
"""

import contextlib
import json
import resource
import signal
import struct
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import BinaryIO, Literal, NamedTuple

import msgspec

from mcpgateway.common import result_filter, schema_check
from mcpgateway.common.strict_json import Located

MEMORY = 512 * 1024 * 1024  # bytes of address space
LENGTH = struct.Struct("!I")
_CHECKS = 64  # compiled schemas that are kept


class Work(NamedTuple):
    """`by` is the text of a filter, or a schema as JSON; `document` is JSON."""

    kind: Literal["filter", "schema"]
    by: bytes
    document: bytes


class Done(NamedTuple):
    """`value` is what a filter gives, JSON; `problems` what is wrong by a schema; `failed` why
    neither could be said."""

    value: bytes = b""
    problems: tuple[Located, ...] = ()
    failed: str = ""


def do(work: Work) -> Done:
    if work.kind == "filter":
        try:
            return Done(result_filter.apply(work.by.decode(), work.document))
        except result_filter.FilterFailed as error:
            return Done(failed=str(error))
    try:
        return Done(problems=tuple(_check(work.by).problems(json.loads(work.document))))
    except (ValueError, RecursionError) as error:
        return Done(failed=str(error)[:300])


@lru_cache(maxsize=_CHECKS)
def _check(schema: bytes) -> schema_check.Check:
    return schema_check.Check(json.loads(schema))


def _limit() -> None:
    """What the platform does not know is left as it is. Memory first: it is what is wanted most."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),  # those that are open
        (resource.RLIMIT_FSIZE, 0),  # pipes are none
        (resource.RLIMIT_NPROC, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def serve(source: BinaryIO, sink: BinaryIO, work: Callable[[Work], Done] = do) -> None:
    """Until the parent closes the pipe. The first answer is to no request: it says that work can
    begin."""
    requests = msgspec.msgpack.Decoder(Work)
    _write(sink, Done())
    while head := source.read(LENGTH.size):
        request = requests.decode(source.read(LENGTH.unpack(head)[0]))
        try:
            done = work(request)
        except MemoryError:
            done = Done(failed=f"needs more than {MEMORY} bytes of memory")
        _write(sink, done)


def _write(sink: BinaryIO, done: Done) -> None:
    answer = msgspec.msgpack.encode(done)
    sink.write(LENGTH.pack(len(answer)) + answer)
    sink.flush()


def until(seconds: int) -> Callable[[Work], Done]:
    """`do`, in a process that ends when one work takes longer."""

    def work(asked: Work) -> Done:
        signal.alarm(seconds)  # nobody takes the signal: it ends the process, whatever that does
        try:
            return do(asked)
        finally:
            signal.alarm(0)

    return work


if __name__ == "__main__":
    do(Work("filter", b".", b"0"))  # what is imported late, is now
    do(Work("filter", b"$.a", b"{}"))
    _limit()
    serve(sys.stdin.buffer, sys.stdout.buffer, until(int(sys.argv[1])))
