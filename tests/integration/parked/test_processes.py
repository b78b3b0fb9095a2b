"""Exchanges handed over between two processes, with real clients at the door of one."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from support.door_http import plain_client
from support.nats import Bus
from support.wait import until

TESTS = Path(__file__).parents[2]
MB = 1 << 20


@dataclass
class Replica:
    """`url` leads to its own door."""

    url: str
    process: asyncio.subprocess.Process

    async def ask(self, path: str) -> bytes:
        async with plain_client(self.url, timeout=30) as http:
            return (await http.get(path)).content


async def start(bus: Bus, replica: str, closing: AsyncExitStack) -> Replica:
    creds = str(bus.folder / "data_plane.creds")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "support.replica_process", bus.url, creds, replica),
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=asyncio.subprocess.PIPE,
    )
    closing.push_async_callback(stop, process)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        port = int(await process.stdout.readline())
    return Replica(f"http://127.0.0.1:{port}", process)


async def stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


@pytest.fixture
async def pair(bus: Bus) -> AsyncIterator[tuple[Replica, Replica]]:
    """The replicas `asker` and `owner`."""
    async with AsyncExitStack() as closing:
        yield await start(bus, "asker", closing), await start(bus, "owner", closing)


async def test_a_request_is_answered_by_the_other_process(pair: tuple[Replica, Replica]) -> None:
    asker, _ = pair
    async with plain_client(asker.url, timeout=30) as http:
        answer = await http.post("/owner/echo", content=b"x" * 3 * MB)
        assert (answer.status_code, len(answer.content)) == (200, 3 * MB)
        assert (await http.post("/nobody/echo")).status_code == 404


async def test_an_owner_killed_in_the_midst_of_a_response_breaks_the_stream_off(
    pair: tuple[Replica, Replica],
) -> None:
    asker, owner = pair
    async with plain_client(asker.url, timeout=30) as http:
        async with http.stream("GET", "/owner/stream") as answer:
            pieces = answer.aiter_raw()
            assert await anext(pieces) == b"begun"
            owner.process.kill()
            with pytest.raises(httpx2.RemoteProtocolError):
                async with asyncio.timeout(20):
                    await anext(pieces)
        assert (await http.post("/owner/echo")).status_code == 404


async def test_an_asking_replica_that_is_killed_leaves_nothing_at_the_owner(
    pair: tuple[Replica, Replica],
) -> None:
    asker, owner = pair
    async with (
        plain_client(asker.url, timeout=30) as http,
        http.stream("GET", "/owner/stream"),
    ):
        assert await owner.ask("/owner/under-way") == b"1 0"
        asker.process.kill()

    async def over() -> bool:
        return await owner.ask("/owner/under-way") == b"0 0"

    await until(over, "the owner noticed")


async def test_a_client_that_leaves_leaves_nothing_at_either(
    pair: tuple[Replica, Replica],
) -> None:
    asker, owner = pair
    async with (
        plain_client(asker.url, timeout=30) as http,
        http.stream("GET", "/owner/stream"),
    ):
        assert await asker.ask("/asker/under-way") == b"0 1"

    async def over() -> bool:
        asked = await asker.ask("/asker/under-way"), await owner.ask("/owner/under-way")
        return asked == (b"0 0", b"0 0")

    await until(over, "both noticed")


async def test_slow_readers_of_large_responses_cost_little_memory(
    pair: tuple[Replica, Replica],
) -> None:
    asker, owner = pair
    readers = 10
    await asker.ask("/owner/echo")
    before = int(await asker.ask("/asker/rss")), int(await owner.ask("/owner/rss"))

    async def read_slowly(begin: asyncio.Event) -> int:
        reader, writer = await asyncio.open_connection(
            *asker.url.removeprefix("http://").split(":"), limit=65536
        )
        with closing(writer):
            writer.write(b"GET /owner/large?%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % (20 * MB))
            read = len(await reader.readuntil(b"begun"))
            await begin.wait()
            tail = b""
            while not tail.endswith(b"\r\n0\r\n\r\n"):
                piece = await reader.read(65536)
                assert piece, "cut off"
                read += len(piece)
                tail = (tail + piece)[-8:]
        return read

    begin = asyncio.Event()
    reading = [asyncio.create_task(read_slowly(begin)) for _ in range(readers)]
    highest = [0, 0]
    for _ in range(200):  # nobody reads: everything that can be buffered is
        now = int(await asker.ask("/asker/rss")), int(await owner.ask("/owner/rss"))
        highest = [max(pair) for pair in zip(highest, now, strict=True)]
    begin.set()
    assert min(await asyncio.gather(*reading)) > 20 * MB - 65536
    grown = [most - least for most, least in zip(highest, before, strict=True)]
    assert max(grown) < 60 * MB, grown  # of 200 MB that are under way
