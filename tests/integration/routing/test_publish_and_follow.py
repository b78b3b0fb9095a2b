"""What the registry holds reaches every replica over a real bus, whatever its size and history."""

import asyncio

from mcpgateway.common import keys
from mcpgateway.common.keys import DataPlaneKeys
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Credential, Key
from mcpgateway.common.routing.sealing import store_context, wire_context
from mcpgateway.common.runtime.tasks import end
from support.nats import Bus
from support.publishing import (
    SECRET,
    FakeRoutingSource,
    Replica,
    make_publisher,
    publishing,
    receipts_of,
    running,
)
from support.registries import ADMIN, REGISTRY, server, tool, upstream
from support.wait import until


async def test_a_write_reaches_two_replicas_and_both_say_so(bus: Bus) -> None:
    source = FakeRoutingSource()
    source.write(upstream(), tool())
    watcher = await bus.connect("control_plane")
    receipts = await receipts_of(watcher, bus)
    async with (
        publishing(bus, source) as (_, changed),
        running(bus) as first,
        running(bus) as second,
    ):
        await first.reaches(REGISTRY, 1)
        await second.reaches(REGISTRY, 1)
        source.write(tool("t2"), server(tools=("t1", "t2")))
        changed.set()
        await first.reaches(REGISTRY, 2)
        await second.reaches(REGISTRY, 2)
        source.write(deletes=(Key("tool", "t1"),))
        changed.set()
        await first.reaches(REGISTRY, 3)
        assert set(first.table.tools) == {"t2"}
        both = {first.id, second.id}
        await until(
            lambda: {r.replica for r in receipts if r.revision == 3} == both, "both receipts"
        )
        assert first.follower.counters.snapshots == 1
        assert first.follower.counters.applied == 2
    await watcher.close()


async def test_a_late_replica_never_shows_a_snapshot_without_the_deltas_after_it(bus: Bus) -> None:
    source = FakeRoutingSource()
    source.write(upstream(), tool())
    async with publishing(bus, source) as (_, changed), running(bus) as first:
        await first.reaches(REGISTRY, 1)
        for revision in range(2, 12):
            source.write(tool(f"t{revision}"))
            changed.set()
            await first.reaches(REGISTRY, revision)
        late = Replica(bus, None, None)
        shown: list[int] = []
        late.holder.on_change(lambda table, _: shown.append(table.revision))
        following = asyncio.create_task(late.run())
        await late.reaches(REGISTRY, 11)
        await end(following)
    assert shown == [11]
    assert late.follower.counters.applied == 10


async def test_a_change_that_nobody_announces_is_found_by_the_poll(bus: Bus) -> None:
    source = FakeRoutingSource()
    async with publishing(bus, source), running(bus) as replica:
        await replica.reaches(REGISTRY, 0)
        source.write(upstream())
        await replica.reaches(REGISTRY, 1)


async def test_tables_and_deltas_larger_than_a_message_arrive_whole(bus: Bus) -> None:
    definition = b'{"description":"' + b"x" * 1000 + b'"}'
    source = FakeRoutingSource()
    source.write(upstream(), *(tool(f"t{n}", definition=definition) for n in range(2500)))
    async with publishing(bus, source) as (_, changed), running(bus) as replica:
        await replica.reaches(REGISTRY, 1)
        assert len(replica.table.tools) == 2500
        source.write(*(tool(f"more-{n}", definition=definition) for n in range(2500)))
        changed.set()
        await replica.reaches(REGISTRY, 2)
        assert len(replica.table.tools) == 5000
        assert replica.follower.counters.snapshots == 1
        async with running(bus) as late:
            await late.reaches(REGISTRY, 2)
            assert len(late.table.tools) == 5000


async def test_a_bad_resource_is_left_out_and_named_in_the_receipt(bus: Bus) -> None:
    source = FakeRoutingSource()
    source.write(upstream(), tool("good"), tool("orphan", upstream="gone"))
    watcher = await bus.connect("control_plane")
    receipts = await receipts_of(watcher, bus)
    async with publishing(bus, source), running(bus) as replica:
        await replica.reaches(REGISTRY, 1)
        assert set(replica.table.tools) == {"good"}
        await until(lambda: any(r.faults for r in receipts), "a receipt with the fault")
        [fault] = next(r.faults for r in receipts if r.faults)
        assert fault == ("tool", "orphan", "its upstream 'gone' is not in the table")
    await watcher.close()


