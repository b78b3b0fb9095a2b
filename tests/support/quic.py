"""An HTTP/3 client that sends what it is told and keeps what it hears."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent, StreamReset
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from typing_extensions import override

from support.http import DEADLINE
from support.tls_door import OpenDoor


@dataclass
class Heard:
    """What came on one stream."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    reset: int | None = None


class H3Client(QuicConnectionProtocol):
    """See `h3_client`."""

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]  # aioquic's own
        self.h3 = H3Connection(self._quic)
        self.streams: dict[int, Heard] = {}
        self.terminated: ConnectionTerminated | None = None
        self._news = asyncio.Event()

    @override
    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, StreamReset):
            self.streams[event.stream_id].reset = event.error_code
        elif isinstance(event, ConnectionTerminated):
            self.terminated = event
        for heard in self.h3.handle_event(event):
            self._hear(heard)
        self._news.set()

    def _hear(self, event: H3Event) -> None:
        if not isinstance(event, HeadersReceived | DataReceived):
            return
        stream = self.streams[event.stream_id]
        stream.ended = event.stream_ended
        if isinstance(event, DataReceived):
            stream.body += event.data
        else:
            stream.headers = {n.decode(): v.decode("latin-1") for n, v in event.headers}
            stream.status = int(stream.headers.pop(":status"))

    def request(
        self,
        *headers: tuple[bytes, bytes],
        path: bytes = b"/",
        body: bytes | None = b"",
        method: bytes = b"POST",
    ) -> int:
        """Starts a stream; `body` None leaves it open."""
        head = [(b":method", method), (b":scheme", b"https"), (b":authority", b"localhost")]
        return self.send_head([*head, (b":path", path), *headers], body)

    def send_head(self, head: list[tuple[bytes, bytes]], body: bytes | None = b"") -> int:
        stream_id = self._quic.get_next_available_stream_id()
        self.streams[stream_id] = Heard()
        self.h3.send_headers(stream_id, head, end_stream=body == b"")
        if body:
            self.h3.send_data(stream_id, body, end_stream=True)
        self.transmit()
        return stream_id

    def send(self, stream_id: int, data: bytes, *, last: bool = False) -> None:
        self.h3.send_data(stream_id, data, end_stream=last)
        self.transmit()

    def send_raw(self, data: bytes) -> int:
        """On a new stream, whatever it means."""
        stream_id = self._quic.get_next_available_stream_id()
        self.streams[stream_id] = Heard()
        self._quic.send_stream_data(stream_id, data)
        self.transmit()
        return stream_id

    def reset(self, stream_id: int) -> None:
        self._quic.reset_stream(stream_id, 0x10C)
        self._quic.stop_stream(stream_id, 0x10C)
        self.transmit()

    async def response(self, stream_id: int) -> Heard:
        """When it is whole, or was cut off."""
        stream = self.streams[stream_id]
        await self._until(lambda: stream.ended or stream.reset is not None)
        return stream

    async def body(self, stream_id: int, size: int) -> bytes:
        """As soon as so much of it is there."""
        stream = self.streams[stream_id]
        await self._until(lambda: len(stream.body) >= size)
        return stream.body

    async def until_terminated(self) -> int:
        """The error code."""
        await self._until(lambda: False)
        assert self.terminated is not None
        return self.terminated.error_code

    async def _until(self, condition: object) -> None:
        assert callable(condition)
        async with asyncio.timeout(DEADLINE):
            while not condition() and self.terminated is None:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def h3_client(opened: OpenDoor) -> AsyncIterator[H3Client]:
    quic = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=True, server_name="localhost")
    quic.load_verify_locations(cafile=str(opened.files.certificate))
    port = opened.door.port
    async with connect(
        "127.0.0.1", port, configuration=quic, create_protocol=H3Client, wait_connected=True
    ) as protocol:
        yield cast(H3Client, protocol)


def shown_certificate(client: QuicConnectionProtocol) -> bytes:
    """PEM of what the server showed."""
    shown = cast(x509.Certificate, client._quic.tls._peer_certificate)
    return shown.public_bytes(Encoding.PEM)
