"""HTTP for tests: a raw client that sends exact bytes, an application and an upstream by script."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Self

from mcpgateway.cli.embedded import ports
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.exchange import Application, BodyPlan, Exchange, ServerLimits
from mcpgateway.common.runtime.http.server import Listener

DEADLINE = 30.0  # seconds; a wait that takes longer is a failure


def free_port() -> int:
    """A loopback port that was free a moment ago, and that no outgoing connection gets. Prefer
    port 0 where the server can tell."""
    return ports.free()


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
        """Without waiting for a peer that does not read."""
        if self.writer.transport.get_write_buffer_size():
            self.writer.transport.abort()
        self.writer.close()
        with suppress(ConnectionError):  # the peer was faster
            await self.writer.wait_closed()


def _parted(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in lines]


@asynccontextmanager
async def raw_client(port: int, host: str = "127.0.0.1") -> AsyncIterator[RawClient]:
    client = RawClient(*await asyncio.open_connection(host, port))
    try:
        yield client
    finally:
        await client.close()


def echo(exchange: Exchange) -> None:
    """Answer with what came: method, path, and body."""
    exchange.respond(200, [(b"x-path", exchange.path.encode())], exchange.body)


class ScriptedApp:
    """An application that keeps what it was asked and answers by a function.

    `heads` and `handled` count what the server showed; `asked` is a queue of handled exchanges, so
    that a test can answer them by hand (pass `answer=None`).
    """

    def __init__(
        self,
        answer: Callable[[Exchange], None] | None = echo,
        plan: Callable[[Exchange], BodyPlan | None] | None = None,
        *,
        limit: int = 1 << 20,
        stream: bool = False,
    ) -> None:
        self._answer = answer
        self._plan = plan
        self._default = BodyPlan(limit, stream)
        self.heads: list[Exchange] = []
        self.handled: list[Exchange] = []
        self.asked: asyncio.Queue[Exchange] = asyncio.Queue()

    def head(self, exchange: Exchange) -> BodyPlan | None:
        self.heads.append(exchange)
        return self._default if self._plan is None else self._plan(exchange)

    def handle(self, exchange: Exchange) -> None:
        self.handled.append(exchange)
        self.asked.put_nowait(exchange)
        if self._answer is not None:
            self._answer(exchange)

    async def next(self) -> Exchange:
        """The next exchange that reached `handle`."""
        return await asyncio.wait_for(self.asked.get(), DEADLINE)


@asynccontextmanager
async def serving(
    app: Application, limits: ServerLimits | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Listener]:
    listener = await Listener.open(app, "127.0.0.1", 0, limits, ssl=tls)
    try:
        yield listener
    finally:
        await listener.close()


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class BadServer:
    """An upstream that misbehaves on demand: the n-th connection runs the n-th script (the last
    one again for the rest), then is closed. `connections` counts them, `open` those that are."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    @property
    def open(self) -> int:
        return len(self._tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts[min(self.connections, len(self._scripts) - 1)]
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._run(script, reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(
        self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left, as some tests want
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """A request's head and, by its Content-Length, body."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.partition(b":")[2]))
    return head


def answers(*responses: bytes, then_close: bool = True) -> Script:
    """One response to each request, in order; then closes, or holds the connection open."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for response in responses:
            await read_request(reader)
            writer.write(response)
            await writer.drain()
        if not then_close:
            await reader.read()

    return script


class Recorder:
    """A receiver that keeps what it hears; `over` is set by done and failed."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.chunks: list[bytes] = []
        self.error: GatewayError | None = None
        self.calls: list[str] = []
        self.started = asyncio.Event()
        self.over = asyncio.Event()

    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.calls.append("head")
        self.status = status
        self.headers = headers
        self.started.set()

    def chunk(self, data: bytes) -> None:
        self.calls.append("chunk")
        self.chunks.append(data)

    def done(self) -> None:
        self.calls.append("done")
        self.over.set()

    def failed(self, error: GatewayError) -> None:
        self.calls.append("failed")
        self.error = error
        self.over.set()

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    async def finished(self) -> "Recorder":
        await asyncio.wait_for(self.over.wait(), DEADLINE)
        return self


@asynccontextmanager
async def talking(app: Application, limits: ServerLimits | None = None) -> AsyncIterator[RawClient]:
    """A raw client of a server of this application."""
    async with serving(app, limits) as listener, raw_client(listener.port) as client:
        yield client
