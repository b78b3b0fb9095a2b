"""Local commands as gateways: registered, run by the runner, called in both eras."""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from support.runner import alive
from support.suite import Suite, running_suite, text_of
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIME = {"command": sys.executable, "args": ["-m", "mcp_server_time", "--local-timezone=UTC"]}
NOWHERE = {**TIME, "args": ["-m", "mcp_server_time", "--local-timezone=Nowhere/At-All"]}
ALLOWED = f"{sys.executable} -m mcp_server_time --local-timezone=* ; {sys.executable} -c"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    settings = {
        "MCPGATEWAY_STDIO_ENABLED": "true",
        "MCPGATEWAY_STDIO_COMMANDS": ALLOWED,
        "SSRF_ALLOW_LOCALHOST": "false",  # where runners are is no user's choice
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


async def process(suite: Suite, id: str) -> dict[str, Any]:
    async with suite.http() as http:
        answer = await http.get(f"/v1/gateways/{id}/process")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def pids(suite: Suite, id: str) -> list[int]:
    return [each["pid"] for each in (await process(suite, id))["processes"]]


async def now(suite: Suite, prefix: str, mode: str = "legacy") -> str:
    """Asks a command's tool, at the endpoint of all tools; answers the time zone."""
    async with suite.client("/mcp", mode) as client:
        result = await client.call_tool(f"{prefix}-get-current-time", {"timezone": "Europe/Dublin"})
    return str(json.loads(text_of(result))["timezone"])


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
            result = await client.call_tool("clock-get-current-time", {"timezone": "Asia/Tokyo"})
            assert json.loads(text_of(result))["timezone"] == "Asia/Tokyo"
    assert len(await pids(suite, gateway["id"])) <= 2  # one for each era that is spoken


@pytest.mark.parametrize("instances", ["shared", "session", "principal"])
async def test_a_command_is_called_whoever_shares_it(suite: Suite, instances: str) -> None:
    name = f"clock-{instances}"
    gateway = await register(suite, name, stdio={**TIME, "instances": instances})
    for mode in ("legacy", "2026-07-28"):
        assert await now(suite, name, mode) == "Europe/Dublin"
    shown = await process(suite, gateway["id"])
    assert shown["crashes"] == 0
    if instances == "principal":
        assert "admin@example.com" in shown["callers"]


async def test_a_command_that_is_killed_is_started_by_the_next_call(suite: Suite) -> None:
    gateway = await register(suite, "killed", **TIME)
    (pid,) = await pids(suite, gateway["id"])
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not alive(pid), "it is dead")
    assert await now(suite, "killed") == "Europe/Dublin"
    shown = await process(suite, gateway["id"])
    assert shown["lastExit"]["reason"] == "the stdio server was ended by signal 9"
    assert [each["pid"] for each in shown["processes"]] != [pid]


async def test_a_command_that_is_stopped_is_started_by_the_next_call(suite: Suite) -> None:
    gateway = await register(suite, "stopped", **TIME)
    (pid,) = await pids(suite, gateway["id"])
    async with suite.http() as http:
        path = f"/gateways/{gateway['id']}/process/stop"
        assert (await http.post(f"{path}?dry_run=true")).status_code == 422
        assert (await http.post(path)).status_code == 200
    await until(lambda: not alive(pid), "it ends")
    assert await now(suite, "stopped") == "Europe/Dublin"


async def test_a_command_that_is_changed_is_another_process(suite: Suite) -> None:
    gateway = await register(suite, "changed", **TIME)
    (pid,) = await pids(suite, gateway["id"])
    other = {**TIME, "args": [*TIME["args"][:2], "--local-timezone=Asia/Tokyo"]}
    async with suite.http(90) as http:
        answer = await http.put(f"/gateways/{gateway['id']}?wait=applied", json=other)
    assert answer.status_code == 200, answer.text
    assert await now(suite, "changed") == "Europe/Dublin"
    await until(lambda: not alive(pid), "the former one ends")
    assert pid not in await pids(suite, gateway["id"])


@pytest.mark.parametrize("way", ["disabled", "deleted"])
async def test_what_is_not_offered_any_more_ends(suite: Suite, way: str) -> None:
    gateway = await register(suite, f"to-be-{way}", **TIME)
    (pid,) = await pids(suite, gateway["id"])
    async with suite.http() as http:
        if way == "deleted":
            answer = await http.delete(f"/gateways/{gateway['id']}")
        else:
            answer = await http.post(f"/gateways/{gateway['id']}/state?activate=false")
    assert answer.is_success
    await until(lambda: not alive(pid), "its process ends")
    if way == "disabled":
        async with suite.http() as http:
            path = f"/gateways/{gateway['id']}/state?activate=true&wait=applied"
            assert (await http.post(path)).is_success
        assert await now(suite, "to-be-disabled") == "Europe/Dublin"


async def test_what_is_not_on_the_list_is_refused_with_the_reason(suite: Suite) -> None:
    for command, args in (("/bin/sh", ["-c", "id"]), (sys.executable, ["-c", "print()"])):
        body = {"name": "x", "transport": "STDIO", "command": command, "args": args}
        async with suite.http() as http:
            refused = await http.post("/gateways", json=body)
        assert refused.status_code == 502
        assert f"command {command!r} is not allowed" in refused.json()["detail"]
        assert "MCPGATEWAY_STDIO_COMMANDS" in refused.json()["detail"]


async def test_a_command_that_does_not_start_is_told_in_its_own_words(suite: Suite) -> None:
    async with suite.http(90) as http:
        body = {"name": "nowhere", "transport": "STDIO", **NOWHERE}
        refused = await http.post("/gateways", json=body)
    assert refused.status_code == 502
    assert "exited with status 1" in refused.json()["detail"]
    assert "it wrote: Error: invalid --local-timezone" in refused.json()["detail"]


async def test_a_warm_command_runs_again_though_nobody_calls_it(suite: Suite) -> None:
    gateway = await register(suite, "warm", stdio={**TIME, "warm": True})
    (pid,) = await pids(suite, gateway["id"])
    os.kill(pid, signal.SIGKILL)

    async def another() -> bool:
        return bool(set(await pids(suite, gateway["id"])) - {pid})

    await until(another, "another process runs")


async def test_nobody_calls_the_runner_around_the_gateway(suite: Suite) -> None:
    """The port is open to this machine: without a ticket it does nothing."""
    ports = json.loads((suite.data_dir / "ports.json").read_text())
    gateway = await register(suite, "guarded", **TIME)
    url = f"http://127.0.0.1:{ports['runner']}"
    async with httpx2.AsyncClient(base_url=url, headers=suite.headers) as http:
        for path in (f"/stdio/{gateway['id']}/mcp", f"/stdio/{gateway['id']}/end"):
            assert (await http.post(path, json={})).status_code == 401
        assert (await http.get(f"/stdio/{gateway['id']}")).status_code == 401
    assert len(await pids(suite, gateway["id"])) == 1


async def test_a_command_may_be_told_as_much_as_fits(suite: Suite) -> None:
    """What it is told travels in a header of each request."""
    env = {f"KEY_{number}": "x" * 4000 for number in range(3)}
    await register(suite, "told", **TIME, env=env)
    assert await now(suite, "told") == "Europe/Dublin"
