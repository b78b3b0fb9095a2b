"""The TLS door of a suite that was started with a self-signed certificate: what users of it do."""

import asyncio
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from aioquic.asyncio.client import connect
from aioquic.h3.connection import H3_ALPN
from aioquic.quic.configuration import QuicConfiguration

from mcpgateway.common.runtime.self_signed import ensure
from support.door import Door
from support.mcp_servers import mcp_server
from support.quic import H3Client
from support.suite import Suite, clean_environ, running_suite, text_of
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """Two replicas on one TLS port, and an upstream whose tools are `up-...`."""
    data: Path = tmp_path_factory.mktemp("secured") / "data"
    options = ("--replicas", "2", "--http3")
    async with (
        running_suite(data, *options, door=Door.TLS) as running,
        mcp_server() as upstream,
    ):
        await running.register("up", upstream.url)
        yield running


@pytest.fixture(params=[Door.TLS, Door.H2])
def suite(secured: Suite, request: pytest.FixtureRequest) -> Suite:
    return replace(secured, door=request.param)


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
async def test_the_official_client_calls_a_tool_and_hears_its_progress(
    suite: Suite, mode: str
) -> None:
    heard: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    async with suite.client("/mcp", mode) as client:
        assert "up-echo" in {tool.name for tool in (await client.list_tools()).tools}
        result = await client.call_tool("up-add", {"a": 1, "b": 2})
        assert text_of(result) == "3"
        await client.call_tool("up-progress", {"steps": 3}, progress_callback=note)
    assert len(heard) == 3


async def test_many_calls_share_one_connection(suite: Suite) -> None:
    async with suite.client("/mcp", "2026-07-28") as client:
        calls = [client.call_tool("up-add", {"a": n, "b": 0}) for n in range(40)]
        assert [text_of(result) for result in await asyncio.gather(*calls)] == [
            str(n) for n in range(40)
        ]


async def test_administration_and_pages_come_through_it_as_https(suite: Suite) -> None:
    async with suite.http() as http:
        assert (await http.get("/gateways")).json()[0]["name"] == "up"
        page = await http.get("/admin/login")
        assert page.status_code == 200
    body = {"email": "admin@example.com", "password": password(suite)}
    async with suite.stranger(headers={"Origin": suite.url}) as http:
        answer = await http.post("/admin/login", data=body)
        assert answer.status_code == 303, answer.text
        assert "Secure" in answer.headers["set-cookie"]


def password(suite: Suite) -> str:
    for line in (suite.data_dir / "secrets.env").read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "PLATFORM_ADMIN_PASSWORD":
            return value.strip("'\"")
    raise AssertionError("no password")


async def test_refusals_are_the_same_as_without_tls(suite: Suite) -> None:
    async with suite.stranger() as http:
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        answer = await http.post("/mcp", json=call)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert (await http.post("/mcp", content=b"x" * 5_000_000)).status_code in (401, 413)
        foreign = {"Host": "evil.example.com"}
        assert (await http.get("/health", headers=foreign)).status_code in (400, 403)


async def test_curl_needs_the_certificate_and_nothing_else(suite: Suite) -> None:
    assert suite.certificate is not None
    version = "--http2" if suite.door is Door.H2 else "--http1.1"
    call = ("curl", "-sS", version, "-w", "%{http_version}", f"{suite.url}/health")
    status, said = await output(*call, "--cacert", str(suite.certificate))
    assert status == 0, said
    assert said.endswith("2" if suite.door is Door.H2 else "1.1")
    status, said = await output(*call)
    assert status == 60  # nobody vouches for it


async def output(*argv: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=clean_environ(),
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_http_3_is_told_of_and_serves_the_same(secured: Suite) -> None:
    async with replace(secured, door=Door.H2).http() as http:
        port = secured.url.rpartition(":")[2]
        assert (await http.get("/health")).headers["alt-svc"].startswith(f'h3=":{port}"')
    quic = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=True, server_name="localhost")
    quic.load_verify_locations(cafile=str(secured.certificate))
    async with connect(
        "127.0.0.1", int(port), configuration=quic, create_protocol=H3Client
    ) as client:
        assert isinstance(client, H3Client)
        heard = await client.response(client.request(path=b"/ready", method=b"GET"))
    assert (heard.status, json.loads(heard.body)["ready"]) == (200, True)


async def test_all_replicas_show_a_renewed_certificate_and_connections_stay(
    secured: Suite, tmp_path: Path
) -> None:
    assert secured.certificate is not None
    other = ensure(tmp_path, (), time.time())
    address = ("127.0.0.1", int(secured.url.rpartition(":")[2]))
    async with replace(secured, door=Door.H2).http() as http:
        assert (await http.get("/health")).status_code == 200
        before = secured.certificate.read_text().strip() + "\n"
        assert await asyncio.to_thread(ssl.get_server_certificate, address) == before
        other.key.replace(secured.certificate.with_name("key.pem"))
        new = other.certificate.read_text().strip() + "\n"
        other.certificate.replace(secured.certificate)
        shown: list[str] = []

        def renewed() -> bool:
            shown.append(ssl.get_server_certificate(address))
            return shown[-20:] == [new] * 20

        await until(lambda: asyncio.to_thread(renewed), "every replica shows the new one")
        assert (await http.get("/health")).status_code == 200  # on the same connection
        assert len(http._transport._pool.connections) == 1  # type: ignore[attr-defined]  # no other way to know


async def test_a_certificate_that_does_not_work_stops_the_start(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "mcpgateway.cli", "up", "--data-dir", str(tmp_path / "d"))
    status, said = await output(*command, "--tls-cert", str(tmp_path / "missing.pem"))
    assert status == 1
    assert "missing.pem: No such file or directory" in said
