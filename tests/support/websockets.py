"""A WebSocket client by hand: exact bytes, and a listener that keeps what it hears."""

import asyncio
import struct
from typing import NamedTuple

from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.websocket import WebSocket
from support.http import DEADLINE, RawClient, RawResponse

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_MASK = b"\x11\x22\x33\x44"


def handshake(
    *more: bytes, path: bytes = b"/ws", without: bytes = b"", method: bytes = b"GET"
) -> bytes:
    """The request, with header lines more or (those that begin so) less."""
    lines = [
        method + b" " + path + b" HTTP/1.1",
        b"Host: localhost",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: " + KEY,
    ]
    kept = [line for line in lines if not (without and line.startswith(without))]
    return b"\r\n".join([*kept, *more, b"", b""])


def frame(
    opcode: int, payload: bytes = b"", *, final: bool = True, masked: bool = True, bits: int = 0
) -> bytes:
    """One frame as a client sends it. `bits` are the reserved ones (0x10 to 0x70)."""
    size = len(payload)
    mask = 0x80 if masked else 0
    head = bytes([(0x80 if final else 0) | bits | opcode])
    if size < 126:
        head += bytes([mask | size])
    elif size < 1 << 16:
        head += bytes([mask | 126]) + struct.pack("!H", size)
    else:
        head += bytes([mask | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    keys = (_MASK * (size // 4 + 1))[:size]
    body = int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")
    return head + _MASK + body.to_bytes(size, "big")


def closing(code: int) -> bytes:
    return frame(CLOSE, struct.pack("!H", code))


class Frame(NamedTuple):
    opcode: int
    payload: bytes

    @property
    def code(self) -> int:
        """Of a close frame."""
        return int.from_bytes(self.payload[:2], "big")


async def next_frame(client: RawClient) -> Frame:
    """The server's next frame, which is whole and not masked."""
    first, second = await client.exactly(2)
    assert first & 0xF0 == 0x80, "fragmented, or with reserved bits"
    size = second
    if second == 126:
        size = int.from_bytes(await client.exactly(2), "big")
    elif second == 127:
        size = int.from_bytes(await client.exactly(8), "big")
    assert second & 0x80 == 0, "a server masks nothing"
    return Frame(first & 0x0F, await client.exactly(size))


async def opened(client: RawClient, *more: bytes, behind: bytes = b"") -> RawResponse:
    """Shakes hands, with bytes right behind."""
    client.send(handshake(*more) + behind)
    head = await client.head()
    assert head.status == 101
    return head


class Ear:
    """A WebSocketListener. `answer` None: keep silent; else each message is sent back."""

    def __init__(self, *, echo: bool = True) -> None:
        self.heard: list[bytes] = []
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()
        self.ends = 0
        self.over = asyncio.Event()
        self.opened = asyncio.Event()
        self.socket: WebSocket | None = None
        self._echo = echo

    def take(self, exchange: Exchange) -> None:
        """What an application does with an exchange: it becomes a socket, or is answered 426."""
        self.socket = exchange.websocket(self, subprotocol="mcp")
        if self.socket is None:
            exchange.respond(426, [(b"upgrade", b"websocket")], b"no handshake")
        else:
            self.opened.set()

    def message(self, text: bytes) -> None:
        self.heard.append(text)
        self.messages.put_nowait(text)
        if self._echo and self.socket is not None:
            self.socket.send(text)

    def closed(self) -> None:
        self.ends += 1
        self.over.set()

    async def next(self) -> bytes:
        return await asyncio.wait_for(self.messages.get(), DEADLINE)

    async def ended(self) -> None:
        await asyncio.wait_for(self.over.wait(), DEADLINE)

    @property
    def open_socket(self) -> WebSocket:
        assert self.socket is not None
        return self.socket
