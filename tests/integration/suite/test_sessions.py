"""One legacy session on two replicas: each of its requests may reach another one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from support.door_http import plain_client
from support.mcp_servers import mcp_server
from support.suite import Suite
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


class Replica:
    """One data plane at its own address, and what a client sends it in a session."""

    def __init__(self, address: str, token: str) -> None:
        lines = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, text/event-stream",
            "Mcp-Protocol-Version": "2025-11-25",
        }
        self.http = plain_client(f"http://{address}", headers=lines, timeout=30)

    async def initialize(self) -> str:
        """A new session's id."""
        answer = await self.send({"method": "initialize", "id": 1, "params": HELLO}, "")
        assert answer.status_code == 200, answer.text
        return str(answer.headers["mcp-session-id"])

    async def send(self, message: dict[str, Any], session: str) -> httpx2.Response:
        headers = {"Mcp-Session-Id": session} if session else {}
        return await self.http.post("/mcp", json={"jsonrpc": "2.0", **message}, headers=headers)

    async def ping(self, session: str) -> int:
        """The status."""
        return (await self.send({"method": "ping", "id": 2}, session)).status_code

    async def delete(self, session: str) -> int:
        return (await self.http.delete("/mcp", headers={"Mcp-Session-Id": session})).status_code


@asynccontextmanager
async def replicas(suite: Suite) -> AsyncIterator[tuple[Replica, Replica]]:
    async with suite.http() as http:
        found = (await http.get("/v1/replicas")).json()["replicas"]
    one, other = (Replica(each["address"], suite.token) for each in found)
    async with one.http, other.http:
        yield one, other


async def test_a_session_deleted_at_one_replica_is_404_at_the_other(suite: Suite) -> None:
    async with replicas(suite) as (one, other):
        known, unknown = await one.initialize(), await one.initialize()
        assert await other.ping(known) == 200
        assert [await one.delete(known), await one.delete(unknown)] == [204, 204]
        assert [await one.ping(known), await one.ping(unknown)] == [404, 404]

        async def gone() -> bool:
            return await other.ping(known) == 404

        await until(gone, "the other replica heard of it", seconds=2)
        assert await other.ping(unknown) == 404  # never asked for there before


async def test_a_session_of_one_replica_is_served_by_the_other(suite: Suite) -> None:
    async with replicas(suite) as (one, other):
        session = await one.initialize()
        for _ in range(3):
            assert [await one.ping(session), await other.ping(session)] == [200, 200]
        assert await other.delete(session) == 204


async def test_a_call_at_one_replica_is_cancelled_through_the_other(suite: Suite) -> None:
    async with mcp_server() as upstream, replicas(suite) as (one, other):
        gateway = await suite.register("cancelled", upstream.url)
        session = await one.initialize()
        params = {"name": "cancelled-slow", "arguments": {"seconds": 60}}
        call = {"method": "tools/call", "id": "the call", "params": params}
        calling = asyncio.ensure_future(one.send(call, session))
        cancel = {"method": "notifications/cancelled", "params": {"requestId": "the call"}}

        async def cancelled() -> bool:
            assert (await other.send(cancel, session)).status_code == 202
            return calling.done()

        await until(cancelled, "the call was under way and is cancelled")
        assert "cancelled" in (await calling).text
        async with suite.http() as http:
            assert (await http.delete(f"/gateways/{gateway['id']}")).is_success
