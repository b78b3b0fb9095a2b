"""Who has stolen the control plane's NATS login, but not its signing key, changes no route."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from nats.aio.client import Client

from mcpgateway.common.gen.gateway.v1 import routing_pb2 as pb
from mcpgateway.common.routing import codec, signed
from mcpgateway.common.routing.model import Delta
from mcpgateway.common.subjects import Subjects
from support.nats import Bus
from support.publishing import (
    FakeRoutingSource,
    Replica,
    make_publisher,
    make_signer,
    publishing,
    running,
)
from support.registries import REGISTRY, tool, upstream
from support.wait import until

EVIL = Delta(REGISTRY, 1, 99, (upstream(url="http://evil.example"),))
BODY = codec.encode(EVIL)


@asynccontextmanager
async def served(bus: Bus) -> AsyncIterator[tuple[Replica, Client, bytes]]:
    """A replica at revision 2, a thief on the bus, and the stored message of revision 2."""
    source = FakeRoutingSource()
    source.write(upstream(), tool())
    async with publishing(bus, source) as (_, changed), running(bus) as replica:
        await replica.reaches(REGISTRY, 1)
        source.write(tool("t2"))
        changed.set()
        await replica.reaches(REGISTRY, 2)
        thief = await bus.connect("control_plane")
        manager = thief.jetstream()
        stored = await manager.get_last_msg(bus.subjects.delta_stream, bus.subjects.delta)
        assert stored.data is not None
        yield replica, thief, stored.data
        await thief.close()


def forgeries(bus: Bus) -> dict[str, bytes]:
    other_group = replace(make_signer(bus), subjects=Subjects("local", "other"))
    return {
        "noise": b"\x00\xff noise",
        "unsigned": pb.SignedRouting(delta=BODY).SerializeToString(),
        "signed by the thief": make_signer(bus, "another secret of many letters").sign(
            "delta", BODY
        ),
        "signed for another group": other_group.sign("delta", BODY),
        "a snapshot as a delta": make_signer(bus).sign("snapshot", BODY),
    }


@pytest.mark.parametrize(
    "forgery",
    [
        "noise",
        "unsigned",
        "signed by the thief",
        "signed for another group",
        "a snapshot as a delta",
    ],
)
async def test_a_forged_delta_is_refused_and_counted(bus: Bus, forgery: str) -> None:
    async with served(bus) as (replica, thief, _):
        await thief.publish(bus.subjects.delta, forgeries(bus)[forgery])
        await until(lambda: replica.follower.counters.refused == 1, "it is refused")
        assert replica.table.revision == 2
        assert replica.table.upstreams["u1"].url != "http://evil.example"


async def test_an_older_delta_that_is_played_again_changes_nothing(bus: Bus) -> None:
    async with served(bus) as (replica, thief, old):
        ignored = replica.follower.counters.ignored
        before = replica.table
        await thief.publish(bus.subjects.delta, old)
        await until(lambda: replica.follower.counters.ignored > ignored, "it is ignored")
        assert replica.table is before


async def test_a_forged_snapshot_is_not_loaded_by_a_replica_that_starts(bus: Bus) -> None:
    async with served(bus) as (_, thief, _):
        manifest = signed.manifest_of("evil", 0, 99, BODY)
        await thief.jetstream().publish(bus.subjects.blob(manifest.blob, 0), BODY)
        forged = make_signer(bus, "another secret of many letters").sign("snapshot", manifest)
        await thief.jetstream().publish(bus.subjects.snapshot, forged)
        async with running(bus) as late:
            await until(lambda: late.follower.counters.refused > 0, "it is refused")
            assert not late.holder.loaded


async def test_a_leader_publishes_anew_when_the_end_of_the_stream_is_forged(bus: Bus) -> None:
    async with served(bus) as (replica, thief, _):
        await thief.jetstream().publish(bus.subjects.delta, b"forged")
        await thief.jetstream().publish(bus.subjects.snapshot, b"forged")
        source = FakeRoutingSource()
        source.write(upstream(), tool())
        source.write(tool("t2"))
        source.write(tool("t3"))
        await make_publisher(bus, thief, source).publish()
        await replica.reaches(REGISTRY, 3)
        async with running(bus) as late:
            await late.reaches(REGISTRY, 3)


async def test_a_blob_that_is_not_what_was_committed_is_refused(bus: Bus) -> None:
    source = FakeRoutingSource()
    source.write(upstream(), tool())
    client = await bus.connect("control_plane")
    await make_publisher(bus, client, source).publish()
    jetstream = client.jetstream()
    info = await jetstream.stream_info(bus.subjects.blob_stream, subjects_filter=bus.subjects.blobs)
    [chunk] = info.state.subjects or {}
    await jetstream.publish(chunk, codec.encode(EVIL))
    async with running(bus) as replica:
        receiver = await bus.connect("control_plane")
        await until(lambda: replica.follower.status.connected, "connected")
        await receiver.close()
        assert not replica.holder.loaded
        source.write(tool("t2"))
        await make_publisher(bus, client, source).publish()  # a new leader, a new snapshot
        await replica.reaches(REGISTRY, 2)
    await client.close()
