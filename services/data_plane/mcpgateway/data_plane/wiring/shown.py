"""What a replica shows of itself to Prometheus."""

import logging
import socket
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.process_metrics import LoopLag, add_process
from mcpgateway.data_plane import measures
from mcpgateway.data_plane.doors.choice import Door
from mcpgateway.data_plane.edge.app import Edge
from mcpgateway.data_plane.edge.callers import Callers
from mcpgateway.data_plane.edge.health import TableStatus
from mcpgateway.data_plane.edge.metrics import Measured, MetricsEndpoint
from mcpgateway.data_plane.edge.siblings import Announced, Siblings
from mcpgateway.data_plane.settings import Settings
from mcpgateway.data_plane.table.follow import Follower
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.table.receipt import Replica
from mcpgateway.data_plane.wiring.calls import make_authenticator, make_seen

log = logging.getLogger(__name__)


class Watched(NamedTuple):
    """Where the numbers are read. `name` is its number among its neighbours."""

    registry: Registry
    tables: TableHolder
    services: Pool
    upstreams: Pool
    door: Door
    follower: Follower
    replica: Replica
    name: str


def show_metrics(
    settings: Settings, watched: Watched, edge: Edge
) -> Callable[[], Coroutine[Any, Any, None]]:
    """Begin to serve metrics; what is returned makes an end of it. Needs the running loop."""
    registry, tables, services, upstreams, door, follower, replica, name = watched
    add_process(registry)
    lag = LoopLag(registry)
    measures.add_replica(registry, replica)
    measures.add_doors(registry, lambda: door.listeners.items())
    measures.add_pools(registry, {"services": services, "upstreams": upstreams})
    measures.add_table(
        registry, tables, lambda: TableStatus.of(tables, follower), lambda: follower.counters
    )
    siblings = Siblings(settings.data_dir, services, settings.edge_secrets)
    callers = Callers(tables, make_authenticator(settings), make_seen(settings))
    endpoint = MetricsEndpoint(Measured(registry, siblings, name), settings.scraping, callers)
    if settings.metrics_enabled:
        edge.show(endpoint)
    try:
        siblings.announce(Announced(replica.id, name, socket.gethostname(), replica.address))
    except OSError as error:
        log.warning("neither a front nor other replicas' metrics will find this one: %s", error)

    async def close() -> None:
        siblings.withdraw()
        lag.close()
        await endpoint.aclose()

    return close
