"""The examples of the documentation, run as their readers run them."""

import asyncio
import sys
from pathlib import Path

from support.cluster_api import cluster_api
from support.grpc_service import grpc_service
from support.suite import running_suite

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
ALLOWED = {
    "MCPGATEWAY_STDIO_ENABLED": "true",
    "MCPGATEWAY_STDIO_COMMANDS": f"{sys.executable} -m mcp_server_time",
}


async def test_an_api_a_grpc_service_and_a_command_are_one_server_in_both_eras(
    tmp_path: Path,
) -> None:
    async with (
        cluster_api() as cluster,
        grpc_service() as routes,
        running_suite(tmp_path / "data", environ=ALLOWED) as suite,
    ):
        environ = {
            "GATEWAY": suite.url,
            "TOKEN": suite.token,
            "CLUSTER": cluster,
            "ROUTES": routes.url,
            **suite.trusting,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(EXAMPLES / "one_server_of_everything.py")),
            env=environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(120):
            out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    said = [line.split(maxsplit=3) for line in out.decode().splitlines()]
    assert [era for era, *_ in said] == ["legacy"] * 3 + ["2026-07-28"] * 3
    assert [wrong for _, _, wrong, _ in said] == ["False"] * 6
    for place, word in enumerate(("web-1", "Oldton", "Europe/Dublin")):
        assert word in said[place][3]
        assert word in said[place + 3][3]
