"""Whatever a client sends, an upstream behind the real pool sees the requests that were good and
no byte that pretends to be another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.data_plane.edge.app import forwarded_body
from mcpgateway.data_plane.edge.forward import Forwarder, Trust
from support.bad_http import BODIES, HEADS, LIMITS, SECOND
from support.http import DEADLINE, BadServer, RawClient, Script, raw_client, serving

# What is only too large is framed well, and what follows it may be served.
MISFRAMED = {name: bad for name, (status, bad) in BODIES.items() if status != 413}
FIRST = b"POST /first HTTP/1.1\r\nHost: gateway\r\nContent-Length: 3\r\n\r\nabc"


class Upstream:
    """Reads requests as framed, answers each, and keeps the whole ones: request line and body."""

    def __init__(self) -> None:
        self.seen: list[tuple[bytes, bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = await _body(head.lower(), reader)
            self.seen.append((head.partition(b" HTTP/1.1")[0], body))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return await reader.readexactly(int(line.partition(b":")[2]))
    if b"transfer-encoding: chunked\r\n" not in head:
        return b""
    pieces: list[bytes] = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        pieces.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(pieces)


class Passing:
    """An application that passes every exchange on, as the edge does for the control plane."""

    def __init__(self, forwarder: Forwarder, limit: int) -> None:
        self._forwarder = forwarder
        self._limit = limit

    def head(self, exchange: Exchange) -> BodyPlan:
        return BodyPlan(self._limit, forwarded_body(exchange).stream)

    def handle(self, exchange: Exchange) -> None:
        self._forwarder.handle(exchange, "control-plane")


@asynccontextmanager
async def client_of(script: Script, limit: int = 1_000) -> AsyncIterator[RawClient]:
    """A raw client before the door; the upstream behind the pool follows the script."""
    async with BadServer(script) as server:
        pool = Pool()
        services = {"control-plane": f"http://127.0.0.1:{server.port}"}
        forwarder = Forwarder(pool, services, Trust("a secret"))
        app = Passing(forwarder, limit)
        async with serving(app, LIMITS) as listener, raw_client(listener.port) as client:
            yield client
        await forwarder.aclose()
        await pool.aclose()


@pytest.mark.parametrize("bad", [bad for _, bad in HEADS.values()], ids=HEADS.keys())
async def test_behind_a_good_request_a_bad_head_passes_nothing_on(bad: bytes) -> None:
    upstream = Upstream()
    async with client_of(upstream.serve) as client:
        client.send(FIRST + bad + SECOND)
        assert (await client.response()).body == b"abc"
        assert (await client.response()).status >= 400
        assert await client.rest() == b""
        assert upstream.seen == [(b"POST /first", b"abc")]


@pytest.mark.parametrize("bad", MISFRAMED.values(), ids=MISFRAMED.keys())
async def test_behind_a_good_request_a_bad_body_makes_no_request(bad: bytes) -> None:
    upstream = Upstream()
    async with client_of(upstream.serve) as client:
        client.send(FIRST + bad + SECOND)
        assert (await client.response()).body == b"abc"
        assert (await client.response()).status >= 400
        assert await client.rest() == b""
        assert upstream.seen == [(b"POST /first", b"abc")]


async def test_a_body_that_looks_like_a_request_is_a_body() -> None:
    size = len(SECOND)
    by_length = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (size, SECOND)
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (size, SECOND)
    chunked = b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    upgrade = by_length.replace(b"/a", b"/c").replace(
        b"Content", b"Connection: upgrade\r\nUpgrade: h2c\r\nContent"
    )
    upstream = Upstream()
    async with client_of(upstream.serve) as client:
        client.send(by_length + chunked + upgrade)
        for _ in range(3):
            assert (await client.response()).body == SECOND
        assert upstream.seen == [(b"POST /%b" % name, SECOND) for name in (b"a", b"b", b"c")]


async def test_lengths_that_are_named_as_hop_headers_frame_the_body_all_the_same() -> None:
    """`Connection: content-length` asks a proxy to drop the framing and to keep the body."""
    upstream = Upstream()
    async with client_of(upstream.serve) as client:
        client.send(FIRST.replace(b"Host", b"Connection: content-length, host\r\nHost") + SECOND)
        assert (await client.response()).body == b"abc"
        assert (await client.response()).status == 200
        assert upstream.seen == [(b"POST /first", b"abc"), (b"GET /second", b"")]


async def test_a_client_that_leaves_takes_its_request_back() -> None:
    left, begun = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        assert await reader.read(3) == b"abc"
        assert await reader.read() == b""
        left.set()

    async with client_of(silent) as client:
        client.send(FIRST)
        await asyncio.wait_for(begun.wait(), DEADLINE)
        await client.close()
        await asyncio.wait_for(left.wait(), DEADLINE)


async def test_a_refusal_that_comes_before_the_body_was_sent_arrives() -> None:
    """The service answers 413 and reads no further; the client is still sending."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 6\r\n\r\nenough")
        await writer.drain()
        await reader.read()

    size = 20_000_000
    async with client_of(refuse, limit=size) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        client.send(b"x" * size)
        response = await client.response()
        assert (response.status, response.body) == (413, b"enough")
