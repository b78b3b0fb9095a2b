"""What a connection makes of upstreams that misbehave, one raw server at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from typing_extensions import override

from mcpgateway.common.errors import Bug, UpstreamRejected, UpstreamTimeout
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import Origin, PoolLimits, Timeouts
from mcpgateway.common.runtime.http.client_connection import ClientConnection
from mcpgateway.common.runtime.http.pool import Pool
from support.http import DEADLINE, BadServer, Recorder, Script, answers, read_request
from support.wait import until

POST = b"POST /mcp HTTP/1.1\r\nhost: a\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nhost: a\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def talking(
    *scripts: Script, limits: PoolLimits | None = None, timeouts: Timeouts | None = None
) -> AsyncIterator[tuple[Pool, Origin, BadServer]]:
    async with BadServer(*scripts) as server:
        pool = Pool(limits, timeouts)
        try:
            yield pool, Origin("http", "127.0.0.1", server.port), server
        finally:
            await pool.aclose()


async def answer_to(response: bytes, head: bytes = POST, *, then_close: bool = True) -> Recorder:
    """What a receiver hears when this is all that the upstream sends."""
    script = answers(response, then_close=then_close)
    async with talking(script, timeouts=Timeouts(first_byte=0.2, idle=0.2)) as (pool, origin, _):
        recorder = Recorder()
        pool.send(origin, head, b"{}", recorder)
        return await recorder.finished()


GOOD = {
    "a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\no\r\n1;x\r\nk\r\n0\r\nT: x\r\n\r\n",
        b"ok",
    ),
    "the end of the connection": (b"HTTP/1.1 200 OK\r\n\r\nok", b"ok"),
    "the end of an HTTP/1.0 connection": (b"HTTP/1.0 200 OK\r\n\r\nok", b"ok"),
    "no reason phrase": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "no body": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    "interim responses first": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
        b"ok",
    ),
    "bytes beyond its length": (OK + b"surplus", b"ok"),
    "a second response unasked": (OK + OK, b"ok"),
}


@pytest.mark.parametrize(("response", "body"), GOOD.values(), ids=GOOD.keys())
async def test_a_response_is_taken_however_it_is_framed(response: bytes, body: bytes) -> None:
    recorder = await answer_to(response)
    assert recorder.error is None
    assert (recorder.status, recorder.body) == (200, body)
    assert recorder.calls[0] == "head"
    assert recorder.calls[-1] == "done"


REJECTED = {
    "nothing": (b"", "closed the connection without answering"),
    "half a head": (b"HTTP/1.1 200 OK\r\nX: y", "closed the connection within the response head"),
    "a short body": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        "closed the connection after 2 of 5 body bytes",
    ),
    "a missing last chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        "closed the connection within the body, after 2 bytes",
    ),
    "another protocol": (b"SSH-2.0-OpenSSH\r\n", "not valid HTTP/1.1"),
    "a bad chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n",
        "not valid HTTP/1.1",
    ),
    "two framings": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        "not valid HTTP/1.1",
    ),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "not valid HTTP/1.1",
    ),
    "NUL in a header": (b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", "not valid HTTP/1.1"),
    "a switch of protocols": (
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        "status 101",
    ),
    "a huge head": (
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        "a response head of over 65536 bytes",
    ),
    "a huge header": (
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400_000,
        "a response head of over 65536 bytes",
    ),
    "endless interim responses": (
        b"HTTP/1.1 100 Continue\r\n\r\n" * 40_000,
        "a response head of over 65536 bytes",
    ),
    "framing without data": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 400_000,
        "more framing than data",
    ),
}


@pytest.mark.parametrize(("response", "problem"), REJECTED.values(), ids=REJECTED.keys())
async def test_a_bad_response_is_rejected_with_what_was_wrong(
    response: bytes, problem: str
) -> None:
    recorder = await answer_to(response)
    assert isinstance(recorder.error, UpstreamRejected)
    assert problem in recorder.error.message
    assert "http://127.0.0.1:" in recorder.error.message
    assert recorder.error.outcome_unknown
    assert recorder.calls[-1] == "failed"


TOO_SLOW = {
    "no answer": (b"", "did not answer within 0.2 s"),
    "half a head": (b"HTTP/1.1 200 OK\r\n", "was silent for 0.2 s within its answer"),
    "half a body": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        "was silent for 0.2 s within its answer",
    ),
}


@pytest.mark.parametrize(("response", "problem"), TOO_SLOW.values(), ids=TOO_SLOW.keys())
async def test_silence_is_a_timeout_that_says_which(response: bytes, problem: str) -> None:
    recorder = await answer_to(response, then_close=False)
    assert isinstance(recorder.error, UpstreamTimeout)
    assert problem in recorder.error.message


async def test_the_total_time_bounds_a_response_that_never_falls_silent() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        left = asyncio.ensure_future(reader.read())
        while not left.done():
            writer.write(b"x")
            await asyncio.wait([left], timeout=0.02)

    async with talking(drip) as (pool, origin, _):
        recorder = Recorder()
        timeouts = Timeouts(first_byte=5, idle=0.2, total=0.4)
        pool.send(origin, POST, b"", recorder, timeouts=timeouts)
        await recorder.finished()
    assert isinstance(recorder.error, UpstreamTimeout)
    assert "did not finish its answer within 0.4 s" in recorder.error.message


async def test_a_response_in_single_bytes_is_a_response() -> None:
    async def spell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
        await reader.read()

    async with talking(spell) as (pool, origin, _):
        recorder = Recorder()
        pool.send(origin, POST, b"", recorder)
        await recorder.finished()
    assert (recorder.error, recorder.body) == (None, b"ok")


async def test_head_responses_have_no_body_and_their_connection_is_used_again() -> None:
    longer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with talking(answers(longer, chunked, OK)) as (pool, origin, server):
        for head, body in ((HEAD, b""), (HEAD, b""), (POST, b"ok")):
            recorder = Recorder()
            pool.send(origin, head, b"", recorder)
            await recorder.finished()
            assert (recorder.error, recorder.status, recorder.body) == (None, 200, body)
        assert server.connections == 1


@pytest.mark.parametrize(
    "response",
    [
        OK + b"surplus",
        OK + b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_a_connection_is_not_used_again_after(response: bytes) -> None:
    async with talking(answers(response, OK, then_close=False)) as (pool, origin, server):
        for _ in range(2):
            recorder = Recorder()
            pool.send(origin, POST, b"", recorder)
            await recorder.finished()
            assert recorder.body == b"ok"
        assert server.connections == 2


async def test_what_is_written_is_the_head_a_length_and_the_body() -> None:
    seen: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            seen.append(await read_request(reader))
            writer.write(OK)

    async with talking(note) as (pool, origin, _):
        for head, body in ((POST, b"{}"), (POST, b""), (b"GET / HTTP/1.1\r\nhost: a\r\n", b"")):
            recorder = Recorder()
            pool.send(origin, head, body, recorder)
            await recorder.finished()
    assert seen == [
        POST + b"content-length: 2\r\n\r\n{}",
        POST + b"content-length: 0\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
    ]


async def test_a_paused_call_leaves_the_rest_with_the_sender_until_it_is_resumed() -> None:
    size = 20_000_000
    sent = asyncio.Event()

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        await writer.drain()
        sent.set()

    async with talking(pour, timeouts=Timeouts(idle=0.1)) as (pool, origin, _):
        recorder = Recorder()
        ticket = pool.send(origin, POST, b"", recorder)
        await asyncio.wait_for(recorder.started.wait(), DEADLINE)
        ticket.pause()
        # Longer than `idle`: a silence of our own making is no timeout.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sent.wait(), 0.3)
        assert not recorder.over.is_set()
        ticket.resume()
        await recorder.finished()
        assert (recorder.error, len(recorder.body)) == (None, size)


async def test_a_cancelled_call_closes_the_connection_and_hears_nothing_more() -> None:
    left = asyncio.Event()

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        await reader.read()
        left.set()

    async with talking(stream) as (pool, origin, _):
        recorder = Recorder()
        ticket = pool.send(origin, POST, b"", recorder)
        await asyncio.wait_for(recorder.started.wait(), DEADLINE)
        ticket.cancel()
        await asyncio.wait_for(left.wait(), DEADLINE)
        ticket.cancel()
        ticket.pause()
        ticket.resume()
    assert recorder.calls == ["head"]


async def test_a_receiver_that_raises_fails_its_call_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Fragile(Recorder):
        @override
        def chunk(self, data: bytes) -> None:
            raise LookupError

    async with talking(answers(OK, then_close=False)) as (pool, origin, _):
        fragile, sound = Fragile(), Recorder()
        pool.send(origin, POST, b"", fragile)
        assert isinstance((await fragile.finished()).error, Bug)
        pool.send(origin, POST, b"", sound)
        assert (await sound.finished()).body == b"ok"
    assert any(record.exc_info for record in caplog.records)


async def test_bytes_before_any_call_close_the_connection_to_calls_at_once() -> None:
    """Else a call would be given to it, and take them for its answer."""

    async def eager(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await reader.read()
        left.set()

    loop, left = asyncio.get_running_loop(), asyncio.Event()
    async with BadServer(eager) as server:
        connection = ClientConnection(Alone(), loop)
        await loop.create_connection(lambda: connection, "127.0.0.1", server.port)
        await until(lambda: connection.closed, "the connection is closed", DEADLINE)
        assert not connection.usable()
        await asyncio.wait_for(left.wait(), DEADLINE)


async def test_a_body_whose_source_pauses_is_waited_for() -> None:
    """The silence is the sender's: it has time-outs of its own."""
    paused = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(paused.wait(), 0.3)
        yield b"b"

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n0\r\n\r\n")
        writer.write(OK)

    async with talking(take, timeouts=Timeouts(idle=0.1)) as (pool, origin, _):
        url = f"http://127.0.0.1:{origin.port}/"
        async with await pool.request("POST", url, body=body()) as response:
            assert response.status == 200


class Alone:
    """A connection's home without others."""

    label = "http://upstream"
    limits = PoolLimits()

    def release(self, connection: ClientConnection) -> None:
        pass

    def lost(self, connection: ClientConnection) -> None:
        pass

    def retry(self, call: Call) -> None:
        pass
