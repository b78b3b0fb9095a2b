"""Whom a connection believes, and which certificate it shows."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from mcpgateway.common.errors import UpstreamError, UpstreamUnreachable
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.http.tls import Tls, client_context, profile
from support.http import ScriptedApp, serving
from support.tls import Authority

OURS, THEIRS = Authority("ours"), Authority("theirs")


@asynccontextmanager
async def https(server: ssl.SSLContext) -> AsyncIterator[tuple[Pool, str]]:
    """A pool, and the URL of a server that it may call."""
    async with serving(ScriptedApp(), tls=server) as listener:
        pool = Pool()
        try:
            yield pool, f"https://localhost:{listener.port}/"
        finally:
            await pool.aclose()


async def status(pool: Pool, url: str, tls: Tls) -> int:
    async with await pool.request("GET", url, tls=tls) as response:
        await response.read(1000)
        return response.status


async def test_of_an_upstream_with_its_own_authority_only_that_one_is_believed(
    tmp_path: Path,
) -> None:
    async with https(OURS.server(tmp_path)) as (pool, url):
        assert await status(pool, url, profile(OURS.pem)) == 200
        for tls in (profile(THEIRS.pem), profile()):
            with pytest.raises(UpstreamUnreachable, match="certificate is not accepted"):
                await status(pool, url, tls)


async def test_the_name_must_be_right_whoever_issued_the_certificate(tmp_path: Path) -> None:
    async with https(OURS.server(tmp_path, "elsewhere")) as (pool, url):
        with pytest.raises(UpstreamUnreachable, match="not valid for 'localhost'"):
            await status(pool, url, profile(OURS.pem))


async def test_a_client_certificate_is_shown_to_a_server_that_asks_for_it(tmp_path: Path) -> None:
    issued = OURS.issue("the gateway")
    async with https(OURS.server(tmp_path, clients=OURS.pem)) as (pool, url):
        assert await status(pool, url, profile(OURS.pem, issued.cert, issued.key)) == 200
        with pytest.raises(
            UpstreamError, match="closed the connection"
        ):  # before or after the call
            await status(pool, url, profile(OURS.pem))


async def test_what_a_server_has_against_a_client_certificate_is_passed_on(tmp_path: Path) -> None:
    """In TLS 1.3 it judges when our side is done: the call may have been written by then."""
    strange = THEIRS.issue("the gateway")
    context = OURS.server(tmp_path, clients=OURS.pem)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        refusing = asyncio.create_task(asyncio.to_thread(refuse, listening, context))
        pool = Pool()
        url = f"https://localhost:{listening.getsockname()[1]}/"
        with pytest.raises(UpstreamError, match="broke off TLS: TLSV1_ALERT_UNKNOWN_CA"):
            await status(pool, url, profile(OURS.pem, strange.cert, strange.key))
        await pool.aclose()
        await refusing


def refuse(listening: socket.socket, context: ssl.SSLContext) -> None:
    """One client, as servers do that are not asyncio's, which says nothing when it refuses."""
    accepted, _ = listening.accept()
    with accepted, suppress(ssl.SSLError):
        context.wrap_socket(accepted, server_side=True)


async def test_connections_of_different_identities_are_never_shared(tmp_path: Path) -> None:
    one, other = OURS.issue("one"), OURS.issue("other")
    app = ScriptedApp()
    async with serving(app, tls=OURS.server(tmp_path, clients=OURS.pem)) as listener:
        pool, url = Pool(), f"https://localhost:{listener.port}/"
        for issued in (one, other, one, other):
            tls = profile(OURS.pem, issued.cert, issued.key)
            assert await status(pool, url, tls) == 200
        assert listener.connections == 2
        await pool.aclose()


async def test_unverified_is_everybody_but_where_an_authority_is_named(tmp_path: Path) -> None:
    async with https(THEIRS.server(tmp_path, "elsewhere")) as (pool, url):
        assert await status(pool, url, profile(verify=False)) == 200
        with pytest.raises(UpstreamUnreachable, match="certificate is not accepted"):
            await status(pool, url, profile(OURS.pem, verify=False))


def _encrypted(key: str) -> str:
    loaded = serialization.load_pem_private_key(key.encode(), None)
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"a password"),
    ).decode()


GATEWAY = OURS.issue("the gateway")


@pytest.mark.parametrize(
    "tls",
    [
        profile("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        profile("", GATEWAY.cert, OURS.issue("another").key),
        profile("", GATEWAY.cert, _encrypted(GATEWAY.key)),
        profile("", "no certificate", GATEWAY.key),
    ],
    ids=["ca", "key of another", "encrypted key", "certificate"],
)
async def test_material_that_can_not_be_used_is_an_error_and_no_question(tls: Tls) -> None:
    with pytest.raises(UpstreamUnreachable, match="can not be used") as caught:
        await tls.context()
    assert isinstance(caught.value, UpstreamError)
    assert "PRIVATE" not in caught.value.message


def test_profiles_are_the_same_exactly_when_their_certificates_are() -> None:
    cert, key = GATEWAY.cert, GATEWAY.key
    made = [
        profile(),
        profile(verify=False),
        profile(OURS.pem),
        profile("", cert, key),
        profile(OURS.pem, cert, key),
        profile(cert, OURS.pem, key),
    ]
    assert len(set(made)) == len(made)
    assert profile(OURS.pem, cert, key) == made[4]
    assert key not in repr(made[4])


def test_nothing_older_than_tls_1_2_is_spoken() -> None:
    for context in (client_context(), client_context(OURS.pem), client_context(verify=False)):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert client_context().check_hostname
    assert client_context().verify_mode is ssl.CERT_REQUIRED
