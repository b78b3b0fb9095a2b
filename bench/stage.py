"""What the rows about calls share: the gateway, upstreams in nginx, nginx as the other proxy."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import messages, nginx, wrk
from bench.client import ask
from bench.contract import Lab
from bench.gateway import Gateway, gateway
from bench.processes import LOAD_CORE, PROXY_CORE
from bench.wrk import Load, Run
from mcpgateway.cli.embedded import ports

PROGRAMS = ("nginx", "wrk", "taskset")
WARM_SECONDS = 0.3


@dataclass(frozen=True)
class Proxy:
    """Something that answers calls. `pid` 0: nobody's CPU time is counted."""

    name: str
    port: int
    pid: int
    load: Load


@dataclass(frozen=True)
class Stage:
    """By name of the upstream: its port, the port of nginx before it, its id in the registry. Its
    tool is `<name>-echo`."""

    folder: Path
    gateway: Gateway
    upstreams: dict[str, int]
    proxies: dict[str, int]
    ids: dict[str, str]
    nginx_pid: int

    def direct(self, upstream: str, load: Load) -> Proxy:
        return Proxy("direct", self.upstreams[upstream], 0, load)

    def nginx(self, upstream: str, load: Load) -> Proxy:
        return Proxy("nginx", self.proxies[upstream], self.nginx_pid, load)

    def ours(self, name: str, load: Load) -> Proxy:
        return Proxy(name, self.gateway.port, self.gateway.data_plane_pid, load)

    def modern(self, upstream: str, path: str = "/mcp", *, traced: bool = False) -> Load:
        tool = f"{upstream}-echo"
        headers = messages.modern_headers("tools/call", tool) | self.gateway.authorization
        return Load(path, headers, messages.modern_call(tool), traced)

    def legacy(self, upstream: str, path: str = "/mcp") -> Load:
        """In a session that is opened for it."""
        known = messages.BASE | self.gateway.authorization
        opened = ask(self.gateway.port, path, known, messages.initialize())
        session = {
            "MCP-Protocol-Version": messages.LEGACY,
            "Mcp-Session-Id": opened.headers["mcp-session-id"],
        }
        return Load(path, known | session, messages.legacy_call(f"{upstream}-echo"))


@contextmanager
def stage(lab: Lab, size: int = 100_000) -> Iterator[Stage]:
    """`fast` answers every call with constant bytes, `modern` and `legacy` with the request's id,
    `large` with so many bytes."""
    folder = lab.folder
    names = ("fast", "modern", "legacy", "large")
    upstreams = dict(zip(names, _ports(4), strict=True))
    proxies = dict(zip(names, _ports(4), strict=True))
    servers = (
        nginx.constant(folder, upstreams["fast"]),
        nginx.modern(folder, upstreams["modern"]),
        nginx.legacy(folder, upstreams["legacy"]),
        nginx.large(folder, upstreams["large"], size),
    )
    fronts = (nginx.proxy(proxies[name], upstreams[name]) for name in names)
    with (
        gateway(folder) as ours,
        nginx.nginx(folder, "upstreams", LOAD_CORE, *servers),
        nginx.nginx(folder, "proxies", PROXY_CORE, *fronts) as pid,
    ):
        ids = {name: ours.register(name, port) for name, port in upstreams.items()}
        yield Stage(folder, ours, upstreams, proxies, ids, pid)


def alternate(lab: Lab, proxies: Sequence[Proxy], connections: int = 32) -> dict[str, list[Run]]:
    """Each in turn, for so many rounds, so that a busy machine is busy for all of them."""
    for proxy in proxies:
        warm(proxy)
    found: dict[str, list[Run]] = {proxy.name: [] for proxy in proxies}
    for _ in range(lab.rounds):
        for proxy in proxies:
            run = wrk.run(
                proxy.port,
                proxy.load,
                lab.folder,
                lab.seconds,
                connections=connections,
                pid=proxy.pid,
            )
            found[proxy.name].append(run)
    return found


def warm(proxy: Proxy) -> None:
    """Some calls that are not counted; each has to bring a result. Raises Refused."""
    until = time.monotonic() + WARM_SECONDS
    while time.monotonic() < until:
        answer = ask(proxy.port, proxy.load.path, proxy.load.headers, proxy.load.body or None)
        if answer.status != 200 or (proxy.load.body and b'"result"' not in answer.body):
            raise wrk.Refused(f"{proxy.name}: {answer.status} {answer.body[:300]!r}")


def _ports(count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        found.append(ports.free(found))
    return found
