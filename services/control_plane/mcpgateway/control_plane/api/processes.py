"""/gateways/{id}/process: what runs of a local command, and what it said."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.control_plane.api.http.exchange import actor_of, at, id_of, json
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.registry import processes
from mcpgateway.control_plane.registry.ports import Ports


class Running(msgspec.Struct, frozen=True):
    pid: int
    startedAt: float
    seconds: float


class Exit(msgspec.Struct, frozen=True):
    at: float
    pid: int
    reason: str
    asked: bool


class Line(msgspec.Struct, frozen=True):
    at: float
    pid: int
    line: str


class Told(msgspec.Struct, frozen=True):
    """By a runner; times in seconds since 1970."""

    processes: tuple[Running, ...]
    callers: tuple[str, ...]
    starts: int
    crashes: int
    startsAgainIn: float
    lastExit: Exit | None
    stderr: tuple[Line, ...]


class ProcessRoutes:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def routes(self) -> Sequence[Route]:
        refuses = (403, 502, 504)
        says = "What runs of a local command, and what it wrote to standard error"
        looking = Operation(self.look, says, {200: Shown(show)}, refuses)
        says = "End the processes of a local command; the next call starts others"
        stopping = Operation(self.stop, says, {200: Shown(show)}, refuses)
        return (
            at("/gateways/{id}/process", GET=looking),
            at("/gateways/{id}/process/stop", POST=stopping),
        )

    async def look(self, request: Request) -> Response:
        id = id_of(request, "gateway")
        return json(show(id, _read(await processes.look(self._ports, actor_of(request), id))))

    async def stop(self, request: Request) -> Response:
        id = id_of(request, "gateway")
        return json(show(id, _read(await processes.stop(self._ports, actor_of(request), id))))


def _read(body: bytes) -> Told:
    """Raises UpstreamRejected."""
    try:
        return msgspec.json.decode(body, type=Told)
    except msgspec.DecodeError as error:
        raise UpstreamRejected(f"the runner's answer can not be read: {error}") from error


def show(id: str, told: Told) -> dict[str, Any]:
    return {
        "gatewayId": id,
        "processes": [
            {"pid": each.pid, "startedAt": _moment(each.startedAt), "seconds": each.seconds}
            for each in told.processes
        ],
        "callers": list(told.callers),
        "starts": told.starts,
        "crashes": told.crashes,
        "startsAgainIn": told.startsAgainIn,
        "lastExit": None if told.lastExit is None else _exit(told.lastExit),
        "stderr": [
            {"at": _moment(each.at), "pid": each.pid, "line": each.line} for each in told.stderr
        ],
    }


def _exit(last: Exit) -> dict[str, Any]:
    return {
        "at": _moment(last.at),
        "pid": last.pid,
        "reason": last.reason,
        "asked": last.asked,
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
