"""`make bench`: one core for the proxy under test, the other for load and upstream.

Alternates direct, nginx and gateway for some rounds, so that a busy machine is busy for all three,
and reports min, median and max of each and the ratio to nginx. Asserts nothing: a benchmark is
no test. Wants `nginx`, `wrk` and `taskset`; says so when they are missing.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.upstream import RESULT
from mcpgateway.common import jsonrpc

HERE = Path(__file__).parent
PROXY_CORE, LOAD_CORE = "0", "1"
DIRECT, NGINX, GATEWAY, UPSTREAM = 14550, 14551, 14552, 14550
CONNECTIONS = 32
META = (
    '{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    '"io.modelcontextprotocol/clientCapabilities":{}}'
)

NGINX_CONF = """
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.log;
events {{ worker_connections 2048; }}
http {{
  access_log off; keepalive_requests 100000000; default_type application/json;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  {rest}
}}
"""
STATIC = "server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{body}'; }} }}"
PROXY = """
upstream u {{ server 127.0.0.1:{upstream}; keepalive 128; }}
server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://u; proxy_http_version 1.1;
  proxy_set_header Connection ""; proxy_buffers 16 16k; proxy_buffer_size 16k; }} }}
"""


def call_body(tool: str) -> str:
    arguments = f'"name":"{tool}","arguments":{{"text":"hello"}},"_meta":{META}'
    return f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{{arguments}}}}}'


def wrk_script(folder: Path, tool: str, token: str) -> Path:
    lines = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
        "Authorization": f"Bearer {token}",
    }
    script = folder / "call.lua"
    script.write_text(
        'wrk.method="POST"\n'
        + f"wrk.body=[[{call_body(tool)}]]\n"
        + "".join(f'wrk.headers["{name}"]=[[{value}]]\n' for name, value in lines.items())
        + "function response(status) if status ~= 200 then wrk.thread:stop() end end\n"
    )
    return script


@contextmanager
def process(*command: str, core: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    pinned = ["taskset", "-c", core, *command] if core else list(command)
    running = subprocess.Popen(pinned, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait()


@contextmanager
def nginx(folder: Path, name: str, rest: str, core: str) -> Iterator[None]:
    conf = folder / f"{name}.conf"
    conf.write_text(NGINX_CONF.format(folder=folder, name=name, rest=rest))
    with process("nginx", "-c", str(conf), "-p", str(folder), core=core):
        yield


def wait_for(port: int, path: str = "/") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nothing answers on port {port}")


def post(url: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        url,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.load(answer))


def wrk(port: int, path: str, script: Path, seconds: int) -> dict[str, float]:
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    url = f"http://127.0.0.1:{port}{path}"
    shown = subprocess.run(
        [*command, "--latency", "-s", str(script), url], capture_output=True, text=True, check=True
    ).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", shown)
    if rate is None or "Non-2xx" in shown:
        raise SystemExit(f"{url} did not answer as it should:\n{shown}")
    return {
        "rate": float(rate[1]),
        **{f"p{p}": _milliseconds(shown, p) for p in (50, 99)},
    }


def _milliseconds(shown: str, percentile: int) -> float:
    found = re.search(rf"\s{percentile}%\s+([\d.]+)(us|ms|s)\b", shown)
    if found is None:
        return float("nan")
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


def cli(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mcpgateway.cli", *arguments]


def pin_data_plane(up: int) -> None:
    """The replica under test on the proxy's core, everything else of the suite on the other."""
    for child in Path(f"/proc/{up}/task/{up}/children").read_text().split():
        role = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ")
        core = PROXY_CORE if b"data-plane" in role else LOAD_CORE
        subprocess.run(["taskset", "-acp", core, child], check=True, stdout=subprocess.DEVNULL)


def measure(rounds: int, seconds: int) -> dict[str, list[dict[str, float]]]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        data = folder / "data"
        with process(*cli("up", "--port", str(GATEWAY), "--data-dir", str(data))) as up:
            wait_for(GATEWAY, "/ready")
            token = subprocess.run(
                cli("token", "--data-dir", str(data)), capture_output=True, text=True, check=True
            ).stdout.strip()
            with process(sys.executable, "-m", "bench.upstream", str(UPSTREAM)):
                wait_for(UPSTREAM)
                url = f"http://127.0.0.1:{UPSTREAM}/mcp"
                base = f"http://127.0.0.1:{GATEWAY}"
                post(f"{base}/gateways?wait=applied", token, {"name": "bench", "url": url})
            pin_data_plane(up.pid)
            static = STATIC.format(port=UPSTREAM, body=jsonrpc.response(1, RESULT).decode())
            proxy = PROXY.format(port=NGINX, upstream=UPSTREAM)
            with (
                nginx(folder, "static", static, LOAD_CORE),
                nginx(folder, "proxy", proxy, PROXY_CORE),
            ):
                wait_for(NGINX)
                script = wrk_script(folder, "bench-echo", token)
                wrk(GATEWAY, "/mcp", script, 1)
                found: dict[str, list[dict[str, float]]] = {}
                for _ in range(rounds):
                    for name, port in (("direct", DIRECT), ("nginx", NGINX), ("gateway", GATEWAY)):
                        found.setdefault(name, []).append(wrk(port, "/mcp", script, seconds))
                return found


def report(found: dict[str, list[dict[str, float]]]) -> str:
    base = median(one["rate"] for one in found["nginx"])
    lines = [
        "| proxy | req/s min / median / max | of nginx | p50 ms | p99 ms |",
        "|---|---|---|---|---|",
    ]
    for name, runs in found.items():
        rates = sorted(one["rate"] for one in runs)
        middle = median(rates)
        lines.append(
            f"| {name} | {rates[0]:,.0f} / {middle:,.0f} / {rates[-1]:,.0f} "
            f"| {middle / base:.2f} | {median(one['p50'] for one in runs):.2f} "
            f"| {median(one['p99'] for one in runs):.2f} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    options = parser.parse_args()
    missing = [tool for tool in ("nginx", "wrk", "taskset") if shutil.which(tool) is None]
    if missing or (os.cpu_count() or 1) < 2:
        print(f"bench wants two cores and {', '.join(missing) or 'nothing else'}", file=sys.stderr)
        print("  apt-get install nginx-light wrk util-linux", file=sys.stderr)
        return 2
    found = measure(options.rounds, options.seconds)
    table = report(found)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "latest.json").write_text(json.dumps(found, indent=1) + "\n")
    (results / "latest.md").write_text(table + "\n")
    print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
