"""Local commands as gateways: registered, run by the runner, called in both eras."""

import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from support.stdio_server import COMMAND
from support.suite import Suite, running_suite, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPT = COMMAND.split()
TIME = {"command": sys.executable, "args": ["-m", "mcp_server_time", "--local-timezone", "UTC"]}
ALLOWED = (
    f"{sys.executable} -m mcp_server_time --local-timezone=* ; "
    f"{sys.executable} -m mcp_server_time --local-timezone * ; "
    f"{' '.join(SCRIPT)} ..."
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    settings = {
        "MCPGATEWAY_STDIO_ENABLED": "true",
        "MCPGATEWAY_STDIO_COMMANDS": ALLOWED,
        "SSRF_ALLOW_LOCALHOST": "false",
        "OF_THE_OPERATOR": "not for commands",
    }
    folder = tmp_path_factory.mktemp("stdio")
    async with running_suite(folder / "data", "--replicas", "2", environ=settings) as suite:
        yield suite


async def register(suite: Suite, name: str, **fields: Any) -> dict[str, Any]:
    body = {"name": name, "transport": "STDIO", **fields}
    async with suite.http(90) as http:
        answer = await http.post("/gateways?wait=applied", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_command_is_registered_and_called_in_both_eras(suite: Suite) -> None:
    gateway = await register(suite, "clock", **TIME, env={"TZ": "UTC", "A_SECRET": "hidden"})
    assert gateway["transport"] == "STDIO"
    assert gateway["toolCount"] == 2
    assert gateway["stdio"]["command"] == sys.executable
    assert set(gateway["stdio"]["env"]) == {"TZ", "A_SECRET"}
    assert "hidden" not in json.dumps(gateway)

    names = {each["name"]: each["id"] for each in await suite.tools()}
    server = await suite.bundle("clock", [names["clock-get-current-time"]])
    for mode in ("legacy", "2026-07-28"):
        async with suite.client(f"/servers/{server}/mcp", mode) as client:
            result = await client.call_tool("clock-get-current-time", {"timezone": "Europe/Dublin"})
            assert json.loads(text_of(result))["timezone"] == "Europe/Dublin"
