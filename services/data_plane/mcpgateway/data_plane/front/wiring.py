"""The composition root of a front."""

import asyncio
import gc
import logging
import socket
from contextlib import AsyncExitStack

from mcpgateway.common import subjects
from mcpgateway.common.metrics.exposition import encode
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.runtime.http.client import PoolLimits
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.nats import Link, Shared
from mcpgateway.common.runtime.process_metrics import watching
from mcpgateway.common.runtime.service import process_id, stop_event
from mcpgateway.common.runtime.tasks import end, part, together
from mcpgateway.data_plane import measures
from mcpgateway.data_plane.doors.choice import open_door
from mcpgateway.data_plane.edge.health import NO_STORE, TableStatus
from mcpgateway.data_plane.edge.siblings import Announced, Siblings
from mcpgateway.data_plane.front import lookout
from mcpgateway.data_plane.front.app import Front
from mcpgateway.data_plane.front.counts import FrontCounts, add_front
from mcpgateway.data_plane.front.lookout import Lookout
from mcpgateway.data_plane.front.passing import Way
from mcpgateway.data_plane.front.settings import Settings
from mcpgateway.data_plane.pipeline.answer import JSON
from mcpgateway.data_plane.table.follow import Follower, Wiring
from mcpgateway.data_plane.table.holder import TableHolder

log = logging.getLogger(__name__)

DRAIN_SECONDS = 15.0  # for requests under way when the process is told to stop
FIRST_SECONDS = 5.0  # the public address waits so long for a replica, then opens without
CONNECTIONS = 20_000  # to one replica: as many as its listener takes
WAITERS = 1024


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return. Raises OSError when an address can not
    be listened on, and what ended the following of the routing table."""
    gc.set_threshold(20_000, 50, 100)  # as in a replica
    stop = stop_event()
    own_id = f"{lookout.NAME}-{process_id()}"
    tables, counts, registry = TableHolder(), FrontCounts(), Registry()
    nats = _nats(settings, own_id)
    async with AsyncExitStack() as closing:
        pool = Pool(PoolLimits(CONNECTIONS, WAITERS))
        closing.push_async_callback(pool.aclose)
        found = lookout.at(settings.replicas) if settings.replicas else None
        looking = Lookout(pool, found or lookout.in_folder(settings.data_dir), tables)
        way = Way(pool, looking.replicas, tables, counts, settings.edge_secrets[0].encode())
        following = Follower(
            tables,
            Wiring(settings.subjects, settings.routing_keys, nats, settings.data_dir, None),
        )
        app = Front(way, lambda: TableStatus.of(tables, following))
        door = await open_door(app, settings.tls, http3=settings.http3)
        closing.push_async_callback(door.close)
        closing.enter_context(watching(registry))
        measures.add_doors(registry, lambda: door.listeners.items())
        measures.add_pools(registry, {"replicas": pool})
        add_front(registry, counts, looking.replicas)
        siblings = Siblings(settings.data_dir, pool, settings.edge_secrets)
        closing.callback(siblings.withdraw)
        if settings.metrics_enabled:
            _show(app, registry, siblings, _announced(own_id, door.own_address))
        work = _part(nats, following, looking, stop)
        task = asyncio.create_task(work)
        closing.push_async_callback(end, task)
        await _until_there(looking, stop)
        if not stop.is_set():
            await door.publish(settings.host, settings.port)
            log.info("serving on %s:%d", settings.host, door.port)
        await stop.wait()
        log.info("draining")
        app.drain()
        looking.replicas.close()
        if not await door.drain(DRAIN_SECONDS):
            log.warning("some requests were cut off after %g s", DRAIN_SECONDS)
    if not task.cancelled():
        task.result()  # what made an end of it


async def _part(nats: Shared, following: Follower, looking: Lookout, stop: asyncio.Event) -> None:
    """What fails for good takes the process down, rather than serve an ever older picture."""
    try:
        work = together(nats.run(), following.run(), looking.run())
        await part("following the routing table and the replicas", work)
    finally:
        stop.set()


async def _until_there(looking: Lookout, stop: asyncio.Event) -> None:
    """A first replica, the order to stop, or FIRST_SECONDS."""
    until = asyncio.get_running_loop().time() + FIRST_SECONDS
    while not (looking.replicas.usable or stop.is_set()):
        if asyncio.get_running_loop().time() > until:
            return
        await looking.changed()


def _show(app: Front, registry: Registry, siblings: Siblings, own: Announced) -> None:
    """Whichever replica is asked for metrics shows those of the front too."""

    def answer(exchange: Exchange) -> None:
        if siblings.knows(exchange.headers):
            exchange.respond(200, (JSON, NO_STORE), encode(registry.families()))
        else:
            app.pass_on(exchange)

    app.own["metrics-replica"] = answer
    try:
        siblings.announce(own)
    except OSError as error:
        log.warning("the metrics of replicas will not show those of the front: %s", error)


def _announced(own_id: str, address: str) -> Announced:
    return Announced(own_id, lookout.NAME, socket.gethostname(), address)


def _nats(settings: Settings, own_id: str) -> Shared:
    link = Link(
        settings.nats_url, settings.nats_creds, settings.nats_ca, subjects.DATA_PLANE_INBOX, own_id
    )
    return Shared(link)
