"""The life of a replica: its parts are made, it serves, it drains."""

import asyncio
import gc
import logging
import time
from contextlib import AsyncExitStack
from functools import partial
from importlib.metadata import version
from typing import NamedTuple

from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.nats import Shared
from mcpgateway.common.runtime.service import process_id, stop_event
from mcpgateway.common.runtime.tasks import end, part, together
from mcpgateway.common.subjects import KEYS_HINT
from mcpgateway.data_plane import measures
from mcpgateway.data_plane.doors.choice import Door, open_door
from mcpgateway.data_plane.edge.app import Edge
from mcpgateway.data_plane.edge.forward import Forwarder
from mcpgateway.data_plane.edge.health import Health, TableStatus
from mcpgateway.data_plane.parked.neighbours import Neighbours
from mcpgateway.data_plane.parked.reports import Reports
from mcpgateway.data_plane.settings import Settings
from mcpgateway.data_plane.table.follow import Follower
from mcpgateway.data_plane.table.hints import Hints
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.table.receipt import Replica
from mcpgateway.data_plane.upstreams.addresses import UpstreamAddresses
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionLimits
from mcpgateway.data_plane.wiring.calls import (
    join_listening,
    make_conversations,
    make_counts,
    make_credentials,
    make_edge,
    make_updates,
)
from mcpgateway.data_plane.wiring.outward import (
    make_following,
    make_forwarder,
    make_grpc,
    make_nats,
    make_neighbours,
    make_pool,
    make_reports,
    make_targets,
    make_tls,
    service_ports,
)
from mcpgateway.data_plane.wiring.shown import Watched, show_metrics
from mcpgateway.data_plane.wiring.tunnels import make_tunnels

log = logging.getLogger(__name__)

DRAIN_SECONDS = 15.0  # for exchanges under way when the process is told to stop
NOTICE_SECONDS = 1.0  # in which a front sees that this replica takes no more
TABLE_SECONDS = 5.0  # the public address waits so long for a table, then opens without


class Parts(NamedTuple):
    """What a replica starts, stops and looks after."""

    nats: Shared
    tables: TableHolder
    hints: Hints
    reports: Reports
    follower: Follower
    health: Health
    others: Neighbours
    forwarder: Forwarder
    edge: Edge
    door: Door


async def run(settings: Settings, lifeline: int | None = None, number: int = 0) -> None:
    """Serve until SIGTERM, SIGINT, or the end of file on `lifeline` (a file descriptor): then
    drain and return. `number` is this replica's among its neighbours. Raises OSError when an
    address can not be listened on, and what ended the following of the routing table."""
    # A call makes no garbage in cycles, so looking for it after every 700 objects only costs.
    gc.set_threshold(20_000, 50, 100)
    stop = stop_event()
    if lifeline is not None:
        _stop_at_end_of(lifeline, stop)
    async with AsyncExitStack() as closing:  # the last made first, whichever of them fails
        parts = await _assemble(settings, number, closing)
        following = asyncio.create_task(_follow(parts, stop))
        closing.push_async_callback(end, following)
        closing.push_async_callback(parts.others.aclose)
        closing.push_async_callback(parts.door.close)
        await _serve(settings, parts, stop)
        parts.health.draining = True
        log.info("draining")
        if settings.fronted:
            await asyncio.sleep(NOTICE_SECONDS)
        await _drain(parts)
    if not following.cancelled():
        following.result()  # what made an end of it


