"""What a data plane's login may do to the buckets of its group: put, compare and put, read."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import DiscardPolicy

from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.subjects import Subjects, bucket_key, bucket_stream, direct_read
from mcpgateway.control_plane.publish.buckets import Buckets
from support.nats import Bus
from support.wait import until

EXPECTED = "Nats-Expected-Last-Subject-Sequence"
OTHER_GROUP = Subjects("local", "other")


@pytest.fixture
async def owner(bus: Bus) -> AsyncIterator[Client]:
    """The control plane's connection, with the buckets made."""
    client = await bus.connect("control_plane")
    await Buckets(client, bus.subjects).ensure()
    yield client
    await client.close()


@pytest.fixture
async def guest(bus: Bus, owner: Client) -> AsyncIterator[Client]:
    """A data plane's connection."""
    client = await bus.connect("data_plane")
    yield client
    await client.close()


async def put(client: Client, subject: str, value: bytes, **headers: str) -> Any:
    lines = {name.replace("_", "-"): text for name, text in headers.items()} or None
    answer = await client.request(subject, value, timeout=5, headers=lines)
    return json.loads(answer.data)


async def read(client: Client, bucket: str, key: str) -> Msg:
    return await client.request(direct_read(bucket, key), b"", timeout=5)


async def refused(client: Client, subject: str, value: bytes = b"") -> None:
    """Not even asked: there is no such service for this login."""
    with pytest.raises((nats.errors.TimeoutError, nats.errors.NoRespondersError)):
        await client.request(subject, value, timeout=0.5)


@pytest.mark.parametrize("bucket", ["sessions", "upstream_sessions"])
async def test_a_value_is_put_and_read_by_any_data_plane(
    bus: Bus, guest: Client, bucket: str
) -> None:
    name = getattr(bus.subjects, bucket)
    stored = await put(guest, bucket_key(name, "a.b"), b"value")
    assert stored["stream"] == bucket_stream(name)
    other = await bus.connect("data_plane")
    found = await read(other, name, "a.b")
    assert (found.data, (found.headers or {})["Nats-Sequence"]) == (b"value", str(stored["seq"]))
    assert ((await read(other, name, "none")).headers or {})["Status"] == "404"
    await other.close()


async def test_of_two_that_compare_and_put_one_wins(bus: Bus, guest: Client) -> None:
    subject = bucket_key(bus.subjects.sessions, "k")
    first, second = await asyncio.gather(
        *(put(guest, subject, b"%d" % n, **{EXPECTED: "0"}) for n in range(2))
    )
    won, lost = (first, second) if "seq" in first else (second, first)
    assert lost["error"]["err_code"] == 10071
    again = await put(guest, subject, b"next", **{EXPECTED: str(won["seq"])})
    assert again["seq"] > won["seq"]


async def test_a_bucket_keeps_one_value_of_a_key(bus: Bus, owner: Client, guest: Client) -> None:
    subject = bucket_key(bus.subjects.sessions, "k")
    for n in range(3):
        await put(guest, subject, b"%d" % n)
    info = await owner.jetstream().stream_info(bucket_stream(bus.subjects.sessions))
    assert info.state.messages == 1
    assert info.config.max_age == 24 * 3600


async def test_buckets_that_are_there_are_kept_with_what_they_hold(
    bus: Bus, owner: Client, guest: Client
) -> None:
    await put(guest, bucket_key(bus.subjects.sessions, "k"), b"value")
    await Buckets(owner, bus.subjects).run()
    assert (await read(guest, bus.subjects.sessions, "k")).data == b"value"


