"""The TLS door as a whole: protocols side by side, strictness, renewal, sharing, draining."""

import asyncio
import shutil
import ssl
import time
from pathlib import Path

import pytest

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.self_signed import ensure
from mcpgateway.common.runtime.server_tls import TlsFiles
from mcpgateway.data_plane.doors.choice import open_door
from mcpgateway.data_plane.doors.secure import SecureDoor
from support.http import DEADLINE, ScriptedApp, raw_client
from support.quic import h3_client, shown_certificate
from support.tls_door import OpenDoor, tls_door

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("http2", [False, True])
async def test_one_port_speaks_what_the_client_asks_for(tmp_path: Path, http2: bool) -> None:
    async with tls_door(ScriptedApp(), tmp_path) as opened, opened.http(http2=http2) as client:
        response = await client.post("/", content=b"hello")
    assert response.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
    assert response.content == b"hello"


async def test_the_own_port_speaks_plain_http(tmp_path: Path) -> None:
    async with tls_door(ScriptedApp(), tmp_path) as opened:
        port = int(opened.door.own_address.rpartition(":")[2])
        async with raw_client(port) as client:
            client.send(GET)
            assert (await client.response()).status == 200


async def test_http_1_1_over_tls_is_read_as_strictly_as_without(tmp_path: Path) -> None:
    lengths = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
    smuggled = b"POST / HTTP/1.1\r\nHost: a\r\n" + lengths + b"\r\n0\r\n"
    async with tls_door(ScriptedApp(), tmp_path) as opened, opened.raw("http/1.1") as client:
        client.send(smuggled)
        assert (await client.response()).status == 400
        assert await client.rest() == b""


async def test_an_early_refusal_arrives_over_tls_while_the_client_still_sends(
    tmp_path: Path,
) -> None:
    app = ScriptedApp(limit=1000)
    async with tls_door(app, tmp_path) as opened, opened.raw("http/1.1") as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n")
        client.send(b"x" * 4_000_000)
        assert (await client.response()).status == 413
        client.send(b"x" * 1_000_000)  # nobody minds
        assert await client.rest() == b""


async def test_a_slow_handshake_and_a_slow_head_end_with_the_connection(tmp_path: Path) -> None:
    limits = ServerLimits(header_seconds=0.2)
    async with tls_door(ScriptedApp(), tmp_path, limits) as opened:
        async with raw_client(opened.door.port) as silent:
            assert await silent.rest() == b""
        async with opened.raw() as client:
            client.send(b"GET / HT")
            assert (await client.response()).status == 408


async def test_plain_http_on_the_tls_port_gets_no_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = ScriptedApp()
    async with tls_door(app, tmp_path) as opened, raw_client(opened.door.port) as client:
        client.send(GET)
        assert not (await client.rest()).startswith(b"HTTP")
    assert app.heads == []
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_versions_before_tls_1_2_are_refused(tmp_path: Path, version: ssl.TLSVersion) -> None:
    async with tls_door(ScriptedApp(), tmp_path) as opened:
        context = opened.trust()
        context.minimum_version = version
        context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(OSError):  # noqa: PT011 - an alert or a reset
            await asyncio.open_connection("localhost", opened.door.port, ssl=context)


async def certificate_of(opened: OpenDoor, *, quic: bool) -> bytes:
    if quic:
        async with h3_client(opened) as client:
            return shown_certificate(client)
    async with opened.raw() as client:
        shown = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return ssl.DER_cert_to_PEM_cert(shown).encode()


@pytest.mark.parametrize("quic", [False, True])
async def test_a_renewed_certificate_is_shown_and_drops_no_connection(
    tmp_path: Path, quic: bool
) -> None:
    other = ensure(tmp_path / "other", (), time.time())
    async with (
        tls_door(ScriptedApp(), tmp_path, http3=True) as opened,
        opened.raw() as http1,
        opened.h2() as http2,
        h3_client(opened) as http3,
    ):
        before = opened.files.certificate.read_bytes()
        assert await certificate_of(opened, quic=quic) == before
        shutil.copy(other.key, opened.files.key)
        shutil.copy(other.certificate, opened.files.certificate)
        assert opened.door.certificates.look()
        assert await certificate_of(opened, quic=quic) == other.certificate.read_bytes() != before
        http1.send(GET)
        assert (await http1.response()).status == 200
        assert (await http2.response(http2.request()))[0] == 200
        assert (await http3.response(http3.request())).status == 200


async def test_replicas_share_the_public_port(tmp_path: Path) -> None:
    async with tls_door(ScriptedApp(), tmp_path, http3=True) as opened:
        second = await SecureDoor.open(ScriptedApp(), opened.files, http3=True)
        await second.publish("127.0.0.1", opened.door.port)
        assert second.port == opened.door.port
        await second.close()
        async with opened.http(http2=True) as client:
            assert (await client.get("/")).status_code == 200


async def test_draining_ends_idle_connections_and_finishes_what_runs(tmp_path: Path) -> None:
    app = ScriptedApp(answer=None)
    async with (
        tls_door(app, tmp_path) as opened,
        opened.raw() as idle,
        opened.raw() as http1,
        opened.h2() as http2,
    ):
        port = opened.door.port
        http1.send(GET)
        first = await app.next()
        stream = http2.request()
        second = await app.next()
        draining = asyncio.create_task(opened.door.drain(DEADLINE))
        assert await idle.rest() == b""
        first.respond(200, (), b"first")
        second.respond(200, (), b"second")
        assert (await http1.response()).body == b"first"
        assert (await http2.response(stream))[2] == b"second"
        assert await draining
        with pytest.raises(OSError):  # noqa: PT011 - nobody listens
            await asyncio.open_connection("127.0.0.1", port)


async def test_the_settings_choose_the_door(tmp_path: Path) -> None:
    plain = await open_door(ScriptedApp(), None)
    assert not isinstance(plain, SecureDoor)
    await plain.close()
    files = ensure(tmp_path, (), time.time())
    secure = await open_door(ScriptedApp(), files)
    assert isinstance(secure, SecureDoor)
    with pytest.raises(RuntimeError):
        _ = secure.port
    await secure.close()
    missing = TlsFiles(tmp_path / "missing", tmp_path / "missing")
    with pytest.raises(Unavailable):
        await open_door(ScriptedApp(), missing)
