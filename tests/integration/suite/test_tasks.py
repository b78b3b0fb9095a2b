"""Tasks on two replicas: any of them answers, and what runs outlives the one that ran it."""

import itertools
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from mcpgateway.common.mcp.listening import LISTEN
from mcpgateway.common.mcp.revisions import (
    META_CLIENT_CAPABILITIES,
    META_PROTOCOL_VERSION,
    META_SUBSCRIPTION_ID,
)
from mcpgateway.common.mcp.tasks import EXTENSION
from support.door_http import plain_client
from support.mcp_servers import serve
from support.suite import Suite, running_suite
from support.task_upstream import TaskUpstream
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

META = {
    META_PROTOCOL_VERSION: "2026-07-28",
    META_CLIENT_CAPABILITIES: {"extensions": {EXTENSION: {}}},
}
HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


@dataclass
class Replica:
    """One data plane at its own address."""

    id: str
    http: httpx2.AsyncClient
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def pid(self) -> int:
        return int(self.id.split("-")[-2])

    async def modern(self, method: str, **params: Any) -> Any:
        name = params.get("taskId", params.get("name", ""))
        headers = {"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": name}
        return await self._send(method, {**params, "_meta": META}, headers)

    @asynccontextmanager
    async def listening(self, name: str) -> AsyncIterator[AsyncIterator[Any]]:
        """What is told of a task, while it is listened to."""
        params = {"notifications": {"taskIds": [name]}, "_meta": META}
        message = {"jsonrpc": "2.0", "id": next(self.numbers), "method": LISTEN, "params": params}
        headers = {"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": LISTEN}
        async with self.http.stream("POST", "/mcp", json=message, headers=headers) as stream:
            lines = stream.aiter_lines()
            yield (json.loads(line[6:]) async for line in lines if line.startswith("data: {"))

    async def legacy(self, session: str, method: str, **params: Any) -> Any:
        headers = {"Mcp-Protocol-Version": "2025-11-25", "Mcp-Session-Id": session}
        return await self._send(method, params, headers)

    async def session(self) -> str:
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}
        answer = await self.http.post("/mcp", json=message)
        return str(answer.headers["mcp-session-id"])

    async def _send(self, method: str, params: Any, headers: dict[str, str]) -> Any:
        message = {"jsonrpc": "2.0", "id": next(self.numbers), "method": method, "params": params}
        return (await self.http.post("/mcp", json=message, headers=headers)).json()

    async def becomes(self, name: str, status: str) -> Any:
        """The state, once the task has this status."""
        found: list[Any] = []

        async def reached() -> bool:
            found.append(await self.modern("tasks/get", taskId=name))
            return bool(found[-1]["result"]["status"] == status)

        await until(reached, f"the task is {status}")
        return found[-1]["result"]


@pytest_asyncio.fixture(loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """Each test kills a replica of its own."""
    data = tmp_path_factory.mktemp("suite") / "data"
    environ = {"MCPGATEWAY_TASK_AFTER": "0.2"}
    async with running_suite(data, "--replicas", "2", environ=environ) as running:
        yield running


@asynccontextmanager
async def offered(suite: Suite) -> AsyncIterator[tuple[TaskUpstream, Replica, Replica]]:
    upstream = TaskUpstream()
    async with serve(upstream) as base, suite.http() as http:
        await suite.register("up", f"{base}/mcp")
        found = (await http.get("/v1/replicas")).json()["replicas"]
        lines = {
            "Authorization": f"Bearer {suite.token}",
            "Accept": "application/json, text/event-stream",
        }
        one, other = (
            Replica(
                each["id"],
                plain_client(f"http://{each['address']}", headers=lines, timeout=30),
            )
            for each in found
        )
        async with one.http, other.http:
            yield upstream, one, other
            upstream.finish()


async def test_a_killed_replicas_tasks_are_gone_on_with_or_told_to_be_lost(suite: Suite) -> None:
    async with offered(suite) as (upstream, one, other):
        names = {}
        for tool in ("read", "write", "job"):
            made = (await one.modern("tools/call", name=f"up-{tool}", arguments={}))["result"]
            assert made["resultType"] == "task", made
            names[tool] = made["taskId"]
            state = await other.modern("tasks/get", taskId=names[tool])
            assert state["result"]["status"] == "working"
        await until(lambda: upstream.seen["tasks/result"] == 1, "the job is followed")
        os.kill(one.pid, signal.SIGKILL)

        lost = await other.becomes(names["write"], "failed")
        assert lost["error"]["data"] == {"outcome": "unknown"}
        for tool in ("read", "job"):
            await other.becomes(names[tool], "working")
        await until(lambda: upstream.seen["tools/call read"] == 2, "the harmless one is made again")
        await until(lambda: upstream.seen["tasks/result"] == 2, "the job is followed again")
        upstream.finish()
        for tool in ("read", "job"):
            done = await other.becomes(names[tool], "completed")
            assert done["result"]["content"][0]["text"] == "done"
        assert upstream.seen["tools/call write"] == upstream.seen["tools/call job"] == 1


async def test_legacy_tasks_pass_through_any_replica(suite: Suite) -> None:
    async with offered(suite) as (upstream, one, other):
        session = await one.session()
        call = await one.legacy(session, "tools/call", name="up-job", arguments={}, task={})
        name = call["result"]["task"]["taskId"]
        assert name.startswith("gw1.")
        state = await other.legacy(session, "tasks/get", taskId=name)
        assert (state["result"]["taskId"], state["result"]["status"]) == (name, "working")
        upstream.finish()
        result = await other.legacy(session, "tasks/result", taskId=name)
        assert result["result"]["content"][0]["text"] == "done"
        assert name in str(result["result"]["_meta"])
        again = await one.legacy(session, "tasks/cancel", taskId=name)
        assert again["error"]["code"] == -32602


async def test_who_listens_at_another_replica_is_told_how_a_task_ends(suite: Suite) -> None:
    async with offered(suite) as (upstream, one, other):
        made = (await one.modern("tools/call", name="up-write", arguments={}))["result"]
        name = made["taskId"]
        async with other.listening(name) as events:
            ack = await anext(events)
            assert ack["params"]["notifications"] == {"taskIds": [name]}
            upstream.finish()
            told = await anext(events)
            while told["params"]["status"] == "working":
                told = await anext(events)
        assert told["method"] == "notifications/tasks"
        task = told["params"]
        assert (task["taskId"], task["status"]) == (name, "completed")
        assert task["result"]["content"][0]["text"] == "done"
        assert task["_meta"][META_SUBSCRIPTION_ID] == ack["params"]["_meta"][META_SUBSCRIPTION_ID]
