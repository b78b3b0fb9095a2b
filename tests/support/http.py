"""HTTP for tests: a raw client that sends exact bytes, and a free port."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

DEADLINE = 5.0  # seconds; a wait that takes longer is a failure


def free_port() -> int:
    """A loopback port that was free a moment ago. Prefer port 0 where the server can tell."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class RawResponse:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        for key, value in self.headers:
            if key == name:
                return value
        return None


class RawClient:
    """A connection that writes what it is told and reads responses one by one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> RawResponse:
        """The next response head; the body is left unread."""
        raw = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), DEADLINE)
        line, *lines = raw.decode("latin-1").split("\r\n")[:-2]
        headers = [(name.lower(), value.strip()) for name, _, value in _parted(lines)]
        return RawResponse(int(line.split(" ")[1]), headers, b"")

    async def response(self, method: str = "POST") -> RawResponse:
        """The next response, with its body whichever way it is framed."""
        head = await self.head()
        if method == "HEAD" or head.status in (100, 204, 304):
            return head
        return RawResponse(head.status, head.headers, await self._body(head))

    async def _body(self, head: RawResponse) -> bytes:
        length = head.header("content-length")
        if length is not None:
            return await self.exactly(int(length))
        if head.header("transfer-encoding") == "chunked":
            return b"".join([chunk async for chunk in self.chunks()])
        return await self.rest()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The chunks of a chunked body, as they were framed."""
        while True:
            size = int(await asyncio.wait_for(self.reader.readuntil(b"\r\n"), DEADLINE), 16)
            data = await self.exactly(size + 2)
            if size == 0:
                return
            yield data[:-2]

    async def exactly(self, size: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(size), DEADLINE)

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        return await asyncio.wait_for(self.reader.read(), DEADLINE)

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass  # the peer was faster


def _parted(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in lines]


@asynccontextmanager
async def raw_client(port: int, host: str = "127.0.0.1") -> AsyncIterator[RawClient]:
    client = RawClient(*await asyncio.open_connection(host, port))
    try:
        yield client
    finally:
        await client.close()
