"""HTTP/3 on a UDP port, by Hypercorn's protocol over aioquic, with the ASGI door's application.

aioquic's server keeps the connections and checks that a client is where it says it is (a retry
costs it one round trip). What Hypercorn leaves open is mended here; each has a test.

- A stream that is reset, and a connection that ends, tell the application that the peer is gone.
- A response that is cut off resets its stream, a request that was answered early is told to stop.
- What waits for a slow reader is bounded. A head over the limit, and a body that its application
  does not take in time, are refused: QUIC's windows can not be held back from here.
- Streams at a time are bounded, and how many of them a peer may reset.
- Draining refuses new requests with the code that lets clients send them elsewhere.
- The certificate of a changed file is shown to new connections.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import cast

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.h3.connection import H3_ALPN, ErrorCode
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import (
    ConnectionTerminated,
    ProtocolNegotiated,
    QuicEvent,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol.events import Body, EndBody, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h3 import H3Protocol
from hypercorn.typing import AppWrapper, ConnectionState, TaskGroup
from typing_extensions import override

from mcpgateway.common.runtime.http.server_home import Home
from mcpgateway.common.runtime.server_tls import TlsFiles
from mcpgateway.data_plane.doors.asgi import AsgiApplication
from mcpgateway.data_plane.doors.certificates import Certificates
from mcpgateway.data_plane.doors.streams import (
    CONCURRENT_STREAMS,
    Incoming,
    Resets,
    Streams,
    StreamTasks,
    unusable,
)

log = logging.getLogger(__name__)

WAITING_BYTES = 1024 * 1024  # of a body that its application has not taken; over: cut off
UNSENT_BYTES = 64 * 1024  # of a response that the peer has not acknowledged; over: it waits
EVENTS = 10_000  # of a connection, to be handled; over: the connection is closed
WHOLE = -1
TICK = 15.0  # seconds between pings while a stream is open, which keep the connection


async def listen(
    home: Home, config: Config, where: tuple[str, int], certificates: Certificates
) -> QuicServer:
    """Listen on a UDP port; connections become guests of `home`. Raises OSError, and ValueError
    for a certificate that aioquic can not use."""
    quic = QuicConfiguration(
        alpn_protocols=H3_ALPN, is_client=False, idle_timeout=home.limits.idle_seconds
    )
    load = partial(_load, quic, certificates.files)
    load()
    certificates.on_change(load)
    _, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: QuicServer(
            configuration=quic,
            create_protocol=partial(_Datagrams, home, config),
            retry=True,
        ),
        local_addr=where,
        reuse_port=True,
    )
    return server


def _load(quic: QuicConfiguration, files: TlsFiles) -> None:
    """Into the configuration that is in use: connections read it when they begin."""
    chain = x509.load_pem_x509_certificates(files.certificate.read_bytes())
    key = files.key.read_bytes()
    encrypted = b"ENCRYPTED" in key
    private = load_pem_private_key(key, files.password.encode() if encrypted else None)
    quic.certificate, quic.certificate_chain, quic.private_key = chain[0], chain[1:], private


class _Datagrams(QuicConnectionProtocol):
    """aioquic's side of one connection: hands its events on."""

    def __init__(
        self, home: Home, config: Config, quic: QuicConnection, stream_handler: object = None
    ) -> None:
        super().__init__(quic)
        self._home = home
        self._config = config
        self._connection: H3Connection | None = None

    @override
    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ProtocolNegotiated) and self._connection is None:
            self._connection = H3Connection(self._home, self._config, self._quic, self.transmit)
        if self._connection is not None:
            self._connection.take(event)

    @override
    def datagram_received(self, data: bytes | str, addr: object) -> None:
        super().datagram_received(data, addr)
        self._home.counts.received += len(data)
        if self._connection is not None:
            self._connection.heard()


