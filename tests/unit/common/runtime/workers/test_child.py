"""What runs in a worker process: its answers, and when it ends."""

import io
import signal
import subprocess
import sys

import pytest

from mcpgateway.common.runtime.workers.child import LENGTH, NO_MEMORY, serve
from support.workers import MEMORY, PROGRAM


def framed(*said: bytes) -> bytes:
    return b"".join(LENGTH.pack(len(each)) + each for each in said)


def test_what_is_asked_is_answered_in_order_after_a_first_word() -> None:
    sink = io.BytesIO()
    assert serve(bytes.upper, 30, io.BytesIO(framed(b"a", b"b")), sink) == 0
    assert sink.getvalue() == framed(b"", b"A", b"B")


def test_the_end_of_memory_is_an_end() -> None:
    def greedy(_asked: bytes) -> bytes:
        raise MemoryError

    sink = io.BytesIO()
    assert serve(greedy, 30, io.BytesIO(framed(b"a", b"b")), sink) == NO_MEMORY
    assert sink.getvalue() == framed(b"")


@pytest.mark.parametrize("asked", [b"", framed(b"a")])
def test_work_that_ends_leaves_no_alarm_behind(asked: bytes) -> None:
    serve(bytes.upper, 30, io.BytesIO(asked), io.BytesIO())
    assert signal.alarm(0) == 0


def test_a_process_that_nobody_ends_ends_by_itself() -> None:
    ended = run(framed(b"spin"), seconds=1)
    assert ended.returncode == -signal.SIGALRM
    assert ended.stdout == framed(b"")


def test_a_process_whose_parent_is_gone_has_no_more_to_do() -> None:
    assert run(b"", seconds=9).returncode == 0


def run(asked: bytes, *, seconds: int) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", PROGRAM, str(MEMORY), str(seconds)],
        input=asked,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        timeout=30,
        check=False,
    )
