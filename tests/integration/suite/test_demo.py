"""The first hour of a user, line by line: translate, register, list, bundle, call, wrap."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from support.http import free_port
from support.suite import Suite, clean_environ, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def translate(*options: str) -> AsyncIterator[str]:
    """`translate` with a real stdio server behind it; yields its base URL."""
    port = free_port()
    command = f"{sys.executable} -m mcp_server_time --local-timezone UTC"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "mcpgateway.translate", "--stdio", command),
        *("--port", str(port), *options),
        env=clean_environ(),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            async for line in process.stderr:
                if str(port).encode() in line:
                    break
        drain = asyncio.create_task(process.stderr.read())
        yield f"http://127.0.0.1:{port}"
        drain.cancel()
    finally:
        process.terminate()
        await process.wait()


async def test_the_demo_works_line_by_line(suite: Suite) -> None:
    async with translate("--expose-sse") as upstream:
        async with suite.http() as http:
            registered = await http.post(
                "/gateways?wait=applied", json={"name": "fast_time", "url": f"{upstream}/sse"}
            )
            assert registered.status_code == 200, registered.text
            gateway = registered.json()
            assert gateway["slug"] == "fast-time"
            assert gateway["transport"] == "SSE"
            assert gateway["toolCount"] == 2
            assert registered.headers["applied"] == "2/2"

            tools = (await http.get("/tools")).json()
            names = {tool["name"]: tool["id"] for tool in tools}
            assert set(names) == {"fast-time-get-current-time", "fast-time-convert-time"}

            created = await http.post(
                "/servers?wait=applied",
                json={"server": {"name": "time", "associatedTools": list(names.values())}},
            )
            assert created.status_code == 201, created.text
            server = created.json()
            assert sorted(server["associatedTools"]) == sorted(names)

        for mode in ("legacy", "2026-07-28"):
            async with suite.client(f"/servers/{server['id']}/mcp", mode) as client:
                offered = await client.list_tools()
                assert sorted(tool.name for tool in offered.tools) == sorted(names)
                result = await client.call_tool(
                    "fast-time-get-current-time", {"timezone": "Europe/Dublin"}
                )
                assert json.loads(text_of(result))["timezone"] == "Europe/Dublin"

        await call_through_the_wrapper(suite, server["id"])


async def call_through_the_wrapper(suite: Suite, server: str) -> None:
    wrapper = StdioServerParameters(
        command=sys.executable,
        args=["-m", "mcpgateway.wrapper"],
        env={
            **clean_environ(),
            **suite.trusting,
            "MCP_SERVER_URL": f"{suite.url}/servers/{server}",
            "MCP_AUTH": f"Bearer {suite.token}",
        },
    )
    async with Client(wrapper) as client:
        result = await client.call_tool(
            "fast-time-convert-time",
            {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"},
        )
        assert json.loads(text_of(result))["target"]["datetime"][11:16] == "21:00"


async def test_a_token_of_create_jwt_token_is_accepted(suite: Suite) -> None:
    secrets = dict(
        line.split("=", 1)
        for line in (suite.data_dir / "secrets.env").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcpgateway.utils.create_jwt_token"),
        *("--username", "admin@example.com", "--exp", "10080"),
        *("--secret", secrets["JWT_SECRET_KEY"].strip("'\"")),
        env=clean_environ(),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    async with suite.http() as http:
        http.headers["Authorization"] = f"Bearer {out.decode().strip()}"
        assert (await http.get("/tools")).status_code == 200
        version = (await http.get("/version")).json()
    assert {"app", "platform", "database"} <= set(version)


async def test_no_process_has_another_role_in_its_command_line(suite: Suite) -> None:
    for role in ("control-plane", "admin", "nats-server"):
        assert len(suite.pids(role)) == 1, role
    assert len(suite.pids("data-plane")) == 2
    assert os.getpid() not in suite.family()
