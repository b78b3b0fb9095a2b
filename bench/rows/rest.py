"""A tool that is a REST operation, against the same request made without a gateway."""

import json
import subprocess
import sys
from typing import NamedTuple

from bench import messages, nginx, wrk
from bench.client import wanted
from bench.contract import Lab, Line, Row, Target
from bench.figures import ratios
from bench.gateway import Gateway, gateway
from bench.processes import LOAD_CORE, PROXY_CORE
from bench.stage import PROGRAMS, Proxy, warm
from bench.wrk import Load, Run
from mcpgateway.cli.embedded import ports

TARGET = Target(">=", 0.50)
_TOOL = "rest-echo"
_PATH = "/v1/items"
_ANSWER = '{"id":"item-0123456789","text":"0123456789","tags":["a","b"],"size":10}'
_SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string", "maxLength": 100}},
    "required": ["text"],
}


def measure(lab: Lab) -> list[Line]:
    port = ports.free()
    service = nginx.rest(port, _ANSWER)
    url = f"http://127.0.0.1:{port}{_PATH}"
    with gateway(lab.folder) as ours, nginx.nginx(lab.folder, "service", LOAD_CORE, service):
        proxy = Proxy("gateway", ours.port, ours.data_plane_pid, _load(ours, url))
        warm(proxy)
        direct, through = [], []
        for _ in range(lab.rounds):
            direct.append(_direct(url, lab.seconds))
            through.append(_through(lab, proxy))
    rates = tuple(run.rate for run in through)
    base = tuple(run.rate for run in direct)
    return [
        Line("direct", "calls/s", base),
        Line("gateway", "calls/s", rates),
        Line("gateway", "of direct", ratios(rates, base), TARGET),
        Line("direct", "us of CPU", tuple(run.cpu for run in direct)),
        Line("gateway", "us of CPU", tuple(run.cpu for run in through)),
    ]


def _load(ours: Gateway, url: str) -> Load:
    """Its arguments and its results are checked, as by default."""
    tool = {
        "name": _TOOL,
        "url": url,
        "request_type": "POST",
        "input_schema": _SCHEMA,
        "output_schema": {"type": "object", "required": ["id"]},
    }
    body = json.dumps({"tool": tool})
    wanted(ours.post("/tools?wait=applied&timeout=30", body), 200, 202)
    headers = messages.modern_headers("tools/call", _TOOL) | ours.authorization
    return Load("/mcp", headers, messages.modern_call(_TOOL))


class Direct(NamedTuple):
    """Calls a second, and microseconds of CPU of one."""

    rate: float
    cpu: float


def _direct(url: str, seconds: int) -> Direct:
    """On the core that the gateway has otherwise, which has nothing to do meanwhile."""
    command = [sys.executable, "-m", "bench.direct", "--url", url, "--seconds", str(seconds)]
    pinned = ["taskset", "-c", PROXY_CORE, *command]
    rate, cpu = subprocess.run(pinned, capture_output=True, text=True, check=True).stdout.split()
    return Direct(float(rate), float(cpu))


def _through(lab: Lab, proxy: Proxy) -> Run:
    return wrk.run(proxy.port, proxy.load, lab.folder, lab.seconds, pid=proxy.pid)


ROW = Row(
    "rest",
    "A tool that is a REST operation, 32 connections",
    "`tools/call` of a tool that POSTs JSON and gets JSON, arguments and results held against "
    "their schemas, to a static nginx; and the same POST made directly, on the gateway's "
    "core, by a program with the gateway's own HTTP client: a task for each connection, which "
    "awaits answers and reads them as JSON (`bench/direct.py`). Ratios are made within a round.",
    measure,
    PROGRAMS,
)