class H3Connection(StreamTasks):
    """One connection: handles its events in a task. A `Guest` of its listener."""

    def __init__(
        self, home: Home, config: Config, quic: QuicConnection, transmit: Callable[[], None]
    ) -> None:
        super().__init__(AsgiApplication(home))
        self._home = home
        self._quic = quic
        self._transmit = transmit
        self._events: deque[QuicEvent] = deque()
        self._news = asyncio.Event()
        self._over = False
        self._idle_since = self._now()
        self._protocol = _Protocol(self, config, quic)
        self._running = asyncio.get_running_loop().create_task(self._run())

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def take(self, event: QuicEvent) -> None:
        self._events.append(event)
        self._news.set()
        if len(self._events) > EVENTS:
            self.finish(ErrorCode.H3_EXCESSIVE_LOAD)

    def heard(self) -> None:
        """The peer may have acknowledged something."""
        self._protocol.acknowledged()

    async def _run(self) -> None:
        try:
            if not self._home.admit(self):
                self.finish(ErrorCode.H3_NO_ERROR)
            self.spawn(self._tick)
            while not self._over:
                self._news.clear()
                await self._handle_all()
                await self._news.wait()
        except Exception:
            log.exception("an HTTP/3 connection failed")
            self.finish(ErrorCode.H3_INTERNAL_ERROR)
        finally:
            await self._protocol.leave()
            await self.end_tasks()
            self._home.leave(self)

    async def _handle_all(self) -> None:
        while self._events and not self._over:
            event = self._events.popleft()
            if isinstance(event, ConnectionTerminated):
                self._over = True
                self._news.set()
            else:
                await self._protocol.handle(event)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            if self._protocol.streams:
                self._quic.send_ping(0)
                self._transmit()
            elif self._now() - self._idle_since > self._home.limits.idle_seconds:
                self.finish(ErrorCode.H3_NO_ERROR)

    # What the protocol asks.

    @property
    def draining(self) -> bool:
        return self._home.draining

    @property
    def limit(self) -> int:
        """Bytes of a head, encoded."""
        return 2 * self._home.limits.header_bytes

    async def flush(self) -> None:
        self._transmit()

    def stream_over(self) -> None:
        self._idle_since = self._now()
        if self._home.draining and not self._protocol.streams:
            self.finish(ErrorCode.H3_NO_ERROR)

    def finish(self, code: int) -> None:
        """Close the connection; what was not acknowledged is lost."""
        if not self._over:
            self._over = True
            self._news.set()
            self._quic.close(error_code=code)
            self._transmit()

    @override
    def incoming(self, stream_id: int) -> Incoming:
        return self._protocol.incoming(stream_id)

    @override
    async def reset(self, stream_id: int) -> None:
        await self._protocol.cut(stream_id, ErrorCode.H3_INTERNAL_ERROR)

    # What the listener asks (`Guest`).

    def drain(self) -> None:
        if not self._protocol.streams:
            self.finish(ErrorCode.H3_NO_ERROR)

    def abort(self) -> None:
        self.finish(ErrorCode.H3_NO_ERROR)


