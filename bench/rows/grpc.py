"""A tool that is a method of a gRPC service, against the same call made without a gateway."""

import json
import subprocess
import sys
from collections.abc import Iterator

from bench import grpc_method, messages, nginx, wrk
from bench.client import wanted
from bench.contract import Lab, Line, Row, Target
from bench.figures import ratios
from bench.gateway import Gateway, gateway
from bench.processes import LOAD_CORE, PROXY_CORE
from bench.rows.rest import Direct
from bench.stage import PROGRAMS, Proxy, warm
from bench.wrk import Load
from mcpgateway.cli.embedded import ports

TARGET = Target(">=", 0.50)


def measure(lab: Lab) -> list[Line]:
    port = ports.free()
    service = nginx.grpc(lab.folder, port, grpc_method.PATH, grpc_method.answer())
    with gateway(lab.folder) as ours, nginx.nginx(lab.folder, "service", LOAD_CORE, service):
        proxy = Proxy("gateway", ours.port, ours.data_plane_pid, _load(ours, port))
        warm(proxy)
        return [line for many in (32, 1) for line in _lines(lab, proxy, port, many)]


def _lines(lab: Lab, proxy: Proxy, port: int, many: int) -> Iterator[Line]:
    direct: list[Direct] = []
    through: list[wrk.Run] = []
    for _ in range(lab.rounds):
        direct.append(_direct(port, lab.seconds, many))
        run = wrk.run(
            proxy.port, proxy.load, lab.folder, lab.seconds, connections=many, pid=proxy.pid
        )
        through.append(run)
    rates = tuple(run.rate for run in through)
    base = tuple(run.rate for run in direct)
    yield Line(f"direct, {many} at once", "calls/s", base)
    yield Line(f"gateway, {many} at once", "calls/s", rates)
    yield Line(f"gateway, {many} at once", "of direct", ratios(rates, base), TARGET)
    yield Line(f"direct, {many} at once", "us of CPU", tuple(run.cpu for run in direct))
    yield Line(f"gateway, {many} at once", "us of CPU", tuple(run.cpu for run in through))


def _load(ours: Gateway, port: int) -> Load:
    made = {
        "name": "items",
        "url": f"grpc://127.0.0.1:{port}",
        "transport": "GRPC",
        "grpc": {"descriptors": grpc_method.encoded()},
    }
    added = ours.post("/gateways?wait=applied&timeout=30", json.dumps(made))
    id = wanted(added, 200, 202)["id"]
    (tool,) = ours.get(f"/tools?limit=0&gateway_id={id}")
    headers = messages.modern_headers("tools/call", tool["name"]) | ours.authorization
    return Load("/mcp", headers, messages.modern_call(tool["name"]))


def _direct(port: int, seconds: int, tasks: int) -> Direct:
    """On the core that the gateway has otherwise, which has nothing to do meanwhile."""
    command = [sys.executable, "-m", "bench.direct_grpc", "--port", str(port)]
    command += ["--seconds", str(seconds), "--tasks", str(tasks)]
    pinned = ["taskset", "-c", PROXY_CORE, *command]
    rate, cpu = subprocess.run(pinned, capture_output=True, text=True, check=True).stdout.split()
    return Direct(float(rate), float(cpu))


ROW = Row(
    "grpc",
    "A tool that is a method of a gRPC service",
    "`tools/call` of a tool that is a unary method, whose service is a static nginx; and the same "
    "call made directly, on the gateway's core, by a program with grpc.aio: as many "
    "tasks over one channel (`bench/direct_grpc.py`). Ratios are made within a round.",
    measure,
    PROGRAMS,
)
