"""Other gateways from PyPI beside ours: `python -m bench.peers`.

Each gets the same upstream (nginx, a legacy server), the same call of a legacy client without a
session, one process on the same core. They do other things than we do and were not tuned beyond
what their documents say, so the figures tell an order of magnitude. One that can not be installed
or does not start is skipped with a message.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench import machine, messages, render
from bench.__main__ import KEPT
from bench.client import answers, ask, wanted
from bench.contract import Lab, Line, Skipped
from bench.figures import ratios
from bench.gateway import SECRET, bearer
from bench.processes import PROXY_CORE, process, until
from bench.stage import PROGRAMS, Proxy, Stage, alternate, stage
from bench.tools import environment, version
from bench.wrk import Load
from mcpgateway.cli.embedded import ports
from mcpgateway.cli.embedded.postgres import Postgres

OURS = "MCP Gateway"
_START_SECONDS = 90.0
_FASTMCP = """
import sys
from fastmcp.server import create_proxy
create_proxy(sys.argv[1], name="peer").run(
    transport="http", host="127.0.0.1", port=int(sys.argv[2]), stateless_http=True,
    json_response=True, show_banner=False, log_level="ERROR",
)
"""
_CONTEXTFORGE = {
    "PATH": "/usr/bin:/bin",
    "CACHE_TYPE": "memory",
    "JWT_SECRET_KEY": SECRET,
    "AUTH_ENCRYPTION_SECRET": SECRET + "-as-well",
    "BASIC_AUTH_PASSWORD": "Only-a-benchmark-1",
    "PLATFORM_ADMIN_EMAIL": "admin@example.com",
    "PLATFORM_ADMIN_PASSWORD": "Only-a-benchmark-1",
    "LOG_LEVEL": "ERROR",
    "MCPGATEWAY_UI_ENABLED": "false",
    "RATE_LIMITING_ENABLED": "false",
    "SSRF_ALLOW_LOCALHOST": "true",
    "SSRF_ALLOW_PRIVATE_NETWORKS": "true",
}


@contextmanager
def fastmcp(lab: Lab, upstream: int) -> Iterator[Proxy]:
    """Its proxy, stateless, with JSON answers."""
    programs = environment("fastmcp", "fastmcp")
    port = ports.free()
    url = f"http://127.0.0.1:{upstream}/mcp"
    command = (str(programs / "python"), "-c", _FASTMCP, url, str(port))
    log = lab.folder / "fastmcp.log"
    with process(*command, core=PROXY_CORE, folder=lab.folder, log=log) as running:
        _started(port, log)
        load = Load("/mcp", messages.BASE, messages.legacy_call("echo"))
        name = f"FastMCP proxy {version(programs, 'fastmcp')}"
        yield Proxy(name, port, running.pid, load)


@contextmanager
def contextforge(lab: Lab, upstream: int) -> Iterator[Proxy]:
    """One worker with PostgreSQL, caches in memory, its rate limits and pages switched off."""
    programs = environment("contextforge", "mcp-contextforge-gateway", "psycopg[binary]")
    port = ports.free()
    database = Postgres(lab.folder / "contextforge").start()
    url = database.dsn.replace("postgresql://", "postgresql+psycopg://")
    env = {**_CONTEXTFORGE, "DATABASE_URL": url, "HOME": str(lab.folder)}
    options = ("--host", "127.0.0.1", "--port", str(port), "--no-access-log")
    log = lab.folder / "contextforge.log"
    command = (str(programs / "mcpgateway"), *options)
    try:
        with process(*command, core=PROXY_CORE, env=env, folder=lab.folder, log=log) as running:
            _started(port, log)
            headers = messages.BASE | {"Authorization": f"Bearer {bearer()}"}
            new = {"name": "peer", "url": f"http://127.0.0.1:{upstream}/mcp"}
            body = json.dumps({**new, "transport": "STREAMABLEHTTP"})
            wanted(ask(port, "/gateways", headers, body), 200, 201)
            load = Load("/rpc", headers, messages.legacy_call("peer-echo"))
            name = f"ContextForge {version(programs, 'mcp-contextforge-gateway')}"
            yield Proxy(name, port, running.pid, load)
    finally:
        database.stop()


PEERS: tuple[Callable[[Lab, int], AbstractContextManager[Proxy]], ...] = (fastmcp, contextforge)


def measure(lab: Lab) -> list[Line]:
    missing = machine.missing(PROGRAMS)
    if missing:
        raise Skipped(f"it needs {', '.join(missing)} on the PATH")
    with stage(lab) as on, ExitStack() as stack:
        proxies = list(_proxies(lab, on, stack))
        runs = alternate(lab, proxies)
    rates = {name: tuple(run.rate for run in found) for name, found in runs.items()}
    lines = [Line(name, "calls/s", values) for name, values in rates.items()]
    for name in (name for name in rates if name != OURS):
        lines.append(Line(OURS, f"x of {name}", ratios(rates[OURS], rates[name])))
    for percent in ("p50", "p99"):
        for name, found in runs.items():
            values = tuple(float(getattr(run, percent)) / 1000 for run in found)
            lines.append(Line(f"{name}, {percent}", "ms", values))
    return lines


def _proxies(lab: Lab, on: Stage, stack: ExitStack) -> Iterator[Proxy]:
    headers = messages.BASE | on.gateway.authorization
    load = Load("/mcp", headers, messages.legacy_call("legacy-echo"))
    yield on.nginx("legacy", load)
    yield on.ours(OURS, load)
    for peer in PEERS:
        try:
            yield stack.enter_context(peer(lab, on.upstreams["legacy"]))
        except (Skipped, TimeoutError) as problem:
            name = getattr(peer, "__name__", "a peer")
            print(f"{name} is skipped: {problem}", file=sys.stderr)
            lab.note(f"{name} could not be installed or started here.")


def _started(port: int, log: Path) -> None:
    until(partial(answers, port), "it listens", _START_SECONDS, log)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        lab = Lab(Path(temporary), options.rounds, options.seconds)
        try:
            lines = measure(lab)
        except Skipped as skipped:
            print(f"peers are skipped: {skipped}", file=sys.stderr)
            return 0
    found = "\n\n".join([_facts(lab), render.table(lines), *lab.notes]) + "\n"
    print(found)
    (KEPT / "peers.md").write_text(found)
    return 0


def _facts(lab: Lab) -> str:
    return (
        "One process each on one core, 32 connections, a legacy client without a session, the same "
        f"upstream; {lab.rounds} rounds of {lab.seconds} s. {render.machine(machine.describe())}; "
        f"load average {machine.busy()}."
    )


if __name__ == "__main__":
    sys.exit(main())
