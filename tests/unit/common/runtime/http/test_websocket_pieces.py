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


def connected(ear: Ear) -> tuple[WebSocketConnection, Sent]:
    transport = Sent()
    home = Listener(ScriptedApp(), ServerLimits(), asyncio.get_running_loop())
    return WebSocketConnection(home, transport, ear, LIMITS), transport


async def turns() -> None:
    """As many turns of the loop as anything here takes."""
    for _ in range(20):
        await asyncio.sleep(0)


async def heard(*reads: bytes) -> tuple[Ear, Sent]:
    """What a listener hears of these reads."""
    ear = Ear(echo=False)
    connection, transport = connected(ear)
    for data in reads:
        connection.data_received(data)
    await turns()
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


async def test_what_was_read_of_a_peer_that_does_not_read_is_heard_when_it_does() -> None:
    ear = Ear(echo=False)
    connection, _ = connected(ear)
    connection.data_received(frame(TEXT, b"x") * 100)
    connection.pause_writing()
    await turns()
    before = len(ear.heard)
    connection.data_received(frame(TEXT, b"y"))
    await turns()
    assert len(ear.heard) == before < 100
    connection.resume_writing()
    connection.pause_writing()
    connection.resume_writing()
    await turns()
    assert ear.heard == [b"x"] * 100 + [b"y"]
    connection.connection_lost(None)


async def test_a_listener_that_fills_the_buffer_hears_no_more_in_that_turn() -> None:
    class Filling(Ear):
        @override
        def message(self, text: bytes) -> None:
            super().message(text)
            connection.pause_writing()

    ear = Filling(echo=False)
    connection, _ = connected(ear)
    connection.data_received(frame(TEXT, b"x") * 10)
    for number in range(1, 11):
        assert len(ear.heard) == number
        connection.resume_writing()
        await turns()
    connection.connection_lost(None)
