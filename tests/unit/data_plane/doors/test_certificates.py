"""Certificates that change while they are shown."""

import asyncio
import logging
import shutil
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.self_signed import ensure
from mcpgateway.common.runtime.server_tls import TlsFiles
from mcpgateway.data_plane.doors.certificates import Certificates


def pem(files: TlsFiles) -> bytes:
    return ssl.PEM_cert_to_DER_cert(files.certificate.read_text())


def put(source: TlsFiles, target: TlsFiles) -> None:
    """As tools that renew certificates do: new files in the place of the old."""
    for old, new in ((source.key, target.key), (source.certificate, target.certificate)):
        beside = new.with_suffix(".new")
        shutil.copy(old, beside)
        beside.replace(new)


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], TlsFiles]:
    return lambda name: ensure(tmp_path / name, (), time.time())


async def shown(certificates: Certificates) -> bytes:
    """What a client sees in a handshake, without a socket."""
    server_in, server_out = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = context.wrap_bio(server_out, server_in)
    server = certificates.context.wrap_bio(server_in, server_out, server_side=True)
    for _ in range(5):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                await asyncio.sleep(0)
    certificate = client.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


async def test_a_changed_pair_is_shown_from_the_next_handshake_on(
    make: Callable[[str], TlsFiles],
) -> None:
    used, other = make("used"), make("other")
    certificates = Certificates.open(used, ("http/1.1",))
    told: list[bytes] = []
    certificates.on_change(lambda: told.append(pem(used)))
    assert await shown(certificates) == pem(used)
    assert not certificates.look()
    put(other, used)
    assert certificates.look()
    assert await shown(certificates) == pem(other)
    assert told == [pem(other)]
    assert not certificates.look()


async def test_a_pair_that_does_not_fit_is_complained_of_once_and_the_old_one_stays(
    make: Callable[[str], TlsFiles], caplog: pytest.LogCaptureFixture
) -> None:
    used, other = make("used"), make("other")
    before = pem(used)
    certificates = Certificates.open(used, ("http/1.1",))
    shutil.copy(other.certificate, used.certificate)  # half of a renewal
    assert [certificates.look(), certificates.look()] == [False, False]
    assert await shown(certificates) == before
    complaints = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(complaints) == 1
    assert "last good certificate stays" in complaints[0].getMessage()
    shutil.copy(other.key, used.key)  # the other half
    assert certificates.look()
    assert await shown(certificates) == pem(other)


async def test_files_that_are_gone_are_complained_of_once_and_taken_up_when_they_are_back(
    make: Callable[[str], TlsFiles], caplog: pytest.LogCaptureFixture
) -> None:
    used, other = make("used"), make("other")
    certificates = Certificates.open(used, ())
    used.key.unlink()
    assert [certificates.look(), certificates.look()] == [False, False]
    assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1
    put(other, used)
    assert certificates.look()


async def test_a_listener_that_can_not_use_the_pair_is_a_complaint(
    make: Callable[[str], TlsFiles], caplog: pytest.LogCaptureFixture
) -> None:
    used = make("used")
    certificates = Certificates.open(used, ())

    def refuse() -> None:
        raise ValueError("no such kind of key")

    certificates.on_change(refuse)
    put(make("other"), used)
    assert not certificates.look()
    assert "no such kind of key" in caplog.text


def test_files_that_can_not_be_used_stop_the_start(make: Callable[[str], TlsFiles]) -> None:
    good = make("good")
    with pytest.raises(Unavailable, match="missing"):
        Certificates.open(TlsFiles(good.certificate, good.key.with_name("missing")), ())


async def test_an_encrypted_key_is_renewed_with_the_same_password(
    make: Callable[[str], TlsFiles],
) -> None:
    used, other = make("used"), make("other")
    for files in (used, other):
        key = load_pem_private_key(files.key.read_bytes(), None)
        lock = BestAvailableEncryption(b"swordfish")
        files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    locked = TlsFiles(used.certificate, used.key, "swordfish")
    certificates = Certificates.open(locked, ())
    put(other, used)
    assert certificates.look()
    assert await shown(certificates) == pem(other)
