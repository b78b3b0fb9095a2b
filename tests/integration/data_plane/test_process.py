"""The data plane as a process: started from a saved table with NATS down, stopped by a signal."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from support.data_plane import catalogue_of, environ
from support.data_plane_process import gateway, ready, running, save_table
from support.http import free_port
from support.mcp_servers import mcp_server
from support.registries import upstream
from support.suite import descendants
from support.wait import until

CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "fixture-slow", "arguments": {"seconds": 1}},
}


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


async def test_a_saved_table_serves_with_nats_away_and_a_stop_lets_calls_end(
    tmp_path: Path,
) -> None:
    port = free_port()
    async with mcp_server(era="modern") as server:
        there = upstream("u1", slug="fixture", url=server.url, loopback_allowed=True)
        save_table(tmp_path, there, *catalogue_of(there))
        async with running(tmp_path, port, "--replica", "0") as process, gateway(port) as http:
            await ready(http)
            state = (await http.get("/ready")).json()
            assert (state["table"]["revision"], state["table"]["source"]) == (7, "disk")
            assert state["nats"] is False
            call = asyncio.create_task(http.post("/mcp", json=CALL))
            await until(lambda: "slow" in server.catalogue.calls, "the call has begun")
            process.terminate()
            assert (await call).json()["result"]["content"][0]["text"] == "done"
            assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_workers_share_one_address_are_replaced_when_they_die_and_end_together(
    tmp_path: Path,
) -> None:
    port = free_port()
    save_table(tmp_path)
    async with running(tmp_path, port, "--workers", "2") as process, gateway(port) as http:
        await ready(http)
        await until(lambda: len(descendants(process.pid)) == 2, "two replicas run")
        first = descendants(process.pid)
        os.kill(first[0], signal.SIGKILL)
        await until(
            lambda: len(set(descendants(process.pid)) - {first[0]}) == 2, "it was started again"
        )
        replicas = descendants(process.pid)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert gone(replicas)


async def test_replicas_leave_when_the_process_that_started_them_is_killed(tmp_path: Path) -> None:
    async with running(tmp_path, free_port(), "--workers", "2") as process:
        await until(lambda: len(descendants(process.pid)) == 2, "two replicas run")
        replicas = descendants(process.pid)
        process.kill()
        await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in replicas), "they left")


async def test_all_missing_settings_are_said_at_once() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcpgateway.data_plane"),
        env={"PATH": os.environ["PATH"], "PORT": "x"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    for name in ("MCPGATEWAY_DATA_PLANE_KEY", "MCPGATEWAY_EDGE_SECRET", "PORT"):
        assert name in said.decode()


@pytest.mark.parametrize("name", ["MCPGATEWAY_EDGE_SECRETS", "MCPGATEWAY_DATA_PLANE_KEYS"])
async def test_a_misspelt_setting_stops_the_start(name: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcpgateway.data_plane"),
        env={"PATH": os.environ["PATH"], **environ(), name: "x"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert f"did you mean {name[:-1]}" in said.decode()
