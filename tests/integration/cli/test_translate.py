"""`python -m mcpgateway.translate` as users start it, with the official SDK client on the other
side and a real server of the package index behind it."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from mcp import Client
from mcp.client.sse import sse_client

from support.stdio_server import COMMAND

_TIME = str(Path(sys.executable).with_name("mcp-server-time"))


class _Running(NamedTuple):
    base: str
    process: asyncio.subprocess.Process


@asynccontextmanager
async def _translate(command: str, *flags: str) -> AsyncIterator[_Running]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "mcpgateway.translate", "--stdio", command, "--port", "0", *flags),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            line = (await process.stderr.readline()).decode()
        assert "serving" in line, line
        reading = asyncio.create_task(process.stderr.read())  # never let the pipe fill up
        yield _Running(line.split(" at ")[1].split("/sse")[0].split("/mcp")[0].strip(), process)
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await reading
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _use(client: Client) -> str:
    async with client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert tools == {"get_current_time", "convert_time"}
        result = await client.call_tool("get_current_time", {"timezone": "UTC"})
        assert not result.is_error
        return client.protocol_version


async def test_sdk_clients_of_both_eras_and_transports_use_one_translate_at_once() -> None:
    async with _translate(_TIME) as running:
        mcp, sse = f"{running.base}/mcp", f"{running.base}/sse"
        async with asyncio.timeout(60):
            spoken = await asyncio.gather(
                _use(Client(mcp)),
                _use(Client(mcp, mode="legacy")),
                _use(Client(mcp, mode="legacy")),
                _use(Client(sse_client(sse), mode="legacy")),
            )
    assert list(spoken) == ["2026-07-28", "2025-11-25", "2025-11-25", "2025-11-25"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_stateless_serves_any_number_of_clients_with_one_server(mode: str) -> None:
    flags = ("--stateless", "--max-children", "1", "--expose-streamable-http")
    async with _translate(_TIME, *flags) as running, asyncio.timeout(60):
        url = f"{running.base}/mcp"
        clients = [Client(url, mode=mode) for _ in range(3)]
        await asyncio.gather(*(_use(client) for client in clients))


async def test_a_legacy_only_server_is_found_out_by_the_sdk_probe() -> None:
    async with _translate(COMMAND) as running, Client(f"{running.base}/mcp") as client:
        assert client.protocol_version == "2025-11-25"


async def test_what_can_not_start_says_why_on_one_line() -> None:
    async with _translate(COMMAND) as running:
        port = running.base.rsplit(":", 1)[1]
        taken = f"translate: can not listen on 127.0.0.1:{port}: "
        assert (await _refused("--stdio", COMMAND, "--port", port)).startswith(taken)
    said = await _refused("--stdio", "/no/such/program x", "--port", "0")
    assert said == "translate: there is no program '/no/such/program'\n"


async def _refused(*flags: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcpgateway.translate", *flags), stderr=asyncio.subprocess.PIPE
    )
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert err.count(b"\n") == 1
    return err.decode()
