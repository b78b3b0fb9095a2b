"""The gateway as a user starts it: `mcpgateway up`, and more data planes beside its own."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench.client import Answer, answers, ask, wanted
from bench.messages import BASE
from bench.processes import LOAD_CORE, PROXY_CORE, environ, pin, process, until, with_role
from mcpgateway.cli import token
from mcpgateway.cli.embedded import ports
from mcpgateway.cli.service_settings import specs_of

SECRET = "a-secret-that-only-a-benchmark-has"  # noqa: S105 - of a gateway that lives for minutes
SETTINGS = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "JWT_SECRET_KEY": SECRET,
    "GATEWAY_AUTO_REFRESH_INTERVAL": "86400",
    "LOG_LEVEL": "WARNING",
}


def bearer(minutes: int = 600) -> str:
    return token.mint({"JWT_SECRET_KEY": SECRET}, token.DEFAULT_EMAIL, minutes)


def knows(setting: str) -> bool:
    """Whether a data plane of this build has a setting."""
    return any(spec.name == setting for spec in specs_of("data-plane"))


def ready(port: int) -> bool:
    try:
        return ask(port, "/ready").status == 200
    except OSError:
        return False


@dataclass(frozen=True)
class DataPlane:
    port: int
    pid: int


@dataclass
class Gateway:
    """A running suite. `settings` are what its data plane was started with."""

    port: int
    pid: int
    folder: Path
    core: str | None
    token: str = field(default_factory=bearer)

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def data_plane_pid(self) -> int:
        return with_role(self.pid, "data-plane")

    def settings(self, role: str) -> dict[str, str]:
        """What `up` told that child."""
        return environ(with_role(self.pid, role))

    def post(self, path: str, body: str = "{}") -> Answer:
        return ask(self.port, path, {**BASE, **self.authorization}, body)

    def get(self, path: str) -> Any:
        return wanted(ask(self.port, path, self.authorization))

    def register(self, name: str, port: int) -> str:
        """The id of the new upstream, which the data planes have then applied."""
        body = f'{{"name":"{name}","url":"http://127.0.0.1:{port}/mcp"}}'
        return str(wanted(self.post("/gateways?wait=applied&timeout=30", body), 200, 202)["id"])

    def bundle(self, name: str, upstream: str) -> str:
        """The path of a virtual server of all tools of an upstream."""
        tools = self.get(f"/tools?limit=0&gateway_id={upstream}")
        ids = ",".join(f'"{tool["id"]}"' for tool in tools)
        body = f'{{"server":{{"name":"{name}","associated_tools":[{ids}]}}}}'
        made = wanted(self.post("/servers?wait=applied&timeout=30", body), 201, 202)
        return f"/servers/{made['id']}/mcp"

    @contextmanager
    def data_plane(self, name: str, **settings: str) -> Iterator[DataPlane]:
        """One more, at an address of its own, with some settings changed."""
        port = ports.free()
        own = {
            **self.settings("data-plane"),
            "PORT": str(port),
            "MCPGATEWAY_DATA_DIR": str(self.folder / f"routing-{name}"),
            **settings,
        }
        command = (sys.executable, "-m", "mcpgateway.data_plane")
        log = self.folder / f"{name}.log"
        core = PROXY_CORE if self.core else None
        with process(*command, core=core, env=own, log=log) as running:
            until(partial(ready, port), f"the data plane {name} is ready", log=log)
            yield DataPlane(port, running.pid)


@contextmanager
def gateway(folder: Path, *, pinned: bool = True, replicas: int = 1) -> Iterator[Gateway]:
    """In an empty folder. `pinned`: the data plane on the core for what is measured, everything
    else on the other."""
    folder.mkdir(exist_ok=True)
    port = ports.free()
    core = LOAD_CORE if pinned else None
    data = folder / "data"
    options = ("--port", str(port), "--data-dir", str(data), "--replicas", str(replicas))
    command = (sys.executable, "-m", "mcpgateway.cli", "up", *options)
    log = folder / "up.log"
    with process(*command, core=core, env=SETTINGS, folder=folder, log=log) as running:
        until(partial(_open, port), "mcpgateway up is ready", 60, log)
        made = Gateway(port, running.pid, folder, core)
        if pinned:
            pin(made.data_plane_pid, PROXY_CORE)
        yield made


def _open(port: int) -> bool:
    """Whether the first caller is known: the table is there."""
    if not answers(port):
        return False
    headers = {**BASE, "Authorization": f"Bearer {bearer(10)}"}
    try:
        answer = ask(port, "/rpc", headers, '{"jsonrpc":"2.0","id":1,"method":"ping"}')
    except OSError:
        return False
    return answer.status == 200


@contextmanager
def upstream(folder: Path, count: int = 1, tools: int = 3) -> Iterator[tuple[list[int], int]]:
    """`bench.upstream` on so many ports: those, and its process id."""
    chosen: list[int] = []
    while len(chosen) < count:
        chosen.append(ports.free(chosen))
    listed = ",".join(map(str, chosen))
    options = ("--ports", listed, "--tools", str(tools))
    command = (sys.executable, "-m", "bench.upstream", *options)
    log = folder / f"upstream-{chosen[0]}.log"
    with process(*command, core=LOAD_CORE, log=log) as running:
        until(lambda: all(map(answers, chosen)), "the upstream listens", log=log)
        yield chosen, running.pid


def elapsed(begun: float) -> float:
    return time.perf_counter() - begun
