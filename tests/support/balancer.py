"""A balancer without affinity: every request, not only every connection, goes to the next backend.

It asks backends to close after one response, so it need not understand what it passes on. A
connection that is upgraded (WebSocket) stays with its backend.
"""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

HEAD_LIMIT = 256 * 1024  # bytes
CHUNK = 64 * 1024
_CONNECTION = re.compile(rb"^connection:[^\r\n]*\r\n", re.I | re.M)


@asynccontextmanager
async def balancer(backends: Iterable[str], port: int = 0) -> AsyncIterator[str]:
    """`backends` are `host:port`. Yields its own `host:port`, on loopback."""
    nexts = itertools.cycle([_parsed(each) for each in backends])

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await _pass(reader, writer, next(nexts))
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", port, limit=HEAD_LIMIT)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def _parsed(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


async def _pass(
    client: asyncio.StreamReader, to_client: asyncio.StreamWriter, backend: tuple[str, int]
) -> None:
    head = await client.readuntil(b"\r\n\r\n")
    source, to_source = await asyncio.open_connection(*backend)
    try:
        to_source.write(closing(head))
        # Either side that ends, ends both: a client that leaves has to be noticed.
        pumps = [
            asyncio.create_task(_pump(client, to_source)),
            asyncio.create_task(_pump(source, to_client)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.wait(pumps)
    finally:
        to_source.close()


def closing(head: bytes) -> bytes:
    """The head of a request, asking for one response only."""
    if re.search(rb"^upgrade:", head, re.I | re.M):
        return head
    line, _, rest = head.partition(b"\r\n")
    return line + b"\r\nConnection: close\r\n" + _CONNECTION.sub(b"", rest)


async def _pump(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await source.read(CHUNK):
            to.write(chunk)
            await to.drain()
