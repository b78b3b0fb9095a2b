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


class System:
    def __init__(self, read: Reader, fleet: Fleet, about: About) -> None:
        self._read = read
        self._fleet = fleet
        self._about = about

    def routes(self) -> Sequence[Route]:
        found = [
            at("/", GET=self.home),
            at("/health", GET=self.health),
            at("/ready", GET=self.ready),
            at("/version", GET=self.version),
        ]
        if self._about.replicas_shown:
            found.append(at("/replicas", GET=self.replicas))
        return found

    async def home(self, request: Request) -> Response:
        """Where somebody who has only the address goes on."""
        if self._about.pages:
            return RedirectResponse("/admin", 307)
        return json(
            {
                "name": "mcpgateway",
                "version": self._about.version,
                "links": {"mcp": "/mcp", "health": "/health", "version": "/version"},
            }
        )

    async def health(self, request: Request) -> Response:
        """The process lives."""
        return json({"status": "healthy"})

    async def ready(self, request: Request) -> Response:
        """It can answer for the registry."""
        try:
            position = await self._read.position()
        except Unavailable as error:
            return json({"ready": False, "database": False, "problem": error.message}, 503)
        return json({"ready": True, "database": True, "revision": position.revision})

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