async def test_secrets_travel_under_the_groups_key_and_never_in_plain_text(bus: Bus) -> None:
    plain = b'[["authorization","Bearer very-secret"]]'
    stored = keys.store_sealer((SECRET,)).seal(plain, store_context("credential", "c1"), b"n" * 12)
    source = FakeRoutingSource()
    source.write(upstream(credential="c1"), Credential("c1", stored), Credential("c2", b"garbage"))
    s = bus.subjects
    async with publishing(bus, source), running(bus) as replica:
        await replica.reaches(REGISTRY, 1)
        sealed = replica.table.credentials["c1"].sealed
        wire = DataPlaneKeys.derive((SECRET,), s.cluster, s.group).wire
        assert wire.open(sealed, wire_context("credential", s.cluster, s.group, "c1")) == plain
        assert "c2" not in replica.table.credentials
    for path in (bus.folder / "bus").rglob("*"):
        if path.is_file():
            assert b"very-secret" not in path.read_bytes()


async def test_another_lineage_is_loaded_though_its_revisions_are_smaller(bus: Bus) -> None:
    source = FakeRoutingSource()
    for n in range(5):
        source.write(upstream(f"u{n}"))
    async with publishing(bus, source) as (_, changed), running(bus) as replica:
        await replica.reaches(REGISTRY, 5)
        restored = FakeRoutingSource("restored")
        restored.write(upstream("only"))
        source.registry, source.revision = restored.registry, restored.revision
        source.records, source.deleted = restored.records, restored.deleted
        changed.set()
        await replica.reaches("restored", 1)
        assert set(replica.table.upstreams) == {"only"}
        source.write(upstream("next"))
        changed.set()
        await replica.reaches("restored", 2)


async def test_an_older_copy_of_the_registry_publishes_nothing(bus: Bus) -> None:
    source = FakeRoutingSource()
    for n in range(3):
        source.write(upstream(f"u{n}"))
    async with publishing(bus, source), running(bus) as replica:
        await replica.reaches(REGISTRY, 3)
    source.revision = 1
    client = await bus.connect("control_plane")
    publisher = make_publisher(bus, client, source)
    await publisher.publish()
    async with running(bus) as replica:
        await replica.reaches(REGISTRY, 3)
    await client.close()


async def test_replicas_follow_many_writes_in_a_row_and_miss_none(bus: Bus) -> None:
    source = FakeRoutingSource()
    source.write(upstream())
    async with publishing(bus, source) as (_, changed), running(bus) as replica:
        await replica.reaches(REGISTRY, 1)
        for n in range(200):
            source.write(tool(f"t{n}"))
            changed.set()
            await asyncio.sleep(0)
        await replica.reaches(REGISTRY, 201)
        assert len(replica.table.tools) == 200
        view = replica.table.view(Subject(ADMIN), None)
        assert view is not None
        assert len(view.tools) == 200


async def test_a_new_snapshot_lets_older_deltas_and_blobs_go(bus: Bus) -> None:
    source = FakeRoutingSource()
    source.write(upstream())
    client = await bus.connect("control_plane")
    manager = client.jetstream()
    for _ in range(3):
        publisher = make_publisher(bus, client, source)  # each is a new leader: a new snapshot
        await publisher.publish()
        source.write(tool(f"t{source.revision}"))
        await publisher.publish()
    deltas = await manager.stream_info(bus.subjects.delta_stream)
    blobs = await manager.stream_info(bus.subjects.blob_stream, subjects_filter=bus.subjects.blobs)
    assert deltas.state.messages == 2  # those after the snapshot before the last
    assert len(blobs.state.subjects or {}) == 2
    async with running(bus) as replica:
        await replica.reaches(REGISTRY, source.revision)
    await client.close()
