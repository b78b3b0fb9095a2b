"""Calls survive the death of what they do not need: no call fails while processes are killed."""

from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from mcpgateway.data_plane.table.disk import TableDisk
from support.calls import calls_going_on, healed
from support.mcp_servers import mcp_server
from support.suite import Suite, running_suite, text_of
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("role", ["control-plane", "nats-server", "bin/postgres"])
async def test_no_call_fails_while_a_process_is_killed(suite: Suite, role: str) -> None:
    async with mcp_server() as upstream:
        if not [tool for tool in await suite.tools() if tool["name"] == "upstream-echo"]:
            await suite.register("upstream", upstream.url)
        else:
            await move(suite, upstream.url)
        async with calls_going_on(suite, "/mcp") as calls:
            killed = suite.kill(role)
            await calls.after(200)
            await healed(suite, role, killed)
            await calls.after(50)
    await writes_work_again(suite)


async def move(suite: Suite, url: str) -> None:
    """Points the registered upstream at another address."""
    async with suite.http() as http:
        (gateway,) = (await http.get("/gateways")).json()
        answer = await http.put(f"/gateways/{gateway['id']}?wait=applied", json={"url": url})
    assert answer.status_code == 200, answer.text


async def writes_work_again(suite: Suite) -> None:
    """The registry takes a write and both replicas apply it, soon after the kill."""

    async def applied() -> bool:
        name = f"probe-{uuid4().hex}"
        async with suite.http() as http:
            answer = await http.post(
                "/servers?wait=applied&timeout=10", json={"server": {"name": name}}
            )
        return answer.status_code == 201 and answer.headers["applied"] == "2/2"

    await until(applied, "a write is applied by both replicas")


def saved_table_names(suite: Suite, name: str) -> bool:
    """Whether a restarted replica would find a tool of this name on disk: in whole frames of files
    that are in place, not in those that are being written."""
    return any(
        name.encode() in frame.message or name.encode() in bytes(frame.body)
        for path in suite.data_dir.rglob("table.snap")
        for frame in TableDisk(path.parent).read()
    )


async def test_a_replica_restarts_and_serves_with_the_control_plane_and_nats_dead(
    tmp_path: Path,
) -> None:
    async with running_suite(tmp_path / "data") as suite, mcp_server() as upstream:
        await suite.register("upstream", upstream.url)
        await until(lambda: saved_table_names(suite, "upstream-echo"), "the table is on disk")
        suite.freeze("control-plane")
        suite.freeze("nats-server")
        killed = suite.kill("data-plane")
        await healed(suite, "data-plane", killed)

        async def ready() -> bool:
            with suppress(httpx2.TransportError):
                async with suite.http() as http:
                    answer = await http.get("/ready")
                return answer.status_code == 200 and answer.json()["table"]["source"] == "disk"
            return False

        await until(ready, "the replica serves from disk")
        async with suite.client("/mcp", "2026-07-28") as client:
            result = await client.call_tool("upstream-echo", {"text": "still here"})
        assert text_of(result) == "still here"
