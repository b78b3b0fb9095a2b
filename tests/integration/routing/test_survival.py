"""Replicas keep serving when the bus dies, and find back when it returns, empty or not."""

import shutil
from contextlib import AsyncExitStack
from pathlib import Path

from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.data_plane.table.disk import TableDisk
from mcpgateway.data_plane.table.follow import Pace
from support.nats import Bus
from support.publishing import FakeRoutingSource, make_signer, publishing, running
from support.registries import ADMIN, REGISTRY, tool, upstream
from support.wait import until

QUICK = Pace(disk_after=0.2, save_every=0.1)


def stored(bus: Bus, folder: Path) -> int:
    """The revision that the files on disk lead to; 0 without any."""
    signer = make_signer(bus)
    spans = [signer.span(each.role, each.message) for each in TableDisk(folder).read()]
    return max((span.revision for span in spans if span is not None), default=0)


async def test_a_replica_serves_on_while_nats_is_dead_and_catches_up_after(bus: Bus) -> None:
    source = FakeRoutingSource()
    source.write(upstream(), tool())
    async with publishing(bus, source) as (_, changed), running(bus) as replica:
        await replica.reaches(REGISTRY, 1)
        bus.kill()
        await until(lambda: not replica.follower.status.connected, "the loss is noticed")
        source.write(tool("t2"))
        changed.set()
        view = replica.table.view(Subject(ADMIN), None)
        assert view is not None
        assert set(view.tools) == {"u1-t1"}
        bus.start()
        await replica.reaches(REGISTRY, 2)
        await until(lambda: replica.follower.status.connected, "connected again")


async def test_a_bus_whose_store_was_wiped_is_filled_again(bus: Bus) -> None:
    source = FakeRoutingSource()
    source.write(upstream(), tool())
    async with publishing(bus, source), running(bus) as replica:
        await replica.reaches(REGISTRY, 1)
        bus.kill()
        shutil.rmtree(bus.folder / "bus" / "nats" / "jetstream")
        bus.start()
        async with running(bus) as late:
            await late.reaches(REGISTRY, 1)
        source.write(tool("t2"))
        await replica.reaches(REGISTRY, 2)


async def test_a_replica_restarts_from_disk_with_nats_down(bus: Bus, tmp_path: Path) -> None:
    folder = tmp_path / "table"
    source = FakeRoutingSource()
    source.write(upstream(), tool())
    async with publishing(bus, source) as (_, changed):
        async with running(bus, folder, QUICK) as replica:
            await replica.reaches(REGISTRY, 1)
            await until(lambda: stored(bus, folder) == 1, "the snapshot is on disk")
            source.write(tool("t2"))
            changed.set()
            await replica.reaches(REGISTRY, 2)
            await until(lambda: stored(bus, folder) == 2, "the delta is on disk")
        bus.kill()
        async with running(bus, folder, QUICK) as replica:
            await replica.reaches(REGISTRY, 2)
            assert set(replica.table.tools) == {"t1", "t2"}
            assert replica.follower.status.source == "disk"
            bus.start()
            source.write(tool("t3"))
            await replica.reaches(REGISTRY, 3)
            await until(lambda: replica.follower.status.source == "nats", "NATS has confirmed it")
            assert replica.follower.counters.snapshots == 1  # deltas led on from the disk's
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0


async def test_another_replica_of_the_folder_writes_when_the_writer_is_gone(
    bus: Bus, tmp_path: Path
) -> None:
    folder = tmp_path / "table"
    source = FakeRoutingSource()
    source.write(upstream(), tool())
    async with publishing(bus, source) as (_, changed), AsyncExitStack() as first:
        writer = await first.enter_async_context(running(bus, folder, QUICK))
        await writer.reaches(REGISTRY, 1)
        await until(lambda: stored(bus, folder) == 1, "the first has written")
        async with running(bus, folder, QUICK) as heir:
            await heir.reaches(REGISTRY, 1)
            await first.aclose()  # it never hears of the next revision
            source.write(tool("t2"))
            changed.set()
            await heir.reaches(REGISTRY, 2)
            await until(lambda: stored(bus, folder) == 2, "the heir has written")
    bus.kill()
    async with running(bus, folder, QUICK) as replica:
        await replica.reaches(REGISTRY, 2)
