"""Long: 100,000 legacy sessions are opened and stay so, and cost a replica nothing while idle.

What a session is, is in its id; what a replica keeps of it is a cache of bounded size.
"""

import asyncio
import json
import random
from pathlib import Path

from support.http import RawClient, raw_client
from support.suite import running_suite

SESSIONS = 100_000
WARM = 30_000  # sessions, after which every cache is full
CONNECTIONS = 16
GROWTH = 8_000  # kB; a list of the ids that are opened then would be 10,000
TRIED = 50  # sessions that are used again in the end
HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"elicitation": {}, "sampling": {}, "roots": {"listChanged": True}},
    "clientInfo": {"name": "idle", "version": "1"},
}


def rss(pid: int) -> int:
    """Resident memory in kB."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])


class Opener:
    """Opens sessions over a few connections, and keeps the ids of some."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self.kept: list[str] = []

    async def open(self, count: int) -> None:
        share = count // CONNECTIONS
        await asyncio.gather(*(self._open_some(share) for _ in range(CONNECTIONS)))

    async def still_there(self, session: str) -> bool:
        async with raw_client(self._port) as client:
            return (await self._send(client, "ping", {}, session))[0] == 200

    async def _open_some(self, count: int) -> None:
        async with raw_client(self._port) as client:
            for number in range(count):
                status, session = await self._send(client, "initialize", HELLO)
                assert status == 200
                if number % (count // TRIED) == 0:
                    self.kept.append(session)

    async def _send(
        self, client: RawClient, method: str, params: object, session: str = ""
    ) -> tuple[int, str]:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        body = json.dumps(message).encode()
        lines = [
            "POST /mcp HTTP/1.1",
            f"Host: 127.0.0.1:{self._port}",
            f"Authorization: Bearer {self._token}",
            "Accept: application/json, text/event-stream",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *([f"Mcp-Session-Id: {session}"] if session else []),
        ]
        client.send("\r\n".join([*lines, "", ""]).encode() + body)
        answer = await client.response()
        return answer.status, answer.header("mcp-session-id") or ""


async def test_a_hundred_thousand_idle_sessions_cost_a_replica_nothing(tmp_path: Path) -> None:
    async with running_suite(tmp_path / "data", "--no-admin") as suite:
        (replica,) = suite.pids("data-plane")
        (nats,) = suite.pids("nats-server")
        opener = Opener(int(suite.url.rsplit(":", 1)[1]), suite.token)
        await opener.open(WARM)
        before = rss(replica), rss(nats)
        await opener.open(SESSIONS - WARM)
        grown = rss(replica) - before[0], rss(nats) - before[1]
        chosen = random.sample(opener.kept, TRIED)
        alive = [await opener.still_there(session) for session in chosen]
    print(
        f"{SESSIONS} sessions: a replica of {before[0]} kB grew by {grown[0]} kB, NATS {grown[1]}"
    )
    assert all(alive)
    assert grown[0] < GROWTH, grown
    assert grown[1] < GROWTH, grown
