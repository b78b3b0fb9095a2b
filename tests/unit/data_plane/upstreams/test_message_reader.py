"""Reading a response as messages: framing, silence, and the end of interest."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.errors import GatewayError, UpstreamTimeout
from mcpgateway.data_plane.upstreams.faults import Refusal
from mcpgateway.data_plane.upstreams.message_reader import MessageReader

EVENTS = [(b"content-type", b"text/event-stream; charset=utf-8")]


class Heard:
    """A Listener; `last` is the message after which nothing more is wanted."""

    def __init__(self, last: bytes = b"") -> None:
        self.messages: list[bytes] = []
        self.ends: list[object] = []
        self.over = asyncio.Event()
        self._last = last

    def message(self, raw: bytes) -> bool:
        self.messages.append(raw)
        return raw == self._last

    def refused(self, refusal: Refusal) -> None:
        self._end(refusal)

    def ended(self) -> None:
        self._end("ended")

    def failed(self, error: GatewayError) -> None:
        self._end(error)

    def _end(self, how: object) -> None:
        self.ends.append(how)
        self.over.set()


class Ticket:
    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def pause(self) -> None:
        pass

    def resume(self) -> None:
        pass


def reader(heard: Heard, silence: float = 60) -> MessageReader:
    found = MessageReader("time", heard, silence)
    found.ticket = Ticket()
    return found


@given(st.lists(st.integers(1, 12), max_size=12))
def test_any_chunking_of_a_stream_gives_the_same_messages(sizes: list[int]) -> None:
    async def read() -> Heard:
        heard = Heard()
        it = reader(heard)
        it.head(200, EVENTS)
        rest = b": comment\n\nid: 1\ndata:\n\ndata: one\n\nevent: other\ndata: x\n\ndata: two\n\n"
        for size in sizes:
            it.chunk(rest[:size])
            rest = rest[size:]
        it.chunk(rest)
        it.done()
        return heard

    heard = asyncio.run(read())
    assert heard.messages == [b"one", b"two"]
    assert heard.ends == ["ended"]


async def test_after_the_last_message_nothing_more_is_heard() -> None:
    heard = Heard(last=b"one")
    it = reader(heard)
    it.head(200, EVENTS)
    it.chunk(b"data: one\n\ndata: two\n\n")
    it.chunk(b"data: three\n\n")
    it.done()
    assert (heard.messages, heard.ends) == ([b"one"], [])


async def test_signs_of_life_are_no_messages_but_a_paused_stream_may_be_silent() -> None:
    paused, silent = Heard(), Heard()
    first, second = reader(paused, silence=0.02), reader(silent, silence=0.02)
    for it in (first, second):
        it.head(200, EVENTS)
        it.chunk(b": ping\n\n")
    first.pause()
    await asyncio.wait_for(silent.over.wait(), 5)
    assert isinstance(silent.ends[0], UpstreamTimeout)
    assert isinstance(second.ticket, Ticket)
    assert second.ticket.cancelled
    assert paused.ends == []
    first.resume()
    await asyncio.wait_for(paused.over.wait(), 5)


async def test_a_cancelled_response_is_never_late() -> None:
    cancelled, other = Heard(), Heard()
    first, second = reader(cancelled, silence=0.02), reader(other, silence=0.02)
    for it in (first, second):
        it.head(200, EVENTS)
    first.cancel()
    await asyncio.wait_for(other.over.wait(), 5)
    assert cancelled.ends == []


@pytest.mark.parametrize("status", [202, 301, 404, 500])
async def test_a_refusal_keeps_its_status_and_the_beginning_of_its_body(status: int) -> None:
    heard = Heard()
    it = reader(heard)
    it.head(status, [(b"content-type", b"Text/Plain"), (b"location", b"/x")])
    it.chunk(b"a" * 60_000)
    it.chunk(b"b" * 60_000)
    it.done()
    assert heard.ends == [Refusal(status, "text/plain", "/x", b"a" * 60_000)]