async def test_what_fails_is_said_and_tried_again(
    bus: Bus, owner: Client, guest: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """A login that may make no bucket, as those of an earlier version."""
    making = asyncio.create_task(Buckets(guest, bus.subjects).run(again=60))
    await until(lambda: "nats-auth" in caplog.text, "it is said")
    assert not making.done()
    await end(making)


async def test_no_header_makes_a_put_purge(bus: Bus, owner: Client, guest: Client) -> None:
    bucket = bus.subjects.sessions
    await put(guest, bucket_key(bucket, "kept"), b"kept")
    for rollup in ("all", "sub"):
        answer = await put(guest, bucket_key(bucket, "other"), b"", Nats_Rollup=rollup)
        assert "error" in answer
    answer = await put(guest, bucket_key(bucket, "other"), b"", Nats_TTL="1s")
    assert "error" in answer
    assert (await read(guest, bucket, "kept")).data == b"kept"


async def test_a_bucket_is_not_purged_deleted_changed_or_listed_by_a_data_plane(
    bus: Bus, owner: Client, guest: Client
) -> None:
    stream = bucket_stream(bus.subjects.sessions)
    await put(guest, bucket_key(bus.subjects.sessions, "kept"), b"kept")
    message = json.dumps({"seq": 1}).encode()
    verbs = ("PURGE", "DELETE", "UPDATE", "INFO", "MSG.DELETE", "MSG.GET", "SNAPSHOT")
    for verb in verbs:
        with pytest.raises((nats.errors.TimeoutError, nats.errors.NoRespondersError)):
            await guest.request(f"$JS.API.STREAM.{verb}.{stream}", message, timeout=0.3)
    await refused(guest, f"$JS.API.CONSUMER.CREATE.{stream}")
    await refused(guest, f"$JS.API.DIRECT.GET.{stream}", message)
    info = await owner.jetstream().stream_info(stream)
    assert info.state.messages == 1


async def test_the_answer_to_a_put_can_not_be_aimed_at_routing_or_at_streams(
    bus: Bus, owner: Client, guest: Client
) -> None:
    bucket = bus.subjects.sessions
    heard: list[Msg] = []

    async def hear(message: Msg) -> None:
        heard.append(message)

    await owner.subscribe(bus.subjects.delta, cb=hear)
    await owner.flush()
    stream = bucket_stream(bucket)
    for aim in (bus.subjects.delta, f"$JS.API.STREAM.PURGE.{stream}"):
        await guest.publish(bucket_key(bucket, "k"), b"value", reply=aim)
        await guest.publish(direct_read(bucket, "k"), b"", reply=aim)
    await put(guest, bucket_key(bucket, "last"), b"value")
    assert (await read(guest, bucket, "k")).data == b"value"  # so those before it were answered
    assert heard == []
    assert (await owner.jetstream().stream_info(stream)).state.messages == 2


async def test_the_buckets_of_another_group_are_out_of_reach(bus: Bus, guest: Client) -> None:
    for bucket in OTHER_GROUP.buckets:
        await refused(guest, bucket_key(bucket, "k"), b"value")
        await refused(guest, direct_read(bucket, "k"))


async def test_what_replicas_say_to_each_other_is_not_heard_by_others(
    bus: Bus, owner: Client, guest: Client
) -> None:
    heard: dict[str, list[bytes]] = {"guest": [], "owner": []}

    def hear_as(name: str) -> Any:
        async def hear(message: Msg) -> None:
            heard[name].append(message.data)

        return hear

    other = await bus.connect("data_plane")
    for subject in (bus.subjects.everyone, bus.subjects.replica("r1", "*")):
        await other.subscribe(subject, cb=hear_as("guest"))
        await owner.subscribe(subject, cb=hear_as("owner"))
    await other.flush()
    await owner.flush()
    await guest.publish(bus.subjects.everyone, b"to all")
    await guest.publish(bus.subjects.replica("r1", "x"), b"to one")
    await guest.flush()
    await other.flush()
    assert heard["guest"] == [b"to all", b"to one"]
    await owner.flush()
    assert heard["owner"] == []
    await other.close()


@pytest.mark.usefixtures("owner")
async def test_what_clients_can_fill_is_bounded_and_pushes_out_the_oldest(bus: Bus) -> None:
    client = await bus.connect("control_plane")
    found = await client.jetstream().stream_info(bucket_stream(bus.subjects.sessions))
    await client.close()
    assert found.config.max_bytes == 512 * 1024 * 1024
    assert DiscardPolicy(found.config.discard) is DiscardPolicy.OLD
