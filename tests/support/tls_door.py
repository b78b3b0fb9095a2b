"""The TLS door over an application by script, and clients of each protocol that it speaks."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import h2.config
import h2.connection
import h2.events
import httpx2

from mcpgateway.common.runtime.http.exchange import Application, ServerLimits
from mcpgateway.common.runtime.http.server_home import Sockets
from mcpgateway.common.runtime.self_signed import ensure
from mcpgateway.common.runtime.server_tls import TlsFiles
from mcpgateway.data_plane.doors.secure import SecureDoor
from support.http import DEADLINE, RawClient

E = TypeVar("E", bound=h2.events.Event)

H2_HEAD = [
    (":method", "POST"),
    (":scheme", "https"),
    (":authority", "localhost"),
    (":path", "/"),
]


@dataclass
class OpenDoor:
    door: SecureDoor
    files: TlsFiles

    @property
    def url(self) -> str:
        return f"https://localhost:{self.door.port}"

    def trust(self, *protocols: str) -> ssl.SSLContext:
        """A client's context that knows the certificate and offers these by ALPN."""
        context = ssl.create_default_context(cafile=self.files.certificate)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def http(self, *, http2: bool) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=self.url, verify=self.trust(), http1=not http2, http2=http2, timeout=DEADLINE
        )

    @asynccontextmanager
    async def raw(self, *protocols: str) -> AsyncIterator[RawClient]:
        """Bytes over TLS."""
        streams = await asyncio.open_connection(
            "localhost", self.door.port, ssl=self.trust(*protocols)
        )
        client = RawClient(*streams)
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def h2(self) -> AsyncIterator["H2Client"]:
        async with self.raw("h2") as raw:
            client = H2Client(raw)
            client.connection.initiate_connection()
            client.flush()
            yield client


@asynccontextmanager
async def tls_door(
    app: Application,
    folder: Path,
    limits: ServerLimits | None = None,
    *,
    http3: bool = False,
    sockets: Sockets | None = None,
) -> AsyncIterator[OpenDoor]:
    files = ensure(folder / "tls", (), time.time())
    door = await SecureDoor.open(app, files, limits, http3=http3, sockets=sockets)
    await door.publish("127.0.0.1", 0)
    try:
        yield OpenDoor(door, files)
    finally:
        await door.close()


@dataclass
class H2Client:
    """An HTTP/2 client that sends what it is told, frame by frame, and keeps what it hears."""

    raw: RawClient
    connection: h2.connection.H2Connection = field(
        default_factory=lambda: h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=True,
                header_encoding="utf-8",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
    )
    heard: list[h2.events.Event] = field(default_factory=list)
    closed: bool = False
    reading: bool = True  # else no window is given back

    def flush(self) -> None:
        self.raw.send(self.connection.data_to_send())

    def request(self, *headers: tuple[str, str], path: str = "/", body: bytes | None = b"") -> int:
        """Starts a stream; `body` None leaves it open."""
        stream_id = self.connection.get_next_available_stream_id()
        head = [*H2_HEAD[:-1], (":path", path), *headers]
        self.connection.send_headers(stream_id, head, end_stream=body == b"")
        if body:
            self.connection.send_data(stream_id, body, end_stream=True)
        self.flush()
        return stream_id

    async def until(self, kind: type[E], stream_id: int | None = None) -> E:
        """The first event of a kind (of a stream), heard already or to come."""
        while True:
            for event in self.heard:
                if isinstance(event, kind) and _of(event, stream_id):
                    self.heard.remove(event)
                    return event
            assert not self.closed, f"no {kind.__name__} before the end: {self.heard}"
            await self._hear()

    async def until_closed(self) -> None:
        while not self.closed:
            await self._hear()

    async def _hear(self) -> None:
        data = await asyncio.wait_for(self.raw.reader.read(65536), DEADLINE)
        self.closed = not data
        events = self.connection.receive_data(data)
        self.heard += events
        for event in events:
            if self.reading and isinstance(event, h2.events.DataReceived):
                size = event.flow_controlled_length
                self.connection.acknowledge_received_data(size, event.stream_id)
        if not self.closed:
            self.flush()

    async def response(self, stream_id: int) -> tuple[int, dict[str, str], bytes]:
        head = await self.until(h2.events.ResponseReceived, stream_id)
        await self.until(h2.events.StreamEnded, stream_id)
        mine = [event for event in self.heard if _of(event, stream_id)]
        body = b"".join(e.data for e in mine if isinstance(e, h2.events.DataReceived))
        headers = {str(name): str(value) for name, value in head.headers}
        return int(headers.pop(":status")), headers, body


def _of(event: h2.events.Event, stream_id: int | None) -> bool:
    return stream_id is None or getattr(event, "stream_id", None) == stream_id
