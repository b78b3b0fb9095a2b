"""What was saved is read again up to the first damage, by its owner only, and one writes."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpgateway.data_plane.table.disk import Saved, TableDisk

SNAPSHOT = Saved("snapshot", b"manifest", b"body" * 100)
DELTAS = [Saved("delta", b"first"), Saved("delta", b"second", b"large"), Saved("delta", b"third")]


def written(folder: Path) -> TableDisk:
    disk = TableDisk(folder)
    assert disk.lock()
    disk.rewrite([SNAPSHOT])
    disk.append(DELTAS[:1])
    disk.append(DELTAS[1:])
    return disk


def test_what_was_written_is_read_in_order(tmp_path: Path) -> None:
    written(tmp_path).close()
    assert TableDisk(tmp_path).read() == [SNAPSHOT, *DELTAS]


def test_nothing_is_read_from_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert TableDisk(tmp_path / "none").read() == []


def test_a_new_snapshot_starts_the_log_anew(tmp_path: Path) -> None:
    disk = written(tmp_path)
    disk.rewrite([SNAPSHOT])
    disk.append(DELTAS[2:])
    assert disk.read() == [SNAPSHOT, DELTAS[2]]
    disk.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_reading_stops_at_the_first_damaged_or_torn_frame(
    tmp_path: Path, data: st.DataObject
) -> None:
    written(tmp_path).close()
    log = tmp_path / "table.log"
    whole = log.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[at] ^= data.draw(st.integers(1, 255))
    for content in (whole[:at], bytes(damaged)):
        log.write_bytes(content)
        found = TableDisk(tmp_path).read()
        assert found == [SNAPSHOT, *DELTAS][: len(found)]
        assert len(found) <= len(DELTAS)


def test_only_one_writes_at_a_time(tmp_path: Path) -> None:
    first, second = TableDisk(tmp_path), TableDisk(tmp_path)
    assert first.lock()
    assert first.lock()
    assert not second.lock()
    first.close()
    assert second.lock()
    second.close()


def test_who_was_closed_while_it_asked_for_the_lock_does_not_keep_it(tmp_path: Path) -> None:
    ended, next_writer = TableDisk(tmp_path), TableDisk(tmp_path)
    ended.close()
    assert not ended.lock()
    assert next_writer.lock()
    next_writer.close()


def test_the_files_are_for_their_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        written(tmp_path / "data").close()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
    assert modes == {"table.snap": 0o600, "table.log": 0o600, "table.lock": 0o600}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_link_laid_in_the_way_is_not_followed(tmp_path: Path) -> None:
    disk = written(tmp_path)
    target = tmp_path / "victim"
    target.write_bytes(b"precious")
    (tmp_path / "table.log").unlink()
    (tmp_path / "table.log").symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        disk.append(DELTAS)
    assert target.read_bytes() == b"precious"
    disk.close()


def test_a_log_twice_its_snapshot_wants_compaction(tmp_path: Path) -> None:
    disk = written(tmp_path)
    assert not disk.wants_compaction(1)
    disk.append([Saved("delta", b"x" * 2000)])
    assert disk.wants_compaction(1)
    assert not disk.wants_compaction(1 << 20)
    disk.close()
