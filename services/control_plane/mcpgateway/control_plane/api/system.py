"""/, /health, /ready, /version, /replicas."""

import platform
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.mcp.revisions import LATEST_MODERN, SUPPORTED
from mcpgateway.control_plane.api.http.applied import Fleet
from mcpgateway.control_plane.api.http.exchange import at, json
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.registry.ports import Reader


@dataclass(frozen=True, slots=True)
class About:
    """What /version tells besides what is looked up. `settings` hold no secret."""

    version: str
    started: datetime
    clock: Callable[[], datetime]
    settings: dict[str, Any]
    database: Callable[[], Awaitable[str]]
    replicas_shown: bool = True
    pages: bool = True  # whether there are admin pages to send a browser to


_OBJECT: Schema = {"type": "object"}
_REPLICAS: Schema = {
    "type": "object",
    "properties": {
        "registry": {"type": "string"},
        "wanted": {"type": "integer"},
        "replicas": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["registry", "wanted", "replicas"],
}


class System:
    def __init__(self, read: Reader, fleet: Fleet, about: About) -> None:
        self._read = read
        self._fleet = fleet
        self._about = about

    def routes(self) -> Sequence[Route]:
        home = {307: None} if self._about.pages else {200: Shown(_links)}
        alive = Operation(self.health, "The process lives", {200: Shown(_health)})
        ready = {200: Shown(_ready, title="Ready"), 503: Shown(_not_ready, title="NotReady")}
        found = [
            at("/", GET=Operation(self.home, "Where to go on", home)),
            at("/health", GET=alive),
            at("/ready", GET=Operation(self.ready, "It can answer for the registry", ready)),
            at("/version", GET=Operation(self.version, "Versions and settings", {200: _OBJECT})),
        ]
        if self._about.replicas_shown:
            says = "Which revision each live replica has"
            found.append(at("/replicas", GET=Operation(self.replicas, says, {200: _REPLICAS})))
        return found

    async def home(self, request: Request) -> Response:
        """Where somebody who has only the address goes on."""
        if self._about.pages:
            return RedirectResponse("/admin", 307)
        return json(_links(self._about.version))

    async def health(self, request: Request) -> Response:
        """The process lives."""
        return json(_health())

    async def ready(self, request: Request) -> Response:
        """It can answer for the registry."""
        try:
            position = await self._read.position()
        except Unavailable as error:
            return json(_not_ready(error.message), 503)
        return json(_ready(position.revision))

    async def replicas(self, request: Request) -> Response:
        wanted = await self._read.position()
        return json(
            {
                "registry": wanted.registry,
                "wanted": wanted.revision,
                "replicas": list(self._fleet.replicas(wanted)),
            }
        )

    async def version(self, request: Request) -> Response:
        about, now = self._about, self._about.clock()
        return json(
            {
                "timestamp": now,
                "host": socket.gethostname(),
                "uptime_seconds": int((now - about.started).total_seconds()),
                "app": {
                    "name": "mcpgateway",
                    "version": about.version,
                    "mcp_protocol_version": LATEST_MODERN,
                    "mcp_protocol_versions": list(SUPPORTED),
                },
                "platform": {
                    "python": platform.python_version(),
                    "os": f"{platform.system()} {platform.release()} ({platform.machine()})",
                },
                "database": await self._database(),
                "redis": {"available": False, "url": None, "reachable": False},
                "settings": about.settings,
                "mcp_runtime": {"mode": "data-plane"},
                "env": {},
                "system": {},
            }
        )

    async def _database(self) -> dict[str, Any]:
        try:
            version = await self._about.database()
        except Unavailable:
            return {"dialect": "postgresql", "reachable": False, "server_version": None}
        return {"dialect": "postgresql", "reachable": True, "server_version": version}


def _links(version: str) -> dict[str, Any]:
    links = {"mcp": "/mcp", "health": "/health", "version": "/version", "docs": "/docs"}
    return {"name": "mcpgateway", "version": version, "links": links}


def _health() -> dict[str, Any]:
    return {"status": "healthy"}


def _ready(revision: int) -> dict[str, Any]:
    return {"ready": True, "database": True, "revision": revision}


def _not_ready(problem: str) -> dict[str, Any]:
    return {"ready": False, "database": False, "problem": problem}
