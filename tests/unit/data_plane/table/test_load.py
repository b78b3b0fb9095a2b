"""Only what is signed and fits becomes the table, from the bus or from disk."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mcpgateway.common.routing import codec, signed
from mcpgateway.common.routing.codec import Body, CodecError
from mcpgateway.common.routing.model import Delta, Key
from mcpgateway.common.routing.signed import Manifest
from mcpgateway.common.subjects import Subjects
from mcpgateway.data_plane.table.disk import Saved, TableDisk
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.table.load import FAULTS, Loader
from support.registries import REGISTRY, tool, upstream

HERE = Subjects("local", "default")
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
THIEF = Ed25519PrivateKey.from_private_bytes(b"t" * 32)


def snapshot(revision: int, registry: str = REGISTRY, key: Ed25519PrivateKey = KEY) -> Saved:
    body = codec.encode(Delta(registry, 0, revision, (upstream(), tool())))
    manifest = signed.manifest_of(registry, 0, revision, body)
    return Saved("snapshot", signed.sign(key, HERE, "snapshot", manifest), body)


def delta(base: int, revision: int, key: Ed25519PrivateKey = KEY) -> Saved:
    made = Delta(REGISTRY, base, revision, (tool(f"t{revision}"),))
    return Saved("delta", signed.sign(key, HERE, "delta", codec.encode(made)))


async def no_blob(manifest: Manifest) -> Body:
    raise AssertionError(f"blob {manifest.blob} is not needed")


class Bench:
    def __init__(self) -> None:
        self.holder = TableHolder()
        self.changes: list[frozenset[Key] | None] = []
        self.holder.on_change(lambda _, touched: self.changes.append(touched))
        self.loader = Loader(self.holder, [KEY.public_key()], HERE)

    async def load(self, saved: Saved) -> None:
        manifest = self.loader.open("snapshot", saved.message)
        assert isinstance(manifest, Manifest)
        await self.loader.snapshot(saved.message, manifest, saved.body)

    @property
    def revision(self) -> int:
        return self.holder.current.revision


async def test_a_snapshot_and_deltas_become_the_table_and_listeners_hear_what_changed() -> None:
    bench = Bench()
    await bench.load(snapshot(5))
    outcome, saved = await bench.loader.delta(delta(5, 6).message, no_blob)
    assert (outcome, saved) == ("apply", delta(5, 6))
    assert bench.revision == 6
    assert bench.changes == [None, frozenset({Key("tool", "t6")})]


@pytest.mark.parametrize(
    ("base", "revision", "outcome"),
    [(3, 5, "ignore"), (0, 6, "apply"), (6, 7, "gap")],
)
async def test_deltas_are_judged_by_what_is_held(base: int, revision: int, outcome: str) -> None:
    bench = Bench()
    await bench.load(snapshot(5))
    judged, _ = await bench.loader.delta(delta(base, revision).message, no_blob)
    assert judged == outcome
    assert bench.loader.counters.ignored == (outcome == "ignore")


async def test_what_is_not_signed_for_us_is_refused_and_counted() -> None:
    bench = Bench()
    await bench.load(snapshot(5))
    assert await bench.loader.delta(delta(5, 6, THIEF).message, no_blob) == ("refused", None)
    assert bench.loader.open("snapshot", snapshot(9, key=THIEF).message) is None
    assert bench.loader.counters.refused == 2
    assert bench.revision == 5


async def test_a_large_delta_is_fetched_only_when_it_is_one_to_apply() -> None:
    bench = Bench()
    await bench.load(snapshot(5))
    body = codec.encode(Delta(REGISTRY, 5, 6, (tool("big"),)))
    manifest = signed.manifest_of(REGISTRY, 5, 6, body)
    message = signed.sign(KEY, HERE, "delta", manifest)

    async def fetch(_: Manifest) -> Body:
        return body

    assert await bench.loader.delta(message, fetch) == ("apply", Saved("delta", message, body))
    assert await bench.loader.delta(message, no_blob) == ("ignore", None)


async def test_a_blob_of_another_revision_than_its_manifest_is_refused() -> None:
    bench = Bench()
    body = codec.encode(Delta(REGISTRY, 0, 4, (upstream(),)))
    manifest = signed.manifest_of(REGISTRY, 0, 5, body)
    with pytest.raises(CodecError, match="another revision"):
        await bench.loader.snapshot(b"", manifest, body)


async def test_an_older_snapshot_does_not_replace_a_newer_table() -> None:
    bench = Bench()
    await bench.load(snapshot(5))
    await bench.load(snapshot(4))
    assert bench.revision == 5
    await bench.load(snapshot(1, "another registry"))
    assert (bench.holder.current.registry, bench.revision) == ("another registry", 1)


def disk_with(folder: Path, *saved: Saved) -> TableDisk:
    disk = TableDisk(folder)
    assert disk.lock()
    disk.rewrite(saved[:1])
    disk.append(saved[1:])
    disk.close()
    return TableDisk(folder)


async def test_a_table_is_loaded_from_disk_up_to_the_first_gap(tmp_path: Path) -> None:
    bench = Bench()
    disk = disk_with(tmp_path, snapshot(5), delta(4, 5), delta(5, 6), delta(7, 8), delta(6, 7))
    assert await bench.loader.from_disk(disk)
    assert bench.revision == 6


async def test_a_table_on_disk_that_another_signed_is_not_served(tmp_path: Path) -> None:
    bench = Bench()
    assert not await bench.loader.from_disk(disk_with(tmp_path, snapshot(5, key=THIEF)))
    assert not bench.holder.loaded


async def test_a_delta_on_disk_that_another_signed_is_passed_over(tmp_path: Path) -> None:
    bench = Bench()
    disk = disk_with(tmp_path, snapshot(5), delta(5, 6, THIEF))
    assert await bench.loader.from_disk(disk)
    assert bench.revision == 5
    assert bench.loader.counters.refused == 1


async def test_a_signed_snapshot_on_disk_with_another_body_is_not_served(tmp_path: Path) -> None:
    bench = Bench()
    swapped = snapshot(5)._replace(body=snapshot(6).body)
    assert not await bench.loader.from_disk(disk_with(tmp_path, swapped))


async def test_the_disk_does_not_replace_what_nats_gave_already(tmp_path: Path) -> None:
    bench = Bench()
    await bench.load(snapshot(4))
    assert not await bench.loader.from_disk(disk_with(tmp_path, snapshot(5)))
    assert bench.revision == 4


async def test_a_disk_that_can_not_be_read_gives_no_table_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert not await Bench().loader.from_disk(TableDisk(tmp_path / "file" / "folder"))


async def test_what_is_left_out_of_a_snapshot_is_logged_up_to_a_bound(
    caplog: pytest.LogCaptureFixture,
) -> None:
    orphans = [tool(f"t{number}", "nobody") for number in range(FAULTS + 5)]
    body = codec.encode(Delta(REGISTRY, 0, 5, tuple(orphans)))
    manifest = signed.manifest_of(REGISTRY, 0, 5, body)
    bench = Bench()
    await bench.load(Saved("snapshot", signed.sign(KEY, HERE, "snapshot", manifest), body))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == FAULTS + 1
    assert said[0].startswith("left out tool t")
    assert said[-1] == "left out 5 more resources"