class _Protocol(H3Protocol):
    """Hypercorn's, mended as the module says."""

    def __init__(self, tasks: H3Connection, config: Config, quic: QuicConnection) -> None:
        peer = quic.get_peer_address()
        super().__init__(
            app=cast(AppWrapper, None),  # the tasks know it
            config=config,
            context=WorkerContext(None),
            task_group=cast(TaskGroup, tasks),
            state=ConnectionState({}),
            client=None if peer is None else (peer[0], peer[1]),
            server=None,
            quic=quic,
            send=tasks.flush,
        )
        self.state["kept"] = {}
        self._tasks = tasks
        self._quic = quic
        self.streams = Streams()
        self._incoming: dict[int, Incoming] = {}
        self._heads: dict[int, int] = {}  # bytes of a stream's head so far, or WHOLE
        self._acknowledged = asyncio.Event()
        self._resets = Resets()

    def incoming(self, stream_id: int) -> Incoming:
        made = self._incoming[stream_id] = Incoming()
        return made

    def acknowledged(self) -> None:
        self._acknowledged.set()

    @override
    async def handle(self, quic_event: QuicEvent) -> None:
        if isinstance(quic_event, StreamDataReceived):
            await self._data(quic_event)
        else:
            await super().handle(quic_event)
        if isinstance(quic_event, StreamReset | StopSendingReceived):
            self._heads.pop(quic_event.stream_id, None)
            if quic_event.stream_id in self.streams:
                await self.cut(quic_event.stream_id, ErrorCode.H3_REQUEST_CANCELLED)
                if self._resets.too_many():
                    self._tasks.finish(ErrorCode.H3_EXCESSIVE_LOAD)

    async def _data(self, event: StreamDataReceived) -> None:
        stream_id = event.stream_id
        head = self._heads.get(stream_id, 0)
        if head != WHOLE:
            self._heads[stream_id] = head + len(event.data)
        await super().handle(event)
        if event.end_stream:
            self._heads.pop(stream_id, None)
        elif stream_id % 4 == 0 and self._heads[stream_id] > self._tasks.limit:
            self._tasks.finish(ErrorCode.H3_EXCESSIVE_LOAD)
        incoming = self._incoming.get(stream_id)
        if incoming is not None and incoming.size > WAITING_BYTES:
            await self.cut(stream_id, ErrorCode.H3_EXCESSIVE_LOAD)

    @override
    async def _create_stream(self, request: HeadersReceived) -> None:
        stream_id = request.stream_id
        if all(name != b":method" for name, _ in request.headers):
            return  # trailers
        self._heads[stream_id] = WHOLE
        self._tasks.opening = stream_id
        if self._tasks.draining or len(self.streams) >= CONCURRENT_STREAMS:
            await self.cut(stream_id, ErrorCode.H3_REQUEST_REJECTED)
        elif (status := unusable(request.headers)) is not None:
            self.connection.send_headers(stream_id, [(b":status", status)], end_stream=True)
            self._stop_reading(stream_id)
            await self.send()
        else:
            await super()._create_stream(request)

    @override
    async def stream_send(self, event: StreamEvent) -> None:
        stream_id = event.stream_id
        if stream_id not in self.streams:
            return
        await super().stream_send(event)
        if isinstance(event, Body):
            await self._until_taken(stream_id, UNSENT_BYTES)
        elif isinstance(event, EndBody):
            await self._until_taken(stream_id, 0)
        elif isinstance(event, StreamClosed):
            self._forget(stream_id)

    async def _until_taken(self, stream_id: int, high: int) -> None:
        while stream_id in self.streams and self._unsent(stream_id) > high:
            self._acknowledged.clear()
            await self._acknowledged.wait()

    def _unsent(self, stream_id: int) -> int:
        """Bytes that aioquic keeps of what was sent on a stream. It has no public word for it."""
        stream = self._quic._streams.get(stream_id)
        return 0 if stream is None else stream.sender._buffer_stop - stream.sender._buffer_start

    def _forget(self, stream_id: int) -> None:
        incoming = self._incoming.pop(stream_id, None)
        if incoming is not None and not incoming.complete:
            self._stop_reading(stream_id)
        self._tasks.stream_over()

    def _stop_reading(self, stream_id: int) -> None:
        if stream_id in self._quic._streams:
            self._quic.stop_stream(stream_id, ErrorCode.H3_NO_ERROR)

    async def cut(self, stream_id: int, code: int) -> None:
        """Reset what is left of a stream in both directions; its application hears of it."""
        self._quic.reset_stream(stream_id, code)
        self._stop_reading(stream_id)
        await self._drop(stream_id)
        await self.send()

    async def _drop(self, stream_id: int) -> None:
        stream = self.streams.pop(stream_id, None)
        if stream is not None:
            await stream.handle(StreamClosed(stream_id=stream_id))
            self._incoming.pop(stream_id, None)
            self._acknowledged.set()
            self._tasks.stream_over()

    async def leave(self) -> None:
        """The connection is over."""
        for stream_id in list(self.streams):
            await self._drop(stream_id)
