"""Frames that come in any pieces, and bytes that are none, without a network."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.server import Listener
from mcpgateway.common.runtime.http.websocket_connection import SocketLimits, WebSocketConnection
from support.http import ScriptedApp
from support.websockets import CONTINUED, PING, TEXT, Ear, frame

LIMITS = SocketLimits(message_bytes=1_000, close_seconds=1)


class Sent(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""
        self.closed = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.data += data

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def is_closing(self) -> bool:
        return self.closed

    @override
    def pause_reading(self) -> None: ...

    @override
    def resume_reading(self) -> None: ...

    @override
    def close(self) -> None:
        self.closed = True

    abort = close


async def heard(*reads: bytes) -> tuple[Ear, Sent]:
    """What a listener hears of these reads, in as many turns of the loop as that takes."""
    ear, transport = Ear(echo=False), Sent()
    home = Listener(ScriptedApp(), ServerLimits(), asyncio.get_running_loop())
    connection = WebSocketConnection(home, transport, ear, LIMITS)
    for data in reads:
        connection.data_received(data)
    for _ in range(20):
        await asyncio.sleep(0)
    connection.connection_lost(None)
    assert ear.ends == 1
    return ear, transport


@st.composite
def messages(draw: st.DrawFn) -> tuple[list[bytes], bytes]:
    """Texts, and their frames: in fragments, with pings between them."""
    texts = draw(st.lists(st.text(max_size=40), max_size=30))
    wire = b""
    for text in texts:
        raw = text.encode()
        cuts = sorted(draw(st.lists(st.integers(0, len(raw)), max_size=3)))
        parts = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
        for number, part in enumerate(parts):
            final = number == len(parts) - 1
            wire += frame(CONTINUED if number else TEXT, part, final=final)
            if draw(st.booleans()):
                wire += frame(PING, b"p")
    return [text.encode() for text in texts], wire


@given(messages(), st.lists(st.integers(0, 2_000), max_size=8))
def test_messages_are_the_same_however_they_are_cut(
    sent: tuple[list[bytes], bytes], cuts: list[int]
) -> None:
    texts, wire = sent
    places = sorted(min(cut, len(wire)) for cut in cuts)
    reads = [wire[a:b] for a, b in zip([0, *places], [*places, len(wire)], strict=True)]
    ear, _ = asyncio.run(heard(*reads))
    assert ear.heard == texts


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_any_bytes_end_in_silence_or_in_a_close(reads: list[bytes]) -> None:
    _, transport = asyncio.run(heard(*reads))
    assert transport.data == b"" or transport.data[0] in (0x88, 0x8A)
