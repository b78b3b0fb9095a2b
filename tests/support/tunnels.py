"""`mcpgateway tunnel` as a user starts it, and a network in between that a test can break."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from support.suite import clean_environ

CHUNK = 64 * 1024


class Network:
    """A TCP proxy on loopback. `cut()` drops what is connected; `down` refuses who comes."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self.down = False
        self.accepted = 0
        self.port = 0

    @property
    def connections(self) -> int:
        return len(self._writers) // 2

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.transport.abort()
            return
        self.accepted += 1
        to_reader, to = await asyncio.open_connection(self._host, self._port)
        self._writers |= {writer, to}
        try:
            await asyncio.gather(_copy(reader, to), _copy(to_reader, writer))
        finally:
            self._writers -= {writer, to}
            writer.transport.abort()
            to.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def network(port: int) -> AsyncIterator[Network]:
    """A way to that port of this machine."""
    made = Network("127.0.0.1", port)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.cut()
        server.close()


class TunnelProcess:
    """The running command. `lines` are what it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    def said(self, words: str) -> int:
        return sum(words in line for line in self.lines)

    async def read(self) -> None:
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            self.lines.append(raw.decode(errors="replace").rstrip())

    async def stop(self) -> int:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            return await self.process.wait()


@asynccontextmanager
async def tunnel(
    url: str, token: str, gateway: str, command: str, **environ: str
) -> AsyncIterator[TunnelProcess]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcpgateway.cli", "tunnel", "--url", url),
        *("--gateway", gateway, "--stdio", command),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**clean_environ(), "MCPGATEWAY_TOKEN": token, **environ},
    )
    made = TunnelProcess(process)
    reading = asyncio.create_task(made.read())
    try:
        yield made
    finally:
        await made.stop()
        await reading
