"""AUTH_ENCRYPTION_SECRET changes while services restart one by one: clients notice nothing."""

import asyncio
import secrets
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from mcpgateway.cli.derived import data_plane
from mcpgateway.common.keys import Secrets
from mcpgateway.common.subjects import Subjects
from support.control_plane import ADMIN, JWT_SECRET, PASSWORD
from support.door_http import plain_client
from support.http import free_port
from support.mcp_servers import mcp_server
from support.services import Services
from support.suite import clean_environ
from support.wait import until

OLD, NEW = (secrets.token_hex(32) for _ in range(2))
LEGACY = {"Mcp-Protocol-Version": "2025-11-25"}
HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
}


@dataclass
class Service:
    """One process that is stopped and started again with other settings. `settings` are those that
    do not change."""

    module: str
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    async def start(self, **settings: str) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"mcpgateway.{self.module}"),
            env={**clean_environ(), **self.settings, **settings, "PORT": str(self.port)},
            stderr=DEVNULL,
        )
        await until(self._ready, f"{self.module} is ready")

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    def http(self, token: str = "") -> httpx2.AsyncClient:
        headers = {"Accept": "application/json, text/event-stream"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return plain_client(f"http://127.0.0.1:{self.port}", headers=headers, timeout=30)

    async def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, f"{self.module} ended"
        async with self.http() as http:
            try:
                return (await http.get("/ready")).status_code == 200
            except httpx2.TransportError:
                return False


@dataclass
class Fleet:
    """A control plane and two data planes."""

    control: Service
    replicas: tuple[Service, Service]
    subjects: Subjects
    token: str = ""

    async def restart(self, service: Service, known: Secrets) -> None:
        await service.stop()
        if service is self.control:
            await service.start(
                AUTH_ENCRYPTION_SECRET=known[0], AUTH_ENCRYPTION_SECRET_ACCEPTED=",".join(known[1:])
            )
        else:
            await service.start(**data_plane(known, self.subjects))

    async def log_in(self) -> None:
        async with self.control.http() as http:
            body = {"email": ADMIN, "password": PASSWORD}
            self.token = (await http.post("/auth/login", json=body)).json()["access_token"]

    async def send(
        self, replica: Service, method: str, params: dict[str, Any], **headers: str
    ) -> httpx2.Response:
        async with replica.http(self.token) as http:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            return await http.post("/mcp", json=body, headers=headers)

    async def call(self, replica: Service, tool: str, **more: Any) -> dict[str, Any]:
        """By a modern client; the result."""
        params = {"name": tool, "arguments": {}, "_meta": META} | more
        headers = {
            "Mcp-Protocol-Version": "2026-07-28",
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
        }
        answer = await self.send(replica, "tools/call", params, **headers)
        assert answer.status_code == 200, answer.text
        return dict(message(answer)["result"])

    async def echoes(self, replica: Service) -> bool:
        """Whether calls reach the upstreams, of which one wants the credential that is stored for
        all, the other the one of the user."""
        return all([await self._echoes(replica, name) for name in ("secured", "locker")])

    async def _echoes(self, replica: Service, name: str) -> bool:
        try:
            result = await self.call(replica, f"{name}-echo", arguments={"text": "hi"})
        except AssertionError:
            return False
        return bool(result.get("content", [{}])[0].get("text") == "hi")


def message(answer: httpx2.Response) -> dict[str, Any]:
    """The last one of an answer in JSON or of a stream."""
    if answer.headers["content-type"].startswith("application/json"):
        return dict(answer.json())
    lines = [line for line in answer.text.splitlines() if line.startswith("data:")]
    return dict(httpx2.Response(200, text=lines[-1][5:]).json())


def make_fleet(database: str, services: Services, folder: Path) -> Fleet:
    group = f"g{secrets.token_hex(4)}"
    shared = {"NATS_URL": services.nats, "MCPGATEWAY_GROUP": group}
    own = {"JWT_SECRET_KEY": JWT_SECRET, "PLATFORM_ADMIN_PASSWORD": PASSWORD}
    control = Service("control_plane", {**shared, **own, "DATABASE_URL": database})
    url = f"http://127.0.0.1:{control.port}"

    def replicas() -> Iterator[Service]:
        for number in range(2):
            where = {"MCPGATEWAY_DATA_DIR": str(folder / str(number))}
            yield Service("data_plane", {**shared, **where, "MCPGATEWAY_CONTROL_PLANE_URL": url})

    one, other = replicas()
    return Fleet(control, (one, other), Subjects("local", group))


@asynccontextmanager
async def running(fleet: Fleet, known: Secrets) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as closing:
        for service in (fleet.control, *fleet.replicas):
            closing.push_async_callback(service.stop)
            await fleet.restart(service, known)
        await fleet.log_in()
        yield fleet


async def test_sessions_parked_calls_logins_and_credentials_survive_a_changed_secret(
    database: str, services: Services, tmp_path: Path
) -> None:
    before, after = (OLD, NEW), (NEW, OLD)
    async with (
        mcp_server(era="legacy", bearer="only the gateway knows") as server,
        mcp_server(bearer="only-its-user-knows") as personal,
        running(make_fleet(database, services, tmp_path), before) as fleet,
    ):
        one, other = fleet.replicas
        async with fleet.control.http(fleet.token) as http:
            made = await http.post(
                "/gateways?wait=applied",
                json={
                    "name": "secured",
                    "url": server.url,
                    "auth_type": "bearer",
                    "auth_token": "only the gateway knows",
                },
            )
            assert made.status_code == 200, made.text
            locker = {"name": "locker", "url": personal.url, "auth_type": "vault"}
            kept = (await http.post("/gateways", json=locker)).json()["id"]
            token = {"token": "only-its-user-knows"}
            assert (await http.put(f"/vault/{kept}", json=token)).status_code == 204
            read = await http.post(f"/gateways/{kept}/tools/refresh?wait=applied")
            assert read.json()["toolsAdded"] > 0, read.text
        await until(lambda: fleet.echoes(one), "the upstream is called")
        hello = await fleet.send(one, "initialize", HELLO)
        session = {**LEGACY, "Mcp-Session-Id": hello.headers["mcp-session-id"]}
        asked = await fleet.call(one, "secured-ask-name")
        assert asked["resultType"] == "input_required"
        (question,) = asked["inputRequests"]
        reply = {"action": "accept", "content": {"name": "Ann"}}

        await fleet.restart(other, after)
        await fleet.restart(fleet.control, after)

        assert (await fleet.send(other, "ping", {}, **session)).status_code == 200
        answered = await fleet.call(
            other,
            "secured-ask-name",
            requestState=asked["requestState"],
            inputResponses={question: reply},
        )
        assert "Ann" in answered["content"][0]["text"]

        await fleet.restart(one, after)
        for replica in fleet.replicas:
            assert (await fleet.send(replica, "ping", {}, **session)).status_code == 200
            await until(lambda replica=replica: fleet.echoes(replica), "the upstream is called")

        for service in (fleet.control, *fleet.replicas):
            await fleet.restart(service, (NEW,))
        assert (await fleet.send(one, "ping", {}, **session)).status_code == 401
        await fleet.log_in()
        assert (await fleet.send(one, "ping", {}, **session)).status_code == 404
        for replica in fleet.replicas:
            await until(lambda replica=replica: fleet.echoes(replica), "the upstream is called")
