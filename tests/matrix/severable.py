"""A line to an address that a test can cut: whoever comes again gets through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

CHUNK = 64 * 1024


class Severable:
    """`resumed` counts connections that asked for what came after an event."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()
        self.address = ""
        self.resumed = 0

    def cut(self) -> None:
        """Resets every connection that is open."""
        for writer in list(self._open):
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
            ends = {writer, far_writer}
            self._open |= ends
            pumps = [
                asyncio.create_task(self._pump(reader, far_writer)),
                asyncio.create_task(self._pump(far_reader, writer)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)
            self._open -= ends
            far_writer.close()
        writer.close()

    async def _pump(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await source.read(CHUNK):
                self.resumed += b"last-event-id:" in chunk.lower()
                to.write(chunk)
                await to.drain()


@asynccontextmanager
async def severable(address: str) -> AsyncIterator[Severable]:
    """`address`: `host:port`."""
    host, _, port = address.rpartition(":")
    line = Severable(host, int(port))
    server = await asyncio.start_server(line.accept, "127.0.0.1", 0)
    line.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
        line.cut()
