"""Work is done in turn, and what does not end is in nobody's way but its own."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.workers.pool import WAITING, WorkerPool
from mcpgateway.common.runtime.workers.process import WorkFailed
from support.workers import program, worker_pids


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool[bytes]]:
    made = WorkerPool(program(), 2)
    yield made
    await made.aclose()
    assert made.running == 0
    assert worker_pids() == []


async def test_no_more_processes_are_started_than_are_needed(pool: WorkerPool[bytes]) -> None:
    assert pool.running == 0
    for word in (b"a", b"b"):
        assert await pool.do(b"say " + word, word) == word
    assert pool.running == pool.tally.started == 1
    both = await asyncio.gather(pool.do(b"say c", "c"), pool.do(b"say d", "d"))
    assert list(both) == [b"c", b"d"]
    assert pool.running == pool.tally.started == 2


async def test_what_goes_on_for_ever_leaves_the_last_process_to_others(
    pool: WorkerPool[bytes],
) -> None:
    stuck = [asyncio.create_task(pool.do(b"spin", "spin")) for _ in range(4)]
    others = [pool.do(b"say %d" % n, n) for n in range(20)]
    assert await asyncio.gather(*others) == [b"%d" % n for n in range(20)]
    assert sum(task.done() for task in stuck) <= 1
    failed = await asyncio.gather(*stuck, return_exceptions=True)
    assert [str(each) for each in failed] == ["takes over 0.5 s"] * 4
    assert pool.tally.killed == 4


async def test_a_single_process_is_anybodys() -> None:
    pool = WorkerPool(program(), 1)
    same = await asyncio.gather(*(pool.do(b"say a", "a") for _ in range(3)))
    assert same == [b"a"] * 3
    await pool.aclose()


async def test_more_than_may_wait_are_refused_at_once(pool: WorkerPool[bytes]) -> None:
    works = [asyncio.create_task(pool.do(b"say a", n)) for n in range(WAITING + 4)]
    done = await asyncio.gather(*works, return_exceptions=True)
    assert [type(each) for each in done[-2:]] == [Unavailable] * 2
    assert done[:-2] == [b"a"] * (WAITING + 2)
    assert pool.waiting == 0


async def test_who_gives_up_gives_up_its_place(pool: WorkerPool[bytes]) -> None:
    works = [asyncio.create_task(pool.do(b"sleep 0.1", "same")) for _ in range(3)]
    await asyncio.sleep(0)
    assert pool.waiting == 2
    works[1].cancel()
    await asyncio.wait([works[1]])
    assert pool.waiting == 1
    works[0].cancel()  # what has begun goes on
    assert await works[2] == b"0.1"
    assert pool.tally.killed == 0


@pytest.mark.parametrize("turns", [1, 2, 5])
async def test_what_is_under_way_at_the_end_is_told(turns: int) -> None:
    pool = WorkerPool(program(30), 2)
    works = [asyncio.create_task(pool.do(b"spin", n)) for n in range(3)]
    for _ in range(turns):
        await asyncio.sleep(0)
    await pool.aclose()
    done = await asyncio.gather(*works, return_exceptions=True)
    assert [str(each) for each in done] == ["this replica stops"] * 3
    with pytest.raises(Unavailable):
        await pool.do(b"say a", "a")


async def test_a_failure_is_told_to_who_asked_alone(pool: WorkerPool[bytes]) -> None:
    done = await asyncio.gather(
        pool.do(b"exit 1", "bad"), pool.do(b"say a", "good"), return_exceptions=True
    )
    assert isinstance(done[0], WorkFailed)
    assert done[1] == b"a"
