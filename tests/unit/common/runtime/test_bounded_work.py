"""The worker process: what it answers, and in which form."""

import io
import signal
import subprocess
import sys

import msgspec

from mcpgateway.common.runtime.bounded_work import LENGTH, MEMORY, Done, Work, do, serve, until


def test_a_filter_gives_json_and_a_schema_problems() -> None:
    assert do(Work("filter", b".a", b'{"a":1}')) == Done(b"1")
    assert do(Work("schema", b'{"type":"null"}', b"1")).problems[0].pointer == ""
    assert "line 1" in do(Work("schema", b"{", b"1")).failed


def framed(work: Work) -> bytes:
    body = msgspec.msgpack.encode(work)
    return LENGTH.pack(len(body)) + body


def answers(raw: bytes) -> list[Done]:
    found = []
    while raw:
        (size,) = LENGTH.unpack(raw[:4])
        found.append(msgspec.msgpack.decode(raw[4 : 4 + size], type=Done))
        raw = raw[4 + size :]
    return found


def test_requests_are_answered_in_order_after_a_first_word() -> None:
    sink = io.BytesIO()
    asked = [Work("filter", b".", b"1"), Work("filter", b".", b"2")]
    serve(io.BytesIO(b"".join(map(framed, asked))), sink)
    assert [each.value for each in answers(sink.getvalue())] == [b"", b"1", b"2"]


def test_the_end_of_memory_is_an_answer() -> None:
    def greedy(_work: Work) -> Done:
        raise MemoryError

    sink = io.BytesIO()
    serve(io.BytesIO(framed(Work("filter", b".", b"1"))), sink, greedy)
    assert str(MEMORY) in answers(sink.getvalue())[1].failed


def test_work_that_ends_leaves_no_alarm_behind() -> None:
    assert until(30)(Work("filter", b".", b"1")) == Done(b"1")
    assert signal.alarm(0) == 0


def test_a_process_that_nobody_ends_ends_by_itself() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "mcpgateway.common.runtime.bounded_work", "1"],
        input=framed(Work("filter", b"def f: f; f", b"0")),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == -signal.SIGALRM
    assert len(answers(ended.stdout)) == 1


def test_a_process_whose_parent_is_gone_has_no_more_to_do() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "mcpgateway.common.runtime.bounded_work", "9"],
        input=b"",
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0
