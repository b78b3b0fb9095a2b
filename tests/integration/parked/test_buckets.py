"""What replicas share in buckets, on a real NATS."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from mcpgateway.common.runtime.nats import Shared
from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.subjects import bucket_stream
from mcpgateway.control_plane.publish.buckets import Buckets
from mcpgateway.data_plane.parked.bucket import Away, Bucket, Entry, Moved, key_of
from mcpgateway.data_plane.parked.neighbours import Neighbours
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.upstreams.sessions.shared_sessions import SharedSessions
from support.endpoint import KEYS
from support.loopback import SOURCE
from support.nats import Bus
from support.shared_sessions import FIRST, Contract, create, find
from support.wait import until

SESSION = "0123456789abcdef"
KEY = key_of("a", "key")


class Group:
    """Replicas on one NATS."""

    def __init__(self, bus: Bus, closing: AsyncExitStack) -> None:
        self.bus = bus
        self._closing = closing

    async def nats(self) -> Shared:
        nats = Shared(self.bus.link("data_plane"))
        await self._run(nats)
        return nats

    async def add(self, name: str) -> Neighbours:
        nats = Shared(self.bus.link("data_plane"))
        made = Neighbours.of(nats, self.bus.subjects, KEYS, name, SOURCE)
        await self._run(nats)
        self._closing.push_async_callback(made.aclose)
        return made

    async def _run(self, nats: Shared) -> None:
        self._closing.push_async_callback(end, asyncio.create_task(nats.run()))
        await until(lambda: nats.connected, "it is connected")
        assert nats.client is not None
        await nats.client.flush()


@pytest.fixture
async def group(bus: Bus) -> AsyncIterator[Group]:
    control_plane = await bus.connect("control_plane")
    await Buckets(control_plane, bus.subjects).ensure()
    async with AsyncExitStack() as closing:
        yield Group(bus, closing)
    await control_plane.close()


class TestUpstreamSessions(Contract):
    @pytest.fixture
    async def store(self, group: Group) -> SharedSessions:
        return (await group.add("a")).upstream_sessions


async def bucket(group: Group, nats: Shared | None = None) -> Bucket:
    name = group.bus.subjects.sessions
    return Bucket(nats or await group.nats(), name, KEYS.sessions, os.urandom)


async def test_a_value_is_put_read_replaced_and_deleted_by_comparing(group: Group) -> None:
    one, other = await bucket(group), await bucket(group)
    assert await one.get(KEY) == Entry(None, 0)
    first = await one.put(KEY, b"first", 0)
    assert await other.get(KEY) == Entry(b"first", first)
    second = await other.put(KEY, b"second", first)
    with pytest.raises(Moved):
        await one.put(KEY, b"late", first)
    deleted = await one.put(KEY, None, second)
    assert await one.get(KEY) == Entry(None, deleted)
    assert await one.put(KEY, b"again", deleted) > deleted


async def test_what_is_stored_can_not_be_read_or_moved_by_who_runs_nats(group: Group) -> None:
    mine = await bucket(group)
    await mine.put(KEY, b"private", 0)
    owner = await group.bus.connect("control_plane")
    stream = bucket_stream(group.bus.subjects.sessions)
    client = (await group.nats()).client
    assert client is not None
    subject = f"$JS.API.DIRECT.GET.{stream}.$KV.{group.bus.subjects.sessions}.{KEY}"
    stored = (await client.request(subject)).data
    assert b"private" not in stored
    other = key_of("another", "key")
    await client.request(f"$KV.{group.bus.subjects.sessions}.{other}", stored)
    assert (await mine.get(other)).value is None
    await owner.close()


async def test_without_a_bucket_or_without_nats_it_is_away(bus: Bus) -> None:
    async with AsyncExitStack() as closing:
        group = Group(bus, closing)
        nats = await group.nats()
        none = await bucket(group, nats)
        for ask in (none.get(KEY), none.put(KEY, b"value", 0)):
            with pytest.raises(Away):
                await ask
        bus.kill()
        await until(lambda: not nats.connected, "the loss is noticed")
        assert not none.up
        with pytest.raises(Away, match="NATS is away"):
            await none.get(KEY)


async def learn(states: SessionStates) -> None:
    learnt = asyncio.Event()
    states.learn(SESSION, learnt.set)
    await learnt.wait()


async def test_a_session_that_ends_at_one_replica_has_ended_at_all(group: Group) -> None:
    a, b = await group.add("a"), await group.add("b")
    a.states.created(SESSION)
    await learn(b.states)
    assert b.states.known(SESSION)
    ended = asyncio.Event()
    a.states.end(SESSION, ended.set)
    await ended.wait()
    await until(lambda: b.states.ended(SESSION), "it hears the note")
    c = await group.add("c")
    await learn(c.states)
    assert c.states.ended(SESSION)


async def test_an_end_while_nats_is_away_is_known_to_all_when_it_is_back(group: Group) -> None:
    a, b = await group.add("a"), await group.add("b")
    a.states.created(SESSION)
    await learn(b.states)
    group.bus.kill()
    await until(lambda: not (a.post.up or b.post.up), "the loss is noticed")
    ended = asyncio.Event()
    a.states.end(SESSION, ended.set)
    await ended.wait()
    assert (a.states.ended(SESSION), b.states.ended(SESSION)) == (True, False)
    group.bus.start()

    async def known_to_be_over() -> bool:
        if not b.states.known(SESSION):
            await learn(b.states)
        return b.states.ended(SESSION)

    await until(known_to_be_over, "the other replica knows")


async def test_levels_and_subscriptions_are_the_same_at_all_replicas(group: Group) -> None:
    a, b = await group.add("a"), await group.add("b")
    done: list[object] = []
    for n in range(10):
        for each in (a, b):
            each.states.add_uri(SESSION, f"memo://{each.owners.replica}/{n}", done.append)
    a.states.set_level(SESSION, "error", done.append)
    await until(lambda: len(done) == 21, "all are stored")
    assert set(done) == {None}
    await until(lambda: a.states.state(SESSION) == b.states.state(SESSION), "the notes are heard")
    assert (len(b.states.uris(SESSION)), b.states.level(SESSION)) == (20, "error")


async def test_another_replica_goes_on_with_a_session_of_an_upstream(group: Group) -> None:
    a, b = await group.add("a"), await group.add("b")
    made = await create(a.upstream_sessions, FIRST)
    assert await find(b.upstream_sessions) == made
