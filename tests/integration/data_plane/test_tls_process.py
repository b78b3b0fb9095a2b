"""A data plane as a process that is told about TLS on its command line, or by its settings."""

import asyncio
import signal
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from mcpgateway.common.runtime.self_signed import ensure
from mcpgateway.common.runtime.server_tls import TlsFiles
from support.data_plane_process import ready, running, save_table
from support.door import Door
from support.door_http import client
from support.http import free_port
from support.suite import descendants
from support.wait import until


def encrypted(folder: Path) -> TlsFiles:
    """A pair whose key `swordfish` opens."""
    pair = ensure(folder, (), time.time())
    key = load_pem_private_key(pair.key.read_bytes(), None)
    lock = BestAvailableEncryption(b"swordfish")
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    return pair


@pytest.mark.parametrize("by", ["options", "settings"])
async def test_a_certificate_with_an_encrypted_key_is_shown(tmp_path: Path, by: str) -> None:
    port = free_port()
    pair = encrypted(tmp_path / "pair")
    save_table(tmp_path / "data")
    paths = (str(pair.certificate), str(pair.key))
    options = ("--tls-cert", paths[0], "--tls-key", paths[1]) if by == "options" else ()
    more = {} if by == "options" else {"SSL": "true", "CERT_FILE": paths[0], "KEY_FILE": paths[1]}
    more["KEY_FILE_PASSWORD"] = "swordfish"
    url = f"https://localhost:{port}"
    async with (
        running(tmp_path / "data", port, *options, **more) as process,
        client(Door.H2, url, pair.certificate) as http,
    ):
        await ready(http)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_workers_show_one_self_signed_certificate(tmp_path: Path) -> None:
    port = free_port()
    save_table(tmp_path)
    options = ("--workers", "2", "--tls-self-signed")
    async with running(tmp_path, port, *options) as process:
        certificate = tmp_path / "tls" / "cert.pem"
        await until(certificate.exists, "the certificate is made")
        await until(lambda: len(descendants(process.pid)) == 2, "two replicas run")
        for _ in range(8):  # connections, of which either replica gets some
            async with client(Door.TLS, f"https://127.0.0.1:{port}", certificate) as http:
                await ready(http)


async def test_a_wrong_password_ends_the_start_with_what_is_wrong(tmp_path: Path) -> None:
    pair = encrypted(tmp_path / "pair")
    options = ("--tls-cert", str(pair.certificate), "--tls-key", str(pair.key))
    more = {"KEY_FILE_PASSWORD": "sardine"}
    async with running(tmp_path / "data", free_port(), *options, **more) as process:
        _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert b"KEY_FILE_PASSWORD does not open it" in said
    assert b"sardine" not in said
