"""The whole suite as a user starts it: `mcpgateway up` in a process group of its own.

Finds its processes by the role in their command line, kills them, and talks to the public address,
over the door that the pytest option `--door` names.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from support.door import Door
from support.door_http import client, plain_client
from support.http import free_port

STARTED = "export TOKEN="  # the last line that `up` prints when everything serves
DEADLINE = 60.0


@dataclass
class Suite:
    """A running suite. `url` is its public address, `token` an administrator's bearer token."""

    url: str
    data_dir: Path
    process: asyncio.subprocess.Process
    door: Door = Door.HTTP1
    token: str = ""
    output: list[str] = field(default_factory=list)
    reader: "asyncio.Task[None] | None" = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def administrator(self) -> tuple[str, str]:
        """Email and password."""
        lines = (self.data_dir / "secrets.env").read_text().splitlines()
        said = dict(line.split("=", 1) for line in lines if "=" in line)
        return "admin@example.com", said["PLATFORM_ADMIN_PASSWORD"].strip("'\"")

    @property
    def certificate(self) -> Path | None:
        """What clients are to trust; None without TLS."""
        return None if self.door is Door.HTTP1 else self.data_dir / "tls" / "cert.pem"

    @property
    def trusting(self) -> dict[str, str]:
        """The environment in which programs trust it."""
        return {} if self.certificate is None else {"SSL_CERT_FILE": str(self.certificate)}

    def http(self, timeout: float = 30.0) -> httpx2.AsyncClient:
        return self.stranger(timeout, headers=self.headers)

    def of_replica(self, address: str, **options: Any) -> httpx2.AsyncClient:
        """A client without a token of a replica's own port, which speaks plain HTTP/1.1."""
        return plain_client(address, timeout=30.0, **options)

    def stranger(self, timeout: float = 30.0, **options: Any) -> httpx2.AsyncClient:
        """A client without a token."""
        return client(self.door, self.url, self.certificate, timeout=timeout, **options)

    @asynccontextmanager
    async def client(self, path: str, mode: str = "auto", **options: Any) -> AsyncIterator[Client]:
        """The official SDK's client on one of our MCP endpoints."""
        async with self.http() as http:
            transport = streamable_http_client(self.url + path, http_client=http)
            async with Client(transport, mode=mode, **options) as client:
                yield client

    def pids(self, role: str) -> list[int]:
        """Processes below `up` with `role` in their command line; not what these started, which
        bears the same command line until it has become something else."""
        return _topmost(self.process.pid, role)

    def kill(self, role: str) -> list[int]:
        """SIGKILL to every process of a role; at least one must be there."""
        pids = self.pids(role)
        assert pids, f"no process of role {role}: {[command_line(p) for p in self.family()]}"
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return pids

    def freeze(self, role: str) -> None:
        """Stops a role without ending it: its sockets stay open and nothing answers."""
        for pid in self.pids(role):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self.family():
            with suppress(ProcessLookupError):  # PostgreSQL's workers come and go
                os.kill(pid, signal.SIGCONT)

    def family(self) -> list[int]:
        return descendants(self.process.pid)

    async def register(self, name: str, url: str, **fields: Any) -> dict[str, Any]:
        """Registers an upstream and returns when every replica has applied it."""
        async with self.http() as http:
            answer = await http.post(
                "/gateways?wait=applied", json={"name": name, "url": url, **fields}
            )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def tools(self) -> list[dict[str, Any]]:
        async with self.http() as http:
            answer = await http.get("/tools?limit=0")
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    async def bundle(self, name: str, tools: list[str], **fields: Any) -> str:
        """Makes a virtual server of tool ids; returns its id when every replica has applied it."""
        body = {"server": {"name": name, "associated_tools": tools, **fields}}
        async with self.http() as http:
            answer = await http.post("/servers?wait=applied", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def stop(self) -> None:
        """Ends it, whatever it takes; fails when it takes force."""
        self.thaw()
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(DEADLINE):
                await self.process.wait()
                if self.reader is not None:  # the output ends when the last child has ended
                    await self.reader
        except TimeoutError:
            if self.process.returncode is None:
                self.process.kill()  # its children die with it
                await self.process.wait()
            raise AssertionError("up did not stop:\n" + "\n".join(self.output)) from None


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def descendants(pid: int) -> list[int]:
    """All living processes below `pid`, parents first."""
    found: list[int] = []
    for child in _children(pid):
        found += [child, *descendants(child)]
    return found


def _topmost(pid: int, role: str) -> list[int]:
    found: list[int] = []
    for child in _children(pid):
        found += [child] if role in command_line(child) else _topmost(child, role)
    return found


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(word) for word in text.split()]


