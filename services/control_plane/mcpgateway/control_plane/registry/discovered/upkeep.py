"""The registry's side of keeping its picture of upstreams true: which ones, and what was seen."""

import logging
from collections.abc import Mapping, Sequence

import msgspec
from typing_extensions import override

from mcpgateway.common.errors import NotFound, Unavailable
from mcpgateway.control_plane.registry import secrets
from mcpgateway.control_plane.registry.discovered.ports import Target, Watched, Watchlist
from mcpgateway.control_plane.registry.discovered.refresh import EVERYTHING, refresh
from mcpgateway.control_plane.registry.model import Credential, Health, Upstream, Who
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth import looking
from mcpgateway.control_plane.registry.views import Query

log = logging.getLogger(__name__)

UPKEEP = Who(by="system", via="upkeep")
_DAY = 86_400.0  # of a local command that is not warm: looking at it would keep it running


class RegisteredUpstreams(Watchlist):
    """All enabled upstreams of the registry."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    @override
    async def enabled(self) -> Sequence[Watched]:
        """Without those of which a credential does not open, which are logged."""
        read = self._ports.store.read
        rows = await read.upstreams(Query(viewer=EVERYTHING))
        secured = [row.id for row in rows if secrets.secured(row)]
        stored = secrets.by_id(await read.credentials(secured))
        watched = [await self._watched(row, stored) for row in rows]
        return [each for each in watched if each is not None]

    @override
    async def refresh(self, id: str) -> None:
        """Raises what `refresh` does, and NotFound."""
        await refresh(self._ports, UPKEEP, await self._enabled(id))

    async def target(self, id: str) -> Target:
        """As it is now, with the credentials that are kept for it. Raises NotFound, Unavailable."""
        return await secrets.stored_target(self._ports, await self._enabled(id))

    @override
    async def observed(self, id: str, reachable: bool, error: str) -> None:
        health = Health(
            upstream_id=id,
            reachable=reachable,
            last_seen=self._ports.clock() if reachable else None,
            last_error=error or None,
        )
        await self._ports.store.report_health(health)

    async def _enabled(self, id: str) -> Upstream:
        query = Query(viewer=EVERYTHING, ids=(id,))
        found = await self._ports.store.read.upstreams(query)
        if not found:
            raise NotFound(f"no enabled gateway {id!r}")
        return found[0]

    async def _watched(self, row: Upstream, stored: Mapping[str, Credential]) -> Watched | None:
        """None for one that only its users may look at, too. What a local command announces is
        heard by data planes, while it runs for somebody."""
        try:
            target = looking.pointed(secrets.target_with(self._ports, row, stored))
            if row.auth is not None and not row.auth.stored:
                headers = await looking.known_lines(self._ports, row)
                if headers is None:
                    return None
                target = msgspec.structs.replace(target, headers=headers)
        except Unavailable as error:
            log.warning("%s", error.message)
            return None
        if row.transport == "TUNNEL":  # data planes say when it opens, and what it announces
            return Watched(row.id, target, interval=row.refresh_interval_seconds)
        if row.transport == "STDIO":
            warm = bool(row.transport_options.get("warm"))
            interval = row.refresh_interval_seconds or (None if warm else _DAY)
            return Watched(row.id, target, interval=interval, warm=warm)
        return Watched(row.id, target, row.capabilities.encode(), row.refresh_interval_seconds)
