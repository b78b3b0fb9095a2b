"""HTTP/3 as clients see it, and what they can not do to it."""

import asyncio
import hashlib
from pathlib import Path

import pytest
from aioquic.h3.connection import ErrorCode

from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange, ServerLimits
from mcpgateway.data_plane.doors.h3 import WAITING_BYTES
from mcpgateway.data_plane.doors.streams import CONCURRENT_STREAMS, RESETS
from support.http import DEADLINE, ScriptedApp
from support.quic import h3_client
from support.tls_door import tls_door
from support.wait import until


async def test_a_request_over_quic_reaches_the_same_application(tmp_path: Path) -> None:
    app = ScriptedApp()
    async with tls_door(app, tmp_path, http3=True) as opened, h3_client(opened) as client:
        heard = await client.response(client.request(path=b"/mcp?a=b", body=b"hello"))
    assert (heard.status, heard.body, heard.headers["x-path"]) == (200, b"hello", "/mcp")
    exchange = app.heads[0]
    assert (exchange.scheme, exchange.peer[0]) == ("https", "127.0.0.1")
    assert exchange.header(b"host") == b"localhost"


async def test_http_2_tells_of_http_3_on_the_same_port(tmp_path: Path) -> None:
    async with (
        tls_door(ScriptedApp(), tmp_path, http3=True) as opened,
        opened.http(http2=True) as client,
    ):
        port = opened.door.port
        assert (await client.get("/")).headers["alt-svc"] == f'h3=":{port}"; ma=3600'
    async with tls_door(ScriptedApp(), tmp_path) as opened, opened.http(http2=True) as client:
        assert "alt-svc" not in (await client.get("/")).headers


