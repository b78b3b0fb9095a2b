"""One process: what it can not do, and what becomes of it."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.workers.process import Tally, WorkerProcess, WorkFailed
from support.wait import until
from support.workers import MEMORY, program, worker_pids


@pytest.fixture
async def process() -> AsyncIterator[WorkerProcess[bytes]]:
    made = WorkerProcess(program(), Tally())
    yield made
    await made.aclose()
    assert worker_pids() == []


async def test_it_starts_with_the_first_question_and_goes_on(
    process: WorkerProcess[bytes],
) -> None:
    assert worker_pids() == []
    assert not process.runs
    assert await process.ask(b"say a") == b"a"
    first = worker_pids()
    assert len(first) == 1
    assert await process.ask(b"say b") == b"b"
    assert worker_pids() == first
    assert process.runs


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (b"spin", "takes over 0.5 s"),
        (b"sleep 9", "takes over 0.5 s"),
        (b"take 999999999", "takes over 256 MiB of memory"),
        (b"make 1001", "makes over 1000 bytes"),
        (b"exit 0", "takes over 256 MiB of memory, or breaks what works on it"),
        (b"raise a", "takes over 256 MiB of memory, or breaks what works on it"),
        (b"say nonsense", "breaks what works on it"),
    ],
)
async def test_what_it_can_not_do_takes_it_along_and_the_next_is_done_by_another(
    work: bytes, said: str
) -> None:
    process = WorkerProcess(program(), tally := Tally())
    with pytest.raises(WorkFailed) as failed:
        await process.ask(work)
    assert str(failed.value) == said
    assert worker_pids() == []
    assert await process.ask(b"say a") == b"a"
    assert (tally.started, tally.killed) == (2, 1)
    await process.aclose()


async def test_one_that_ended_while_nobody_asked_is_replaced(
    process: WorkerProcess[bytes],
) -> None:
    await process.ask(b"say a")
    os.kill(worker_pids()[0], 9)
    await until(lambda: not process.runs, "its end was heard of")
    assert await process.ask(b"say b") == b"b"


async def test_one_that_is_given_up_half_way_says_nothing_to_the_next(
    process: WorkerProcess[bytes],
) -> None:
    await process.ask(b"say a")
    abandoned = asyncio.create_task(process.ask(b"sleep 0.2"))
    await asyncio.sleep(0)
    abandoned.cancel()
    await asyncio.wait([abandoned])
    assert await process.ask(b"say b") == b"b"


async def test_one_that_says_more_than_anybody_reads_ends_all_the_same() -> None:
    process = WorkerProcess(program(), Tally())
    assert await process.ask(b"flood 9999999") == b""
    assert process._process is not None
    reader = vars(process._process.stdout)
    await until(lambda: reader["_paused"], "asyncio has read what it keeps")
    async with asyncio.timeout(10):
        await process.aclose()
    assert worker_pids() == []


async def test_a_program_that_can_not_run_is_nobodys_fault() -> None:
    process = WorkerProcess(program()._replace(module="support.no_such"), Tally())
    with pytest.raises(Unavailable, match="does not start"):
        await process.ask(b"say a")
    assert not process.runs


async def test_it_has_no_environment_no_other_descriptors_and_little_to_use(
    process: WorkerProcess[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "for nobody")
    assert await process.ask(b"open /etc/passwd") == b"Too many open files"
    of = Path(f"/proc/{worker_pids()[0]}")
    names = {line.partition(b"=")[0] for line in (of / "environ").read_bytes().split(b"\0")}
    assert names <= {b"PYTHONPATH", b"LC_CTYPE", b""}
    assert {fd.name for fd in (of / "fd").iterdir()} <= {"0", "1", "2"}
    assert os.readlink(of / "fd" / "2") == "/dev/null"
    limits = {
        line[:26].strip(): line[26:].split()[0]
        for line in (of / "limits").read_text().splitlines()[1:]
    }
    assert limits["Max open files"] == "3"
    assert limits["Max processes"] == "0"
    assert limits["Max file size"] == "0"
    assert limits["Max core file size"] == "0"
    assert limits["Max address space"] == str(MEMORY)