async def _assemble(settings: Settings, number: int, closing: AsyncExitStack) -> Parts:
    """Makes and joins them; nothing runs yet but the own port of the door."""
    tables, hints, registry = TableHolder(), Hints(settings.subjects), Registry()
    own_id = process_id()
    nats = make_nats(settings, own_id)
    addresses = UpstreamAddresses(settings.addresses)
    services, pool = Pool(), make_pool(settings, addresses)
    tls = make_tls(settings, tables)
    others = make_neighbours(settings, nats, own_id, registry)
    upstreams = UpstreamClients(
        pool,
        SessionLimits(reply_seconds=settings.question_timeout),
        announced=hints.announced,
        sessions=others.upstream_sessions,
        targets=make_targets(settings, tls),
        rest_counted=measures.add_rest(registry),
    )
    upstreams.call_grpc(make_grpc(settings, tls, addresses, registry))
    forwarder = make_forwarder(settings, services)
    for made in (services, pool, upstreams, forwarder):
        closing.push_async_callback(made.aclose)
    tables.on_change(addresses.changed)
    health = Health(lambda: TableStatus.of(tables, follower), settings.max_table_age or None)
    credentials = make_credentials(settings, others.tokens)
    updates = make_updates(settings, upstreams, registry, credentials)
    conversations = make_conversations(
        settings,
        others.owners,
        others.states,
        updates=updates,
        journal=others.tasks,
        registry=registry,
    )._replace(credentials=credentials)
    join_listening(tables, upstreams, updates, conversations)
    closing.push_async_callback(conversations.aclose)
    counts = make_counts(settings, others.owners, registry)._replace(
        unknown_key=partial(hints.announced, KEYS_HINT)
    )
    edge = make_edge(settings, tables, upstreams, conversations, forwarder, health, counts)
    tunnels = make_tunnels(settings, tables, counts.limits.check_place, hints.announced)
    edge.pass_tunnels(tunnels)
    closing.push_async_callback(tunnels.aclose)
    reports = make_reports(settings, nats, own_id, counts, registry)
    others.owners.serve(edge)
    door = await open_door(
        edge,
        settings.door_tls,
        http3=settings.http3 and not settings.fronted,
        websocket_pings=settings.websocket_pings,
    )
    cutting = edge.cutting
    if cutting is not None:
        cutting.watch(lambda: (each for one in door.listeners.values() for each in one.under_way()))
        tables.on_change(cutting.table_changed)
    addresses.refuse_ports(settings.port, door.own_port, *service_ports(settings))
    replica = Replica(own_id, door.own_address, time.time(), version("mcpgateway"))
    follower = Follower(tables, make_following(settings, nats, replica))
    watched = Watched(registry, tables, services, pool, door, follower, replica, str(number))
    closing.push_async_callback(show_metrics(settings, watched, edge))
    return Parts(nats, tables, hints, reports, follower, health, others, forwarder, edge, door)


async def _serve(settings: Settings, parts: Parts, stop: asyncio.Event) -> None:
    """Opens the public address when there is something to serve; returns when told to stop."""
    door = parts.door
    await _until_held(parts.tables, stop)
    if settings.fronted:
        log.info("serving behind a front, on %s", door.own_address)
    elif not stop.is_set():
        await door.publish(settings.host, settings.port)
        log.info("serving on %s:%d and %s", settings.host, door.port, door.own_address)
    await stop.wait()


async def _drain(parts: Parts) -> None:
    """Ends what would not end by itself, and waits for exchanges under way, those that came in at
    other replicas too."""
    await parts.follower.drain()
    parts.forwarder.end_streams()
    parts.edge.drain()
    drains = (parts.door.drain(DRAIN_SECONDS), parts.others.owners.drain(DRAIN_SECONDS))
    if not all(await asyncio.gather(*drains)):
        log.warning("some exchanges were cut off after %g s", DRAIN_SECONDS)
    await parts.reports.send()


async def _follow(parts: Parts, stop: asyncio.Event) -> None:
    """A follower that fails for good takes the process down: it would serve an ever older table
    without a word."""
    try:
        follower = parts.follower
        works = (parts.hints.run(follower.publish), parts.reports.run())
        work = together(parts.nats.run(), follower.run(), *works)
        await part("following the routing table", work)
    finally:
        stop.set()


async def _until_held(tables: TableHolder, stop: asyncio.Event) -> None:
    """The first table, the order to stop, or TABLE_SECONDS, whichever is first. A replica that
    shares the public address must not take calls that its neighbours could serve."""
    held = asyncio.Event()
    tables.on_change(lambda _table, _touched: held.set())
    waits = [asyncio.create_task(event.wait()) for event in (held, stop)]
    await asyncio.wait(waits, timeout=TABLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    if not (held.is_set() or stop.is_set()):
        log.warning("no routing table after %g s: serving without", TABLE_SECONDS)


def _stop_at_end_of(lifeline: int, stop: asyncio.Event) -> None:
    """The parent holds the other end: when it is gone, its replicas go, too."""
    loop = asyncio.get_running_loop()

    def gone() -> None:
        loop.remove_reader(lifeline)
        stop.set()

    loop.add_reader(lifeline, gone)
