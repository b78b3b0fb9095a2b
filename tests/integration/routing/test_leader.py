"""One control plane leads at a time, and another takes over when its database session is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.subjects import Subjects
from mcpgateway.control_plane.publish.leader import CHANNEL, Leadership, Pooled, lock_key
from support.nats import SUBJECTS, Bus
from support.publishing import FakeRoutingSource, make_publisher, running
from support.registries import REGISTRY, tool, upstream
from support.wait import until


@asynccontextmanager
async def relay_with_other_pid(database: str) -> AsyncIterator[str]:
    """Passes bytes on, but changes the process id of BackendKeyData (`K`, length 12)."""
    parts = urlsplit(database)

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            at = data.find(b"K\x00\x00\x00\x0c")
            if at >= 0:
                data = data[: at + 5] + b"\x00\x0f\x42\x40" + data[at + 9 :]
            sink.write(data)
            await sink.drain()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(parts.hostname, parts.port)
        pumps = [
            asyncio.create_task(pump(*pair)) for pair in ((reader, up_writer), (up_reader, writer))
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for each in (writer, up_writer):
            each.close()

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")).geturl()
    server.close()


class Candidate:
    """A control plane that wants to lead. `led` counts how often it began to."""

    def __init__(self, dsn: str) -> None:
        self.changed = asyncio.Event()
        self.leadership = Leadership(dsn, SUBJECTS, self.changed.set, check_every=0.1)
        self.led = 0
        self.stopped = 0

    async def lead(self) -> None:
        self.led += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped += 1


@asynccontextmanager
async def candidate(dsn: str) -> AsyncIterator[Candidate]:
    made = Candidate(dsn)
    task = asyncio.create_task(made.leadership.run(made.lead))
    try:
        yield made
    finally:
        await end(task)


async def end_session_of_leader(database: str) -> None:
    admin = await asyncpg.connect(database)
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    await admin.close()


async def test_two_candidates_never_lead_together_and_the_second_takes_over(database: str) -> None:
    async with candidate(database) as first:
        await until(lambda: first.leadership.leading, "the first leads")
        async with candidate(database) as second:
            await end_session_of_leader(database)
            await until(lambda: first.stopped == 1, "the first has stopped leading")
            await until(lambda: second.leadership.leading or first.led == 2, "somebody leads again")
            assert first.leadership.leading != second.leadership.leading


async def test_a_leader_that_ends_hands_over_at_once(database: str) -> None:
    async with candidate(database) as second:
        await until(lambda: second.leadership.leading, "leads")
    async with candidate(database) as third:
        await until(lambda: third.leadership.leading, "leads")
        assert second.stopped == 1


async def test_a_notification_of_the_registry_is_passed_on(database: str) -> None:
    async with candidate(database) as leader:
        await until(lambda: leader.leadership.leading, "leads")
        leader.changed.clear()
        writer = await asyncpg.connect(database)
        await writer.execute("SELECT pg_notify($1, '5')", CHANNEL)
        async with asyncio.timeout(30):
            await leader.changed.wait()
        await writer.close()


async def test_an_error_of_the_work_itself_is_not_swallowed(database: str) -> None:
    async def broken() -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await Candidate(database).leadership.run(broken)


async def test_a_session_behind_a_pooler_is_refused_with_what_to_set(database: str) -> None:
    """A pooler gives its clients process ids that are none of PostgreSQL's; this relay does."""
    async with relay_with_other_pid(database) as dsn:
        made = Candidate(dsn)
        with pytest.raises(Pooled, match="DATABASE_DIRECT_URL"):
            async with asyncio.timeout(30):
                await made.leadership.run(made.lead)


def test_each_group_has_a_lock_of_its_own() -> None:
    names = [("a", "b"), ("a", "c"), ("b", "a"), ("ab", "c")]
    found = {lock_key(Subjects(*each)) for each in names}
    assert len(found) == len(names)
    assert all(0 <= key < 1 << 63 for key in found)


async def test_the_publishing_goes_on_after_a_change_of_leader(database: str, bus: Bus) -> None:
    source = FakeRoutingSource()
    source.write(upstream())
    tasks = []
    clients = []
    leaderships = []
    for _ in range(2):
        client = await bus.connect("control_plane")
        changed = asyncio.Event()
        leadership = Leadership(database, SUBJECTS, changed.set, check_every=0.1)
        publisher = make_publisher(bus, client, source, changed)
        clients.append(client)
        leaderships.append(leadership)
        tasks.append(asyncio.create_task(leadership.run(publisher.lead)))
    async with running(bus) as replica:
        await replica.reaches(REGISTRY, 1)
        leader = next(n for n, each in enumerate(leaderships) if each.leading)
        await end(tasks[leader])
        source.write(tool())
        await replica.reaches(REGISTRY, 2)
        await until(lambda: leaderships[1 - leader].leading, "the other leads")
    await end(*tasks)
    for client in clients:
        await client.close()
