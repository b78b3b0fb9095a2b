"""Records of tasks: written by one, found whole by any, whatever their size."""

import pytest
from typing_extensions import override

from mcpgateway.common.mcp.task_state import TaskState
from mcpgateway.data_plane.parked.bucket import Moved, OwnStore
from mcpgateway.data_plane.parked.task_index import ENTRIES, Entry, TaskIndex
from mcpgateway.data_plane.parked.task_journal import (
    OUTCOME_LIMIT,
    PIECE,
    Followed,
    TaskJournal,
    TaskRecord,
    _key,
)

BEGUN = TaskState("working", 1.0, 1.0, 60)
RECORD = TaskRecord("modern", "a", BEGUN, b'{"name":"t"}', True, Followed("u1", "up-1", "s"))


def ended(size: int) -> TaskRecord:
    state = TaskState("completed", 1.0, 2.0, 60, result=b"x" * size)
    return TaskRecord("modern", "", state)


async def test_a_record_is_read_as_it_was_written() -> None:
    journal = TaskJournal(OwnStore())
    assert await journal.read("k") is None
    revision = await journal.write("k", RECORD, 0)
    assert await journal.read("k") == (RECORD, revision)


async def test_of_two_that_write_after_the_same_record_one_does() -> None:
    journal = TaskJournal(OwnStore())
    revision = await journal.write("k", RECORD, 0)
    await journal.write("k", ended(1), revision)
    with pytest.raises(Moved):
        await journal.write("k", RECORD, revision)


@pytest.mark.parametrize(
    "size", [0, 1, PIECE // 2, PIECE // 2 + 1, PIECE, PIECE + 1, OUTCOME_LIMIT]
)
async def test_a_result_of_any_size_is_found_whole_and_no_value_is_over_its_bound(
    size: int,
) -> None:
    store = _Measuring()
    journal = TaskJournal(store)
    revision = await journal.write("k", RECORD, 0)
    await journal.write("k", ended(size), revision)
    kept = await journal.read("k")
    assert kept is not None
    assert (await journal.whole("k", kept.record)).result == b"x" * size
    assert store.largest <= PIECE


async def test_pieces_of_an_attempt_that_broke_off_are_written_over() -> None:
    journal = TaskJournal(OwnStore())
    revision = await journal.write("k", RECORD, 0)
    with pytest.raises(Moved):
        await journal.write("k", ended(PIECE * 2), revision + 1)
    await journal.write("k", ended(PIECE * 3), revision)
    kept = await journal.read("k")
    assert kept is not None
    assert len((await journal.whole("k", kept.record)).result) == PIECE * 3


async def test_what_another_version_wrote_is_no_record() -> None:
    store = OwnStore()
    await store.put(_key("k"), b"\xc1", 0)
    assert await TaskJournal(store).read("k") is None


async def test_a_dropped_record_is_forgotten() -> None:
    journal = TaskJournal(OwnStore())
    await journal.write("k", RECORD, 0)
    await journal.drop("k")
    assert await journal.read("k") is None


class _Measuring(OwnStore):
    """Knows the largest value that was put."""

    largest = 0

    @override
    async def put(self, key: str, value: bytes | None, after: int) -> int:
        self.largest = max(self.largest, len(value or b""))
        return await super().put(key, value, after)


async def test_an_index_has_each_callers_newest_tasks_first_and_a_bound() -> None:
    index = TaskIndex(OwnStore())
    for number in range(ENTRIES + 1):
        await index.add("s", "ann", Entry("u1", str(number)))
    await index.add("s", "bob", Entry("", "his"))
    found = await index.read("s", "ann")
    assert len(found) == ENTRIES
    assert (found[0].id, found[-1].id) == (str(ENTRIES), "1")
    assert await index.read("s", "bob") == [Entry("", "his")]
    assert await index.read("", "ann") == []
