"""The bus is a trust border: who may connect, publish and read is what the logins say."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import nats.errors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from nats.aio.client import Client

from mcpgateway.cli.embedded.nats import Nats
from mcpgateway.common.runtime.nats import Link, Shared, connect, stay_connected
from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.subjects import CONTROL_PLANE_INBOX
from mcpgateway.control_plane.publish.streams import RoutingStreams
from support.nats import Bus
from support.wait import until


async def test_a_data_plane_login_can_not_publish_routing(bus: Bus) -> None:
    control_plane = await bus.connect("control_plane")
    data_plane = await bus.connect("data_plane")
    heard: list[bytes] = []

    async def hear(message: object) -> None:
        heard.append(message.data)  # type: ignore[attr-defined]  # nats Msg

    await RoutingStreams(control_plane, bus.subjects).ensure()
    for subject in (bus.subjects.receipts, bus.subjects.delta):
        await control_plane.subscribe(subject, cb=hear)
    await control_plane.flush()
    for subject in (bus.subjects.delta, bus.subjects.snapshot, bus.subjects.blob("b", 0)):
        await data_plane.publish(subject, b"forged")
    await data_plane.publish(bus.subjects.receipt("r1"), b"allowed")
    await until(lambda: bool(heard), "the receipt is heard")
    assert heard == [b"allowed"]
    for stream in (bus.subjects.delta_stream, bus.subjects.blob_stream):
        assert (await control_plane.jetstream(timeout=30).stream_info(stream)).state.messages == 0
    await data_plane.close()
    await control_plane.close()


async def test_a_data_plane_can_not_read_the_control_planes_replies_or_make_streams(
    bus: Bus,
) -> None:
    control_plane = await bus.connect("control_plane")
    data_plane = await bus.connect("data_plane")
    heard: list[bytes] = []

    async def hear(message: object) -> None:
        heard.append(message.data)  # type: ignore[attr-defined]  # nats Msg

    await data_plane.subscribe(f"{CONTROL_PLANE_INBOX}.>", cb=hear)
    await data_plane.flush()
    answer = await control_plane.request(
        f"$JS.API.STREAM.INFO.{bus.subjects.delta_stream}", b"", timeout=30
    )
    assert answer.data
    await data_plane.flush()
    assert heard == []
    with pytest.raises(nats.errors.TimeoutError):
        await data_plane.request("$JS.API.STREAM.CREATE.X", b'{"name":"X"}', timeout=0.5)
    await data_plane.close()
    await control_plane.close()


async def test_the_answer_to_a_data_planes_request_can_not_be_aimed_at_routing_or_at_streams(
    bus: Bus,
) -> None:
    """NATS does not judge reply subjects: within one account this would publish and purge."""
    control_plane = await bus.connect("control_plane")
    data_plane = await bus.connect("data_plane")
    heard: list[bytes] = []

    async def hear(message: object) -> None:
        heard.append(message.data)  # type: ignore[attr-defined]  # nats Msg

    streams = RoutingStreams(control_plane, bus.subjects)
    await streams.ensure()
    await streams.append(b"stored", 0, None)
    await control_plane.subscribe(bus.subjects.delta, cb=hear)
    await control_plane.flush()
    stream = bus.subjects.delta_stream
    get = f"$JS.API.DIRECT.GET.{stream}"
    last = json.dumps({"last_by_subj": bus.subjects.delta}).encode()
    aims = (
        bus.subjects.delta,
        f"$JS.API.STREAM.PURGE.{stream}",
        f"$JS.API.STREAM.DELETE.{stream}",
    )
    for request in (get, f"{get}.{bus.subjects.delta}", bus.subjects.stream_info(stream)):
        for aim in aims:
            await data_plane.publish(request, last if request == get else b"", reply=aim)
    answer = await data_plane.request(get, last)  # those before it have been answered, too
    assert answer.data == b"stored"
    assert (await control_plane.jetstream().stream_info(stream)).state.messages == 1
    assert heard == []
    await data_plane.close()
    await control_plane.close()


async def test_a_client_without_a_login_is_not_let_in(bus: Bus) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await connect(bus.link("anonymous"))


async def test_an_ordinary_stop_is_not_told_as_a_loss(
    bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    client = await bus.connect("data_plane")
    await client.close()
    assert [record.message for record in caplog.records if "gone" in record.message] == []


async def test_a_connection_comes_back_after_the_server_was_killed(bus: Bus) -> None:
    back = asyncio.Event()

    async def on_reconnect() -> None:
        back.set()

    client = await bus.connect("data_plane", on_reconnect=on_reconnect)
    bus.kill()
    await until(lambda: not client.is_connected, "the loss is noticed")
    bus.start()
    async with asyncio.timeout(30):
        await back.wait()
    await client.flush()
    await client.close()


async def test_work_begins_again_when_the_server_closed_its_connection_for_good(bus: Bus) -> None:
    clients: list[Client] = []

    async def work(client: Client) -> None:
        clients.append(client)
        if len(clients) == 1:
            await client.close()
            await asyncio.Event().wait()
        await client.flush()

    await stay_connected(bus.link("data_plane"), work)
    assert len(clients) == 2
    assert all(client.is_closed for client in clients)


async def test_all_works_of_a_process_share_a_connection_and_hear_when_it_is_back(bus: Bus) -> None:
    shared, clients, back = Shared(bus.link("data_plane")), list[Client](), asyncio.Event()

    async def work(client: Client) -> None:
        clients.append(client)

    shared.use(work)
    shared.use(work)
    shared.on_reconnect(back.set)
    assert shared.client is None
    running = asyncio.create_task(shared.run())
    await until(lambda: len(clients) == 2, "both begin")
    assert clients == [shared.client, shared.client]
    assert shared.connected
    bus.kill()
    await until(lambda: not shared.connected, "the loss is noticed")
    bus.start()
    async with asyncio.timeout(30):
        await back.wait()
    assert len(clients) == 2
    await end(running)
    assert clients[0].is_closed


async def test_a_work_that_fails_ends_all_that_shares_its_connection(bus: Bus) -> None:
    shared = Shared(bus.link("data_plane"))

    async def fail(_client: Client) -> None:
        raise RuntimeError("a bug")

    shared.use(fail)
    with pytest.raises(RuntimeError, match="a bug"):
        await shared.run()


async def test_an_error_of_the_work_passes_through_and_closes_the_connection(bus: Bus) -> None:
    clients: list[Client] = []

    async def work(client: Client) -> None:
        clients.append(client)
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await stay_connected(bus.link("data_plane"), work)
    assert clients[0].is_closed


async def test_unreadable_credentials_are_an_error_at_once(bus: Bus) -> None:
    with pytest.raises(FileNotFoundError):
        await connect(replace(bus.link("data_plane"), creds_path=str(bus.folder / "none")))
    (bus.folder / "bad.creds").write_text("nonsense")
    with pytest.raises(ValueError, match="no section 'NATS USER JWT'"):
        await connect(replace(bus.link("data_plane"), creds_path=str(bus.folder / "bad.creds")))


async def test_a_server_is_trusted_by_its_ca_and_by_nothing_else(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    tls = f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}\n'
    server = Nats(tmp_path / "server", auth=tls).start()
    try:
        link = Link(server.url, "", str(certificate), "_INBOX", "test")
        client = await connect(link)
        assert await client.rtt() > 0
        await client.close()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await connect(replace(link, ca_path=""))
    finally:
        server.stop()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    address = x509.IPAddress(ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return folder / "cert.pem", folder / "key.pem"
