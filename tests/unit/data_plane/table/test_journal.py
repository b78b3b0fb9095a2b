"""What is applied reaches the disk; what can not is no reason to stop."""

from pathlib import Path

import pytest

from mcpgateway.data_plane.table.disk import Saved, TableDisk
from mcpgateway.data_plane.table.journal import Journal

SNAPSHOT = Saved("snapshot", b"manifest", b"body")
FIRST, SECOND = Saved("delta", b"first"), Saved("delta", b"second")


class Nats:
    """What NATS would answer when asked for everything."""

    def __init__(self, *stored: Saved) -> None:
        self.stored = list(stored)
        self.asked = 0

    async def fetch(self) -> list[Saved]:
        self.asked += 1
        if not self.stored:
            raise OSError("NATS is away")
        return self.stored


async def test_a_snapshot_and_the_deltas_after_it_are_saved_without_asking_nats(
    tmp_path: Path,
) -> None:
    disk, nats = TableDisk(tmp_path), Nats()
    journal = Journal(disk)
    journal.snapshot(SNAPSHOT)
    journal.delta(FIRST)
    await journal.save(nats.fetch)
    assert disk.read() == [SNAPSHOT, FIRST]
    journal.delta(SECOND)
    await journal.save(nats.fetch)
    await journal.save(nats.fetch)
    assert disk.read() == [SNAPSHOT, FIRST, SECOND]
    assert nats.asked == 0
    disk.close()


async def test_a_process_that_started_from_disk_writes_all_anew_from_nats(tmp_path: Path) -> None:
    disk, nats = TableDisk(tmp_path), Nats(SNAPSHOT, FIRST)
    journal = Journal(disk)
    journal.delta(FIRST)
    await journal.save(nats.fetch)
    assert disk.read() == [SNAPSHOT, FIRST]
    journal.delta(SECOND)
    await journal.save(nats.fetch)
    assert disk.read() == [SNAPSHOT, FIRST, SECOND]
    assert nats.asked == 1
    disk.close()


async def test_with_nats_away_what_is_on_disk_stays_and_saving_is_tried_again(
    tmp_path: Path,
) -> None:
    disk = TableDisk(tmp_path)
    assert disk.lock()
    disk.rewrite([SNAPSHOT])
    nats = Nats()
    journal = Journal(disk)
    await journal.save(nats.fetch)
    assert disk.read() == [SNAPSHOT]
    nats.stored = [SNAPSHOT, FIRST]
    await journal.save(nats.fetch)
    assert disk.read() == [SNAPSHOT, FIRST]
    disk.close()


async def test_who_is_not_the_writer_keeps_nothing_and_takes_over_whole(tmp_path: Path) -> None:
    writer, other = TableDisk(tmp_path), TableDisk(tmp_path)
    assert writer.lock()
    nats = Nats(SNAPSHOT, FIRST, SECOND)
    journal = Journal(other)
    journal.snapshot(SNAPSHOT)
    await journal.save(nats.fetch)
    assert other.read() == []
    journal.delta(FIRST)
    writer.close()
    await journal.save(nats.fetch)
    assert other.read() == [SNAPSHOT, FIRST, SECOND]
    other.close()


async def test_a_long_log_is_compacted_from_nats(tmp_path: Path) -> None:
    disk = TableDisk(tmp_path)
    nats = Nats(Saved("snapshot", b"newer", b"body"))
    journal = Journal(disk)
    journal.snapshot(SNAPSHOT)
    await journal.save(nats.fetch)
    journal.delta(Saved("delta", b"x", bytes(2 << 20)))
    await journal.save(nats.fetch)
    assert nats.asked == 0
    await journal.save(nats.fetch)
    assert disk.read() == nats.stored
    disk.close()


async def test_a_disk_that_refuses_is_no_reason_to_stop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    disk, nats = TableDisk(tmp_path / "file" / "folder"), Nats(SNAPSHOT)
    journal = Journal(disk)
    journal.snapshot(SNAPSHOT)
    await journal.save(nats.fetch)
    await journal.save(nats.fetch)
    assert [r.getMessage().count("Not a directory") for r in caplog.records] == [1]
    disk.close()
