"""What keeps the registry's picture of its upstreams true needs of it: what to watch, how to
refresh, whom to tell."""

import logging
from typing import NamedTuple

from mcpgateway.common.errors import NotFound, Unavailable
from mcpgateway.control_plane.registry import secrets
from mcpgateway.control_plane.registry.model import Health, Upstream, Who
from mcpgateway.control_plane.registry.ports import Ports, Target
from mcpgateway.control_plane.registry.refresh import EVERYTHING, refresh
from mcpgateway.control_plane.registry.views import Query, UpstreamView

log = logging.getLogger(__name__)

UPKEEP = Who(by="system", via="upkeep")


class Watch(NamedTuple):
    """An enabled upstream and how to look at it."""

    upstream: Upstream
    target: Target


async def enabled(ports: Ports) -> list[Watch]:
    """Without those whose credential does not open, which are logged."""
    rows = await ports.store.read.upstreams(Query(viewer=EVERYTHING))
    secured = [row.id for row in rows if row.auth]
    stored = {each.id: each for each in await ports.store.read.credentials(secured)}
    watches = []
    for row in rows:
        try:
            headers = secrets.opened(ports, stored[row.id]) if row.id in stored else ()
        except Unavailable as error:
            log.warning("%s", error.message)
        else:
            watches.append(Watch(row, Target(row.url, row.transport, headers)))
    return watches


async def refresh_one(ports: Ports, id: str) -> None:
    """Raises what `refresh` does, and NotFound."""
    await refresh(ports, UPKEEP, await _enabled_one(ports, id))


async def observed(ports: Ports, id: str, reachable: bool, error: str) -> None:
    """Keeps whether an upstream was reached."""
    health = Health(
        upstream_id=id,
        reachable=reachable,
        last_seen=ports.clock() if reachable else None,
        last_error=error or None,
    )
    await ports.store.report_health(health)


async def _enabled_one(ports: Ports, id: str) -> UpstreamView:
    found = await ports.store.read.upstreams(Query(viewer=EVERYTHING, ids=(id,)))
    if not found:
        raise NotFound(f"no enabled gateway {id!r}")
    return found[0]
