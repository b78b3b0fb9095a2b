"""What HTTP/2 and HTTP/3 share: a stream's bytes on their way to its application, and budgets."""

import asyncio

import pytest

from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.data_plane.doors.streams import (
    RESETS,
    Incoming,
    Resets,
    Streams,
    make_config,
    unusable,
)


def body(data: bytes, *, more: bool = True) -> dict[str, object]:
    return {"type": "http.request", "body": data, "more_body": more}


async def put(incoming: Incoming, *messages: dict[str, object]) -> None:
    for message in messages:
        await incoming.put(message)  # type: ignore[arg-type]  # Hypercorn's typed dictionaries


async def test_small_pieces_are_taken_as_one() -> None:
    incoming = Incoming()
    await put(incoming, body(b"a"), body(b"b"))
    assert incoming.size == 2
    assert await incoming.receive() == body(b"ab")
    assert incoming.size == 0


async def test_the_end_comes_with_the_last_piece_and_once() -> None:
    incoming = Incoming()
    await put(incoming, body(b"a"), body(b"", more=False))
    assert incoming.complete
    assert await incoming.receive() == body(b"a", more=False)
    waiting = asyncio.create_task(incoming.receive())
    await asyncio.sleep(0)
    assert not waiting.done()
    await put(incoming, {"type": "http.disconnect"})
    assert await waiting == {"type": "http.disconnect"}


async def test_an_empty_body_has_an_end() -> None:
    incoming = Incoming()
    await put(incoming, body(b"", more=False))
    assert await incoming.receive() == body(b"", more=False)


async def test_a_peer_that_is_gone_is_told_before_what_it_sent() -> None:
    incoming = Incoming()
    await put(incoming, body(b"a"), {"type": "http.disconnect"})
    assert await incoming.receive() == {"type": "http.disconnect"}


async def test_the_protocol_hears_when_the_application_has_taken_what_came() -> None:
    taken: list[int] = []

    async def note() -> None:
        taken.append(incoming.size)

    incoming = Incoming(note)
    await put(incoming, body(b"abc"))
    assert taken == []
    await incoming.receive()
    assert taken == [0]


async def test_resets_are_counted_within_a_while() -> None:
    resets = Resets()
    assert [resets.too_many() for _ in range(RESETS + 1)] == [False] * RESETS + [True]


async def test_frames_for_a_stream_that_is_over_are_for_nobody() -> None:
    await Streams()[7].handle(object())
    assert Streams() == {}


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ([(b":method", b"GET"), (b":path", b"/")], None),
        ([(b":method", b"CONNECT"), (b":authority", b"a")], b"501"),
        ([(b":method", b"GET"), (b":path", b"/\xff")], b"400"),
        ([(b":method", b"G\xff"), (b":path", b"/")], b"400"),
    ],
)
def test_a_head_that_makes_no_scope_has_a_status(
    head: list[tuple[bytes, bytes]], status: bytes | None
) -> None:
    assert unusable(head) == status


def test_heads_that_are_answered_431_are_still_read() -> None:
    limits = ServerLimits(header_bytes=1000)
    assert make_config(limits).h2_max_header_list_size > limits.header_bytes