@asynccontextmanager
async def running_suite(
    data_dir: Path,
    *options: str,
    environ: dict[str, str] | None = None,
    port: int = 0,
    door: Door | None = None,
) -> AsyncIterator[Suite]:
    """Starts `mcpgateway up` on a free port and stops it in the end. `door` None: the one that
    the tests were told."""
    suite = await start_suite(data_dir, *options, environ=environ, port=port, door=door)
    try:
        yield suite
    finally:
        await suite.stop()


async def start_suite(
    data_dir: Path,
    *options: str,
    environ: dict[str, str] | None = None,
    port: int = 0,
    door: Door | None = None,
) -> Suite:
    port = port or free_port()
    door = door or Door.chosen()
    command = [sys.executable, "-m", "mcpgateway.cli", "up", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        *command,
        "--data-dir",
        str(data_dir),
        *door.options,
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**clean_environ(), **(environ or {})},
        cwd=data_dir.parent,
        start_new_session=True,
        preexec_fn=_heed_sigint,
    )
    suite = Suite(f"{door.scheme}://127.0.0.1:{port}", data_dir, process, door)
    try:
        await _until_started(suite)
        suite.token = await mint(data_dir)
    except BaseException:
        await suite.stop()
        raise
    return suite


def _heed_sigint() -> None:
    """As at a terminal. A shell that puts the tests in the background lets them ignore SIGINT, and
    so would all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def clean_environ() -> dict[str, str]:
    """Only what a process needs: no setting of the machine leaks in."""
    keep = ("PATH", "HOME", "LANG", "TMPDIR", "PG_ROOT")
    return {name: os.environ[name] for name in keep if name in os.environ}


async def _until_started(suite: Suite) -> None:
    """Reads the output until it says that everything serves; keeps reading it afterwards."""
    started = asyncio.Event()

    async def read() -> None:
        assert suite.process.stdout is not None
        async for raw in suite.process.stdout:
            line = raw.decode(errors="replace").rstrip()
            suite.output.append(line)
            if STARTED in line:
                started.set()
        started.set()

    suite.reader = asyncio.create_task(read())
    try:
        async with asyncio.timeout(DEADLINE):
            await started.wait()
    except TimeoutError:
        raise AssertionError("up did not start:\n" + "\n".join(suite.output)) from None
    assert suite.process.returncode is None, "\n".join(suite.output)


async def up_ended(*argv: str, cwd: Path, **environ: str) -> tuple[int, str]:
    """Runs `mcpgateway up` to its end: the exit status and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcpgateway.cli", "up", *argv),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**clean_environ(), **environ},
        cwd=cwd,
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def serves(suite: Suite) -> bool:
    """Whether a registry read through the public address works."""
    try:
        async with suite.http(2.0) as http:
            answers = [await http.get("/ready"), await http.get("/gateways")]
    except Exception:  # noqa: BLE001 - any failure of the HTTP client means no
        return False
    return all(answer.status_code == 200 for answer in answers)


async def mint(data_dir: Path) -> str:
    """An administrator's token, made as the banner says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mcpgateway.cli",
        "token",
        "--data-dir",
        str(data_dir),
        stdout=asyncio.subprocess.PIPE,
        env=clean_environ(),
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().strip()


def text_of(result: Any) -> str:
    """The text of a tool result's first content."""
    return str(json.loads(result.model_dump_json())["content"][0]["text"])
