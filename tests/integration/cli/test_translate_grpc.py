"""`translate --grpc` as users start it: real gRPC services on one side, SDK clients on another."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.shared.exceptions import MCPError
from mcp.types import TextContent

from mcpgateway.common.runtime.tasks import end
from support.grpc_service import GrpcService, grpc_service
from support.tls import Authority

GET = "routeguide_RouteGuide_GetFeature"


@asynccontextmanager
async def translate(target: str, *flags: str) -> AsyncIterator[str]:
    """Yields the base of its URLs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "mcpgateway.translate", "--grpc", target, "--port", "0", *flags),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            line = (await process.stderr.readline()).decode()
        assert line.startswith(f"translate: serving {target} at "), line
        reading = asyncio.create_task(process.stderr.read())
        yield line.split(" at ")[1].split("/sse")[0].split("/mcp")[0].strip()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await reading
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def service() -> AsyncIterator[GrpcService]:
    async with grpc_service() as made:
        yield made


def target_of(service: GrpcService) -> str:
    return service.url.partition("//")[2]


async def used(client: Client) -> str:
    told: list[float] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    async with client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert "latitude" in tools[GET].input_schema["properties"]
        result = await client.call_tool(GET, {"latitude": 1, "longitude": 2})
        assert result.structured_content["name"] == "Oldton 1"
        area = {"lo": {"latitude": 1}, "hi": {"latitude": 3}}
        name = "routeguide_RouteGuide_ListFeatures"
        many = await client.call_tool(name, area, progress_callback=heard)
        assert len(many.structured_content["messages"]) == 3
        assert told == [1, 2, 3]
        wrong = await client.call_tool(GET, {"latitude": 2_000_000_000})
        assert wrong.is_error
        assert isinstance(wrong.content[0], TextContent)
        assert "field 'latitude'" in wrong.content[0].text
        return client.protocol_version


@pytest.mark.parametrize("reflection", ["v1", "v1alpha"])
async def test_clients_of_both_eras_and_transports_use_a_service(reflection: Any) -> None:
    async with (
        grpc_service([reflection]) as service,
        translate(target_of(service)) as base,
        asyncio.timeout(60),
    ):
        spoken = [
            await used(Client(f"{base}/mcp")),
            await used(Client(f"{base}/mcp", mode="legacy")),
            await used(Client(sse_client(f"{base}/sse"), mode="legacy")),
        ]
    assert spoken == ["2026-07-28", "2025-11-25", "2025-11-25"]
    assert set(service.asked) == {reflection}


async def test_a_cancelled_call_is_cancelled_at_the_service(service: GrpcService) -> None:
    async with (
        asyncio.timeout(60),
        translate(target_of(service)) as base,
        Client(f"{base}/mcp") as client,
    ):
        task = asyncio.create_task(client.call_tool("probe_v1_Probe_Wait", {}))
        await service.begun.wait()
        await end(task)
        await service.left.wait()
        again = await client.call_tool(GET, {})
    assert not again.is_error


async def test_tls_its_certificate_and_metadata_are_sent(tmp_path: Path) -> None:
    authority = Authority()
    server, own = authority.issue("localhost"), authority.issue("a client")
    files = {"ca": authority.pem, "cert": own.cert, "key": own.key}
    flags = ["--grpc-metadata", "authorization=Bearer s3cret"]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        flags += [f"--grpc-{name}", str(tmp_path / name)]
    async with (
        grpc_service(certificate=server, clients=authority.pem) as service,
        translate(f"localhost:{service.port}", *flags) as base,
        Client(f"{base}/mcp") as client,
    ):
        result = await client.call_tool("probe_v1_Probe_Metadata", {})
    assert result.structured_content["metadata"]["authorization"] == "Bearer s3cret"


async def test_a_service_that_is_not_there_yet_is_asked_again() -> None:
    async with grpc_service() as first:
        port = first.port
    async with translate(f"127.0.0.1:{port}") as base, Client(f"{base}/mcp") as client:
        with pytest.raises(MCPError, match="connection refused"):
            await client.list_tools()
        async with grpc_service(port=port):
            assert len((await client.list_tools()).tools) > 10


async def test_a_service_without_reflection_is_said_to_have_none() -> None:
    async with (
        grpc_service([]) as service,
        translate(target_of(service)) as base,
        Client(f"{base}/mcp") as client,
    ):
        with pytest.raises(MCPError, match="no server reflection"):
            await client.list_tools()