async def test_pieces_of_a_streamed_response_arrive_one_by_one(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with tls_door(app, tmp_path, http3=True) as opened, h3_client(opened) as client:
        stream = client.request()
        exchange = await app.next()
        exchange.start(200, ())
        exchange.write(b"one")
        assert await client.body(stream, 3) == b"one"
        exchange.write(b"two")
        assert await client.body(stream, 6) == b"onetwo"
        exchange.end()
        assert (await client.response(stream)).ended


async def test_large_bodies_pass_whole_in_both_directions(tmp_path: Path) -> None:
    body = hashlib.shake_128(b"seed").digest(2_000_000)
    app = ScriptedApp(limit=4_000_000)
    async with tls_door(app, tmp_path, http3=True) as opened, h3_client(opened) as client:
        assert (await client.response(client.request(body=body))).body == body


async def test_a_slow_network_makes_the_exchange_unwritable(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    limits = ServerLimits(send_high_water=100_000)
    async with tls_door(app, tmp_path, limits, http3=True) as opened, h3_client(opened) as client:
        stream = client.request()
        exchange = await app.next()
        exchange.start(200, ())
        exchange.write(b"x" * 1_000_000)
        assert not exchange.writable
        await asyncio.wait_for(exchange.drain(), DEADLINE)
        exchange.end()
        assert len((await client.response(stream)).body) == 1_000_000


async def test_a_stream_that_is_reset_is_gone_for_the_application(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    gone = asyncio.Event()
    async with tls_door(app, tmp_path, http3=True) as opened, h3_client(opened) as client:
        stream = client.request(body=None)
        app_next = asyncio.create_task(app.next())
        client.send(stream, b"", last=True)
        exchange = await app_next
        exchange.on_gone(gone.set)
        exchange.start(200, ())
        client.reset(stream)
        await asyncio.wait_for(gone.wait(), DEADLINE)
        late = client.request()
        (await app.next()).respond(200, ())
        assert (await client.response(late)).status == 200


async def test_a_connection_that_ends_is_gone_for_all_its_exchanges(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    gone: list[str] = []
    async with tls_door(app, tmp_path, http3=True) as opened:
        async with h3_client(opened) as client:
            for path in (b"/1", b"/2"):
                client.request(path=path)
                exchange = await app.next()
                exchange.on_gone(lambda path=exchange.path: gone.append(path))  # type: ignore[misc]
        await until(lambda: sorted(gone) == ["/1", "/2"], "both have heard")
        assert await opened.door.drain(DEADLINE)


async def test_an_aborted_response_resets_its_stream(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with tls_door(app, tmp_path, http3=True) as opened, h3_client(opened) as client:
        stream = client.request()
        exchange = await app.next()
        exchange.start(200, ())
        exchange.write(b"begun")
        await client.body(stream, 5)
        exchange.abort()
        heard = await client.response(stream)
    assert (heard.ended, heard.reset) == (False, ErrorCode.H3_INTERNAL_ERROR)


async def test_an_early_answer_arrives_whole_and_the_upload_costs_nothing(tmp_path: Path) -> None:
    def refuse(exchange: Exchange) -> BodyPlan | None:
        exchange.respond(401, (), b"who are you?")
        return None

    app = ScriptedApp(plan=refuse)
    async with tls_door(app, tmp_path, http3=True) as opened, h3_client(opened) as client:
        heard = await client.response(client.request(body=b"x" * 1_000_000))
        assert (heard.status, heard.body) == (401, b"who are you?")
        assert (await client.response(client.request())).status == 401


async def test_a_body_that_its_application_does_not_take_is_cut_off(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None, stream=True, limit=1 << 26)
    async with tls_door(app, tmp_path, http3=True) as opened, h3_client(opened) as client:
        stream = client.request(body=b"x" * (WAITING_BYTES * 2))
        heard = await client.response(stream)
    assert heard.reset == ErrorCode.H3_EXCESSIVE_LOAD


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"x", b"y" * 40_000)], 431),
        ([(b"authorization", b"a"), (b"authorization", b"b")], 400),
    ],
)
async def test_a_head_over_the_limits_is_refused_and_the_connection_stays(
    tmp_path: Path, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    app = ScriptedApp()
    async with tls_door(app, tmp_path, http3=True) as opened, h3_client(opened) as client:
        assert (await client.response(client.request(*headers))).status == status
        assert (await client.response(client.request())).status == 200


async def test_a_head_without_an_end_loses_the_connection(tmp_path: Path) -> None:
    async with tls_door(ScriptedApp(), tmp_path, http3=True) as opened, h3_client(opened) as client:
        client.send_raw(b"\x01\x80\x10\x00\x00" + b"x" * 100_000)  # HEADERS of 1 MiB
        assert await client.until_terminated() == ErrorCode.H3_EXCESSIVE_LOAD


async def test_connect_and_bytes_that_must_be_encoded_are_refused(tmp_path: Path) -> None:
    async with tls_door(ScriptedApp(), tmp_path, http3=True) as opened, h3_client(opened) as client:
        connect = client.send_head([(b":method", b"CONNECT"), (b":authority", b"a")])
        assert (await client.response(connect)).status == 501
        assert (await client.response(client.request(path=b"/\xff"))).status == 400


async def test_trailers_are_dropped(tmp_path: Path) -> None:
    async with tls_door(ScriptedApp(), tmp_path, http3=True) as opened, h3_client(opened) as client:
        stream = client.request(body=None)
        client.send(stream, b"hello")
        client.h3.send_headers(stream, [(b"x", b"y")], end_stream=True)
        client.transmit()
        assert (await client.response(stream)).body == b"hello"


async def test_streams_over_the_limit_are_rejected_to_be_sent_again(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with tls_door(app, tmp_path, http3=True) as opened, h3_client(opened) as client:
        for _ in range(CONCURRENT_STREAMS):
            client.request()
        over = client.request()
        assert (await client.response(over)).reset == ErrorCode.H3_REQUEST_REJECTED
        await until(lambda: len(app.handled) == CONCURRENT_STREAMS, "the others are served")


async def test_who_resets_streams_over_and_over_loses_the_connection(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with tls_door(app, tmp_path, http3=True) as opened, h3_client(opened) as client:
        for _ in range(RESETS + 1):
            stream = client.request()
            await app.next()
            client.reset(stream)
        assert await client.until_terminated() == ErrorCode.H3_EXCESSIVE_LOAD


async def test_connections_over_the_limit_are_turned_away(tmp_path: Path) -> None:
    limits = ServerLimits(connections=1)
    async with (
        tls_door(ScriptedApp(), tmp_path, limits, http3=True) as opened,
        h3_client(opened) as first,
        h3_client(opened) as second,
    ):
        await second.until_terminated()
        assert (await first.response(first.request())).status == 200


async def test_draining_finishes_streams_and_refuses_new_ones(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with (
        tls_door(app, tmp_path, http3=True) as opened,
        h3_client(opened) as idle,
        h3_client(opened) as client,
    ):
        stream = client.request()
        exchange = await app.next()
        draining = asyncio.create_task(opened.door.drain(DEADLINE))
        assert await idle.until_terminated() == ErrorCode.H3_NO_ERROR
        late = client.request()
        assert (await client.response(late)).reset == ErrorCode.H3_REQUEST_REJECTED
        exchange.respond(200, (), b"x" * 100_000)
        assert len((await client.response(stream)).body) == 100_000
        assert await draining
