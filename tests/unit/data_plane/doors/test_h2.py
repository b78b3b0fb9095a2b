"""HTTP/2 as clients see it, and what they can not do to it."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import h2.events
import hyperframe.frame
import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange, ServerLimits
from mcpgateway.data_plane.doors.h2 import DISCARD
from mcpgateway.data_plane.doors.streams import CONCURRENT_STREAMS, RESETS
from support.http import DEADLINE, ScriptedApp
from support.tls_door import H2Client, tls_door
from support.wait import until


async def test_a_client_chooses_http_2_and_gets_it(tmp_path: Path) -> None:
    async with tls_door(ScriptedApp(), tmp_path) as opened, opened.http(http2=True) as client:
        response = await client.post("/mcp?a=b", content=b"hello")
    assert response.http_version == "HTTP/2"
    assert (response.status_code, response.content) == (200, b"hello")
    assert response.headers["x-path"] == "/mcp"
    assert "server" not in response.headers


async def test_the_application_knows_scheme_peer_and_host(tmp_path: Path) -> None:
    app = ScriptedApp()
    async with tls_door(app, tmp_path) as opened, opened.http(http2=True) as client:
        await client.get("/")
        port = opened.door.port
    exchange = app.heads[0]
    assert (exchange.scheme, exchange.peer[0]) == ("https", "127.0.0.1")
    assert exchange.header(b"host") == b"localhost:%d" % port


async def test_streams_of_one_connection_do_not_wait_for_each_other(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with tls_door(app, tmp_path) as opened, opened.h2() as client:
        first, second = client.request(path="/1"), client.request(path="/2")
        exchanges = {exchange.path: exchange for exchange in [await app.next(), await app.next()]}
        exchanges["/2"].respond(200, (), b"second")
        assert (await client.response(second))[2] == b"second"
        exchanges["/1"].respond(200, (), b"first")
        assert (await client.response(first))[2] == b"first"


async def test_pieces_of_a_streamed_response_arrive_one_by_one(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with tls_door(app, tmp_path) as opened, opened.h2() as client:
        stream = client.request()
        exchange = await app.next()
        exchange.start(200, ())
        for piece in (b"one", b"two"):
            exchange.write(piece)
            assert (await client.until(h2.events.DataReceived, stream)).data == piece
        exchange.end()
        await client.until(h2.events.StreamEnded, stream)


async def test_large_bodies_pass_whole_in_both_directions(tmp_path: Path) -> None:
    body = hashlib.shake_128(b"seed").digest(3_000_000)
    app = ScriptedApp(limit=4_000_000)
    async with tls_door(app, tmp_path) as opened, opened.http(http2=True) as client:
        assert (await client.post("/", content=body)).content == body


async def test_a_stream_whose_body_nobody_reads_does_not_stop_the_others(tmp_path: Path) -> None:
    def serve(exchange: Exchange) -> None:
        if exchange.path == "/2":
            exchange.respond(200, (), b"served")

    app = ScriptedApp(
        answer=serve,
        plan=lambda exchange: BodyPlan(1 << 26, stream=exchange.path == "/1"),
    )
    async with tls_door(app, tmp_path) as opened, opened.h2() as client:
        slow = client.request(path="/1", body=None)
        await app.next()
        sent = 0
        while window := client.connection.local_flow_control_window(slow):
            client.connection.send_data(slow, b"x" * min(window, 16_384))
            sent += min(window, 16_384)
            client.flush()
            other = client.request(path="/2")
            assert (await client.response(other))[2] == b"served"
        assert 65_535 <= sent < 500_000  # what the application does not take is not asked for


async def test_a_slow_reader_stops_only_its_own_stream(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with tls_door(app, tmp_path) as opened, opened.h2() as client:
        client.reading = False
        slow = client.request(path="/slow")
        exchange = await app.next()
        exchange.start(200, ())
        exchange.write(b"x" * 1_000_000)
        assert not exchange.writable
        taken = 0
        while taken < 65_535:  # the connection's window, which it shares with all streams
            taken += len((await client.until(h2.events.DataReceived, slow)).data)
        client.connection.increment_flow_control_window(2_000_000)
        client.flush()
        quick = client.request(path="/quick")
        (await app.next()).respond(200, (), b"quick")
        assert (await client.response(quick))[2] == b"quick"
        assert not exchange.writable


async def test_a_stream_that_is_reset_is_gone_for_the_application(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    gone = asyncio.Event()
    async with tls_door(app, tmp_path) as opened, opened.h2() as client:
        stream = client.request()
        exchange = await app.next()
        exchange.on_gone(gone.set)
        exchange.start(200, ())
        client.connection.reset_stream(stream, ErrorCodes.CANCEL)
        client.flush()
        await asyncio.wait_for(gone.wait(), DEADLINE)
        assert (await client.response(await _answered(client, app)))[0] == 200


async def _answered(client: H2Client, app: ScriptedApp) -> int:
    stream = client.request()
    (await app.next()).respond(200, ())
    return stream


async def test_a_connection_that_breaks_is_gone_for_all_its_exchanges(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    gone: list[str] = []

    def asked(exchange: Exchange) -> None:
        exchange.on_gone(lambda: gone.append(exchange.path))

    async with tls_door(app, tmp_path) as opened, opened.h2() as client:
        client.request(path="/waits")
        asked(await app.next())
        client.request(path="/writes")
        writes = await app.next()
        asked(writes)
        writes.start(200, ())
        writes.write(b"x" * 1_000_000)  # more than the client takes
        await client.until(h2.events.ResponseReceived)
        client.raw.writer.transport.abort()
        await until(lambda: sorted(gone) == ["/waits", "/writes"], "both have heard")
        assert await opened.door.drain(DEADLINE)


async def test_an_aborted_response_resets_its_stream_and_no_other(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with tls_door(app, tmp_path) as opened, opened.h2() as client:
        stream = client.request()
        exchange = await app.next()
        exchange.start(200, ())
        exchange.write(b"begun")
        await client.until(h2.events.DataReceived, stream)
        exchange.abort()
        reset = await client.until(h2.events.StreamReset, stream)
        assert reset.error_code == ErrorCodes.INTERNAL_ERROR
        assert (await client.response(await _answered(client, app)))[0] == 200


def unknown(exchange: Exchange) -> BodyPlan | None:
    exchange.respond(401, (), b"who are you?")
    return None


async def test_an_early_answer_arrives_while_the_client_still_sends(tmp_path: Path) -> None:
    body = b"x" * 5_000_000
    async with (
        tls_door(ScriptedApp(plan=unknown), tmp_path) as opened,
        opened.http(http2=True) as client,
    ):
        for _ in range(2):
            assert (await client.post("/", content=body)).status_code == 401


async def test_a_client_that_sends_on_and_on_behind_an_answer_is_stopped(tmp_path: Path) -> None:
    async with tls_door(ScriptedApp(plan=unknown), tmp_path) as opened, opened.h2() as client:
        stream = client.request(body=None)
        assert (await client.response(stream))[2] == b"who are you?"
        piece = hyperframe.frame.DataFrame(stream, b"x" * 16_384)
        for _ in range(DISCARD // 16_384 + 1):
            while client.connection.local_flow_control_window(stream) < 16_384:
                await client.until(h2.events.WindowUpdated, stream)
            client.connection.send_data(stream, piece.data)
            client.flush()
        reset = await client.until(h2.events.StreamReset, stream)
        assert reset.error_code == ErrorCodes.NO_ERROR
        # What was on its way arrives all the same, and costs nobody else anything.
        _send(client, piece)
        assert (await client.response(client.request()))[0] == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("x", "y" * 40_000)], 431),
        ([(f"x{n}", "") for n in range(101)], 431),
        ([("authorization", "a"), ("authorization", "b")], 400),
    ],
)
async def test_a_head_over_the_limits_is_refused_and_the_connection_stays(
    tmp_path: Path, headers: list[tuple[str, str]], status: int
) -> None:
    async with tls_door(ScriptedApp(), tmp_path) as opened, opened.h2() as client:
        assert (await client.response(client.request(*headers)))[0] == status
        assert (await client.response(client.request()))[0] == 200


def _send(client: H2Client, *frames: hyperframe.frame.Frame) -> None:
    client.raw.send(b"".join(frame.serialize() for frame in frames))


def _head(client: H2Client, *headers: tuple[str, str]) -> bytes:
    return client.connection.encoder.encode(list(headers))


def endless_head(client: H2Client) -> None:
    _send(client, hyperframe.frame.HeadersFrame(1, b""))
    _send(client, *(hyperframe.frame.ContinuationFrame(1, b"") for _ in range(100)))


def huge_head(client: H2Client) -> None:
    client.request(("x", "y" * 100_000))


def two_paths(client: H2Client) -> None:
    head = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":path", "/b")]
    frame = hyperframe.frame.HeadersFrame(1, _head(client, *head, (":authority", "a")))
    frame.flags.add("END_HEADERS")
    _send(client, frame)


def other_host(client: H2Client) -> None:
    client.request(("host", "other"))


def not_http_2(client: H2Client) -> None:
    client.raw.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")


def too_long_body(client: H2Client) -> None:
    stream = client.request(("content-length", "1"), body=None)
    _send(client, hyperframe.frame.DataFrame(stream, b"two"))


def too_many_streams(client: H2Client) -> None:
    for _ in range(CONCURRENT_STREAMS + 1):
        client.request(path="/waits")


def rapid_reset(client: H2Client) -> None:
    for _ in range(RESETS + 1):
        client.connection.reset_stream(client.request(path="/waits"))
        client.flush()


@pytest.mark.parametrize(
    "attack",
    [
        endless_head,
        huge_head,
        two_paths,
        other_host,
        not_http_2,
        too_long_body,
        too_many_streams,
        rapid_reset,
    ],
)
async def test_who_breaks_the_rules_loses_the_connection_and_nobody_else_does(
    tmp_path: Path, attack: Callable[[H2Client], None], caplog: pytest.LogCaptureFixture
) -> None:
    def answer(exchange: Exchange) -> None:
        if exchange.path != "/waits":
            exchange.respond(200, ())

    async with (
        tls_door(ScriptedApp(answer=answer), tmp_path) as opened,
        opened.h2() as bystander,
        opened.h2() as client,
    ):
        await client.until(h2.events.SettingsAcknowledged)
        client.connection.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 1000})
        client.connection.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 1000
        client.connection.remote_settings.acknowledge()
        attack(client)
        await client.until_closed()
        assert (await bystander.response(bystander.request()))[0] == 200
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(":method", "GET"), (":path", "/\xff")], b"400"),
        ([(":method", "G\xcbT"), (":path", "/")], b"400"),
        ([(":method", "CONNECT")], b"501"),
    ],
)
async def test_what_makes_no_request_is_refused(
    tmp_path: Path, headers: list[tuple[str, str]], status: bytes
) -> None:
    rest = [] if status == b"501" else [(":scheme", "https")]
    async with tls_door(ScriptedApp(), tmp_path) as opened, opened.h2() as client:
        head = [(n, v.encode("latin-1")) for n, v in (*headers, *rest, (":authority", "a"))]
        client.connection.get_next_available_stream_id()
        frame = hyperframe.frame.HeadersFrame(1, client.connection.encoder.encode(head))
        frame.flags |= {"END_HEADERS", "END_STREAM"}
        _send(client, frame)
        assert await _first_status(client) == status


async def _first_status(client: H2Client) -> bytes:
    """Of frames that h2's client, which sent nothing itself, would not take."""
    data = b""
    while True:
        data += await asyncio.wait_for(client.raw.reader.read(65536), DEADLINE)
        rest = data
        while len(rest) >= 9:
            frame, length = hyperframe.frame.Frame.parse_frame_header(memoryview(rest[:9]))
            if len(rest) < 9 + length:
                break
            frame.parse_body(memoryview(rest[9 : 9 + length]))
            if isinstance(frame, hyperframe.frame.HeadersFrame):
                return dict(client.connection.decoder.decode(frame.data, raw=True))[b":status"]
            rest = rest[9 + length :]


