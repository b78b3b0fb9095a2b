"""What compose runs, run without an engine: the commands of the compose file as processes, with the
secrets that `init-secrets` wrote, a NATS server with its written configuration, and a PostgreSQL.

Only addresses differ: loopback ports instead of the names of services.
"""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml

from mcpgateway.cli import dotenv, init_secrets
from mcpgateway.cli.embedded.nats import find_program
from support.http import free_port
from support.mcp_servers import mcp_server
from support.suite import clean_environ
from support.wait import until

COMPOSE = Path(__file__).parents[3] / "deploy" / "compose" / "compose.yaml"
EMAIL = "root@example.org"
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "fixture-echo", "arguments": {"text": "hello"}},
}


@dataclass(frozen=True)
class Deployment:
    """`secrets` has a folder for each role; `ports` are those of loopback."""

    folder: Path
    secrets: Path
    services: dict[str, Any]
    ports: dict[str, int]
    stack: AsyncExitStack

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    def write_secrets(self, database: str) -> None:
        """The command of `init`."""
        program, command, *options = self.services["init"]["command"]
        assert (program, command) == ("mcpgateway", "init-secrets")
        asked = [option for option in options if "-url=" not in option and "--out=" not in option]
        asked += [f"--out={self.secrets}", f"--nats-url=nats://127.0.0.1:{self.ports['nats']}"]
        asked += [f"--database-url={database}", f"--nats-store={self.folder / 'jetstream'}"]
        assert init_secrets.main(asked, {"PLATFORM_ADMIN_EMAIL": EMAIL}) == 0

    async def start_nats(self) -> None:
        option, config = self.services["nats"]["command"]
        where = ("-a", "127.0.0.1", "-p", str(self.ports["nats"]))
        await self._spawn(str(find_program()), option, self._here(config), *where)

    async def start(self, service: str) -> None:
        """The service's command of the compose file."""
        shell, option, line = self.services[service]["command"]
        await self._spawn(
            *(shell, option, self._here(line)),
            PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin",
            HOST="127.0.0.1",
            PORT=str(self.ports[service]),
            MCPGATEWAY_DATA_DIR=str(self.folder / service),
            **self._environment(service),
        )

    def _environment(self, service: str) -> dict[str, str]:
        def at_home(value: str) -> str:
            for other, port in self.ports.items():
                value = re.sub(rf"//{other}:\d+", f"//127.0.0.1:{port}", value)
            return value

        given = self.services[service]["environment"].items()
        return {name: at_home(value) for name, value in given if "${" not in value}

    def _here(self, text: str) -> str:
        return text.replace("/secrets/", f"{self.secrets}/")

    async def _spawn(self, *command: str, **environ: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *command, env={**clean_environ(), **environ}, cwd="/", stderr=PIPE
        )
        log = asyncio.create_task(process.communicate())

        async def stop() -> None:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(30):
                _, said = await log
            assert b"Traceback" not in said, said.decode()

        self.stack.push_async_callback(stop)

    async def ready(self, service: str) -> None:
        async def answers() -> bool:
            async with httpx2.AsyncClient() as http:
                try:
                    return (await http.get(self.url(service) + "/ready")).status_code == 200
                except httpx2.TransportError:
                    return False

        await until(answers, f"{service} is ready")


async def token(http: httpx2.AsyncClient, secrets: Path) -> str:
    """A login as the first administrator, whom the written secrets name."""
    own = dotenv.parse((secrets / "control-plane" / "env").read_text())
    body = {"email": own["PLATFORM_ADMIN_EMAIL"], "password": own["PLATFORM_ADMIN_PASSWORD"]}
    answer = await http.post("/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def test_the_services_of_compose_work_together_with_the_written_secrets(
    database: str, tmp_path: Path
) -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    ports = {name: free_port() for name in ("nats", "control-plane", "data-plane", "admin")}
    async with AsyncExitStack() as stack:
        running = Deployment(tmp_path, tmp_path / "written", services, ports, stack)
        running.write_secrets(database)
        await running.start_nats()
        for service in ("control-plane", "data-plane", "admin"):
            await running.start(service)
        for service in ("control-plane", "data-plane", "admin"):
            await running.ready(service)
        upstream = await stack.enter_async_context(mcp_server())
        async with httpx2.AsyncClient(base_url=running.url("data-plane"), timeout=30) as http:
            assert (await http.get("/tools")).status_code == 401
            http.headers["Authorization"] = f"Bearer {await token(http, running.secrets)}"
            given = {"name": "fixture", "url": upstream.url}
            registered = await http.post("/gateways?wait=applied", json=given)
            assert (registered.status_code, registered.headers["applied"]) == (200, "1/1")
            answer = (await http.post("/mcp", json=CALL)).json()
            assert answer["result"]["content"][0]["text"] == "hello"
            page = await http.get("/admin/login")
            assert "<form" in page.text


def test_the_environment_of_a_service_names_no_folder_but_its_own(
    tmp_path: Path,
) -> None:
    assert init_secrets.main(["--out", str(tmp_path)], {}) == 0
    for role in ("control-plane", "data-plane", "admin"):
        named = re.findall(rf"{tmp_path}/([\w-]+)", (tmp_path / role / "env").read_text())
        assert set(named) <= {role}