async def test_an_idle_connection_is_closed_and_a_busy_one_is_not(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with (
        tls_door(app, tmp_path, ServerLimits(idle_seconds=0.3)) as opened,
        opened.h2() as busy,
        opened.h2() as idle,
    ):
        stream = busy.request()
        exchange = await app.next()
        await idle.until(h2.events.ConnectionTerminated)
        await idle.until_closed()
        exchange.respond(200, ())
        assert (await busy.response(stream))[0] == 200


async def test_a_head_that_does_not_come_whole_does_not_keep_the_connection(tmp_path: Path) -> None:
    async with (
        tls_door(ScriptedApp(), tmp_path, ServerLimits(idle_seconds=0.3)) as opened,
        opened.h2() as client,
    ):
        frame = hyperframe.frame.HeadersFrame(1, _head(client, (":method", "GET")))
        _send(client, frame)  # without END_HEADERS
        for _ in range(3):
            client.connection.ping(b"hello!!!")
        await client.until_closed()


async def test_a_body_that_does_not_come_is_answered_408(tmp_path: Path) -> None:
    async with (
        tls_door(ScriptedApp(), tmp_path, ServerLimits(body_seconds=0.1)) as opened,
        opened.h2() as client,
    ):
        assert (await client.response(client.request(body=None)))[0] == 408


async def test_a_client_that_does_not_read_is_cut_off(tmp_path: Path) -> None:
    app = ScriptedApp(answer=lambda exchange: exchange.respond(200, (), b"x" * 1_000_000))
    async with (
        tls_door(app, tmp_path, ServerLimits(send_seconds=0.2)) as opened,
        opened.h2() as client,
    ):
        client.reading = False
        stream = client.request()
        await client.until(h2.events.StreamReset, stream)


async def test_connections_over_the_limit_are_turned_away(tmp_path: Path) -> None:
    async with (
        tls_door(ScriptedApp(), tmp_path, ServerLimits(connections=1)) as opened,
        opened.h2() as first,
        opened.h2() as second,
    ):
        await second.until_closed()
        assert (await first.response(first.request()))[0] == 200


async def test_draining_finishes_streams_refuses_new_ones_and_says_goodbye(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with tls_door(app, tmp_path) as opened, opened.h2() as client, opened.h2() as idle:
        stream = client.request()
        exchange = await app.next()
        draining = asyncio.create_task(opened.door.drain(DEADLINE))
        await idle.until(h2.events.ConnectionTerminated)
        reset = await client.until(h2.events.StreamReset, client.request())
        assert reset.error_code == ErrorCodes.REFUSED_STREAM  # safe to send elsewhere
        exchange.respond(200, (), b"x" * 100_000)
        assert len((await client.response(stream))[2]) == 100_000
        assert (await client.until(h2.events.ConnectionTerminated)).error_code == 0
        await client.until_closed()
        assert await draining


async def test_draining_cuts_off_what_does_not_end_in_time(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    gone = asyncio.Event()
    async with tls_door(app, tmp_path) as opened, opened.h2() as client:
        client.request()
        (await app.next()).on_gone(gone.set)
        assert not await opened.door.drain(0.1)
        await client.until_closed()
    assert gone.is_set()


async def test_what_is_read_and_sent_is_counted(tmp_path: Path) -> None:
    async with tls_door(ScriptedApp(), tmp_path) as opened, opened.h2() as client:
        await client.response(client.request(body=b"x" * 1000))
        counts = opened.door.listeners["public"].counts
        assert (counts.accepted, counts.answered) == (1, {200: 1})
        assert counts.received > 1000
        assert counts.sent > 1000
