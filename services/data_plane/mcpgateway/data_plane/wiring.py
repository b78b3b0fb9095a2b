"""The composition root: the only place where the data plane's parts are made and joined."""

import asyncio
import gc
import logging
import os
import re
import secrets
import signal
import socket
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple

from mcpgateway.common import subjects
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.policy.addresses import is_loopback
from mcpgateway.common.routing.model import Principal
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.http.request_url import split
from mcpgateway.common.runtime.http.tls import UNVERIFIED, profile
from mcpgateway.common.runtime.nats import Link, Shared
from mcpgateway.common.runtime.process_metrics import LoopLag, add_process
from mcpgateway.common.runtime.tasks import end, part, together
from mcpgateway.data_plane import measures
from mcpgateway.data_plane.doors.choice import Door, open_door
from mcpgateway.data_plane.edge.app import Edge, Endpoints
from mcpgateway.data_plane.edge.callers import Callers, Tables
from mcpgateway.data_plane.edge.channels import Channels
from mcpgateway.data_plane.edge.forward import Forwarder, Trust
from mcpgateway.data_plane.edge.health import Health, TableStatus
from mcpgateway.data_plane.edge.live_channel import ChannelParts
from mcpgateway.data_plane.edge.mcp import McpEndpoint
from mcpgateway.data_plane.edge.metrics import Measured, MetricsEndpoint
from mcpgateway.data_plane.edge.origin import make_policy
from mcpgateway.data_plane.edge.protocol import ProtocolEndpoint
from mcpgateway.data_plane.edge.read_through import ReadThrough
from mcpgateway.data_plane.edge.rpc import RpcEndpoint
from mcpgateway.data_plane.edge.siblings import Announced, Siblings
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.handing import Source
from mcpgateway.data_plane.parked.neighbours import Neighbours
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.parked.session_changes import SessionState
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.parked.task_journal import TaskJournal
from mcpgateway.data_plane.pipeline.asking.legacy import LegacyAskers
from mcpgateway.data_plane.pipeline.asking.parked_calls import ParkedCalls
from mcpgateway.data_plane.pipeline.asking.unprompted import Unprompted
from mcpgateway.data_plane.pipeline.authenticate import Authenticator, Unsealer
from mcpgateway.data_plane.pipeline.call import ANONYMOUS, Caller
from mcpgateway.data_plane.pipeline.client_sessions import ClientSessions
from mcpgateway.data_plane.pipeline.compose import compose
from mcpgateway.data_plane.pipeline.conversations import Conversations
from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.pipeline.credentials import Credentials
from mcpgateway.data_plane.pipeline.handles import Handles
from mcpgateway.data_plane.pipeline.inflight import InFlight
from mcpgateway.data_plane.pipeline.listening.fan_in import SharedUpdates
from mcpgateway.data_plane.pipeline.listening.listening import Listening
from mcpgateway.data_plane.pipeline.listening.register import Register
from mcpgateway.data_plane.pipeline.listening.updates import NoUpdates, Updates
from mcpgateway.data_plane.pipeline.local import Local
from mcpgateway.data_plane.pipeline.pages import Pages
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.short_clients import ShortClients
from mcpgateway.data_plane.pipeline.shortcut import Shortcuts
from mcpgateway.data_plane.pipeline.streams.heartbeat import Heartbeat
from mcpgateway.data_plane.pipeline.streams.registry import Streams
from mcpgateway.data_plane.pipeline.tasks.keeper import Keeper, Terms
from mcpgateway.data_plane.pipeline.tasks.methods import TaskMethods
from mcpgateway.data_plane.pipeline.tasks.names import TaskNames
from mcpgateway.data_plane.pipeline.tasks.rooms import TaskRooms
from mcpgateway.data_plane.settings import Settings
from mcpgateway.data_plane.table.follow import Follower, Wiring
from mcpgateway.data_plane.table.hints import Hints
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.table.receipt import Replica
from mcpgateway.data_plane.upstreams.addresses import UpstreamAddresses
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Upstreams
from mcpgateway.data_plane.upstreams.session_pool import SessionLimits
from mcpgateway.data_plane.upstreams.targets import Targets
from mcpgateway.data_plane.upstreams.tls import UpstreamTls

log = logging.getLogger(__name__)

DRAIN_SECONDS = 15.0  # for exchanges under way when the process is told to stop
NOTICE_SECONDS = 1.0  # in which a front sees that this replica takes no more
TABLE_SECONDS = 5.0  # the public address waits so long for a table, then opens without


async def run(settings: Settings, lifeline: int | None = None, number: int = 0) -> None:
    """Serve until SIGTERM, SIGINT, or the end of file on `lifeline` (a file descriptor): then
    drain and return. `number` is this replica's among its neighbours. Raises OSError when an
    address can not be listened on, and what ended the following of the routing table."""
    # A call makes no garbage in cycles, so looking for it after every 700 objects only costs.
    gc.set_threshold(20_000, 50, 100)
    stop = _stop_event(lifeline)
    tables, hints, registry = TableHolder(), Hints(settings.subjects), Registry()
    own_id = replica_id()
    nats = make_nats(settings, own_id)
    addresses = UpstreamAddresses(settings.addresses)
    async with AsyncExitStack() as closing:  # the last made first, whichever of them fails
        services, pool = Pool(), make_pool(settings, addresses)
        others = make_neighbours(settings, nats, own_id, registry)
        upstreams = UpstreamClients(
            pool,
            SessionLimits(reply_seconds=settings.question_timeout),
            announced=hints.announced,
            sessions=others.upstream_sessions,
            targets=make_targets(settings, tables),
        )
        forwarder = make_forwarder(settings, services)
        for made in (services, pool, upstreams, forwarder):
            closing.push_async_callback(made.aclose)
        tables.on_change(addresses.changed)
        health = Health(lambda: _status(tables, follower), settings.max_table_age or None)
        updates = make_updates(settings, upstreams, registry)
        conversations = make_conversations(
            settings, others.owners, others.states, updates=updates, journal=others.tasks
        )
        join_listening(tables, upstreams, updates, conversations)
        closing.push_async_callback(conversations.aclose)
        edge = make_edge(
            settings, tables, upstreams, conversations, forwarder, health, Calls(registry)
        )
        others.owners.serve(edge)
        door = await open_door(
            edge,
            settings.door_tls,
            http3=settings.http3 and not settings.fronted,
            websocket_pings=settings.websocket_pings,
        )
        addresses.refuse_ports(settings.port, door.own_port, *service_ports(settings))
        replica = Replica(own_id, door.own_address, time.time(), version("mcpgateway"))
        follower = Follower(tables, _following(settings, nats, replica))
        watched = Watched(registry, tables, services, pool, door, follower, replica, str(number))
        closing.push_async_callback(show_metrics(settings, watched, edge))
        following = asyncio.create_task(_follow(nats, follower, hints, stop))
        closing.push_async_callback(end, following)
        closing.push_async_callback(others.aclose)
        closing.push_async_callback(door.close)
        await _serve(settings, tables, door, stop)
        health.draining = True
        log.info("draining")
        if settings.fronted:
            await asyncio.sleep(NOTICE_SECONDS)
        await follower.drain()
        forwarder.end_streams()
        edge.drain()
        await _drain(door, others)
    if not following.cancelled():
        following.result()  # what made an end of it


async def _serve(settings: Settings, tables: TableHolder, door: Door, stop: asyncio.Event) -> None:
    """Opens the public address when there is something to serve; returns when told to stop."""
    await _until_held(tables, stop)
    if settings.fronted:
        log.info("serving behind a front, on %s", door.own_address)
    elif not stop.is_set():
        await door.publish(settings.host, settings.port)
        log.info("serving on %s:%d and %s", settings.host, door.port, door.own_address)
    await stop.wait()


async def _drain(door: Door, others: Neighbours) -> None:
    """Waits for exchanges under way, those that came in at other replicas too."""
    drains = (door.drain(DRAIN_SECONDS), others.owners.drain(DRAIN_SECONDS))
    if not all(await asyncio.gather(*drains)):
        log.warning("some exchanges were cut off after %g s", DRAIN_SECONDS)


def make_pool(settings: Settings, addresses: UpstreamAddresses) -> Pool:
    """The connections to upstreams."""
    if settings.skip_tls_verify:
        log.warning(UNVERIFIED)
    return Pool(
        settings.upstream_limits,
        settings.upstream_timeouts,
        tls=profile(verify=not settings.skip_tls_verify),
        policy_of=addresses.policy_of,
    )


def make_targets(settings: Settings, tables: TableHolder) -> Targets:
    """How upstreams are reached."""
    unsealer = Unsealer(settings.keys.wire, settings.cluster, settings.group)
    tls = UpstreamTls(unsealer.open, verify=not settings.skip_tls_verify)
    tables.on_change(tls.changed)
    return Targets(settings.upstream_timeouts, tls.of, settings.upstream_connections)


def service_ports(settings: Settings) -> list[int]:
    """The ports of control plane and admin where they are on this machine's loopback."""
    origins = [split(url)[0] for url in (settings.control_plane_url, settings.admin_url)]
    return [origin.port for origin in origins if is_loopback(origin.host)]


async def _follow(nats: Shared, follower: Follower, hints: Hints, stop: asyncio.Event) -> None:
    """A follower that fails for good takes the process down: it would serve an ever older table
    without a word."""
    try:
        work = together(nats.run(), follower.run(), hints.run(follower.publish))
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


def _stop_event(lifeline: int | None) -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if lifeline is not None:
        loop.add_reader(lifeline, _parent_gone, loop, lifeline, stop)
    return stop


def _parent_gone(loop: asyncio.AbstractEventLoop, lifeline: int, stop: asyncio.Event) -> None:
    loop.remove_reader(lifeline)
    stop.set()


def _status(tables: TableHolder, follower: Follower) -> TableStatus:
    status = follower.status
    held = tables.current
    return TableStatus(
        tables.loaded, held.revision, status.age, status.source, status.connected, held.registry
    )


class Watched(NamedTuple):
    """What a replica shows of itself. `name` is its number among its neighbours."""

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
        registry, tables, lambda: _status(tables, follower), lambda: follower.counters
    )
    siblings = Siblings(settings.data_dir, services, settings.edge_secrets)
    callers = Callers(tables, make_authenticator(settings))
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


def make_authenticator(settings: Settings) -> Authenticator:
    unsealer = Unsealer(settings.keys.wire, settings.cluster, settings.group)
    return Authenticator(unsealer, time.time, default_caller(settings))


def _following(settings: Settings, nats: Shared, replica: Replica) -> Wiring:
    return Wiring(settings.subjects, settings.routing_keys, nats, settings.data_dir, replica)


def make_nats(settings: Settings, own_id: str) -> Shared:
    """The one connection of this replica."""
    link = Link(
        settings.nats_url,
        settings.nats_creds,
        settings.nats_ca,
        subjects.DATA_PLANE_INBOX,
        f"data-plane {own_id}",
    )
    return Shared(link)


def replica_id() -> str:
    """`<host>-<pid>-<random>`, one token of a NATS subject."""
    host = re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname())[:40]
    return f"{host}-{os.getpid()}-{secrets.token_hex(3)}"


def make_edge(
    settings: Settings,
    tables: Tables,
    upstreams: Upstreams,
    conversations: Conversations,
    forwarder: Forwarder,
    health: Health,
    calls: Calls | None = None,
) -> Edge:
    """Everything between a door and the upstream clients. Without `calls` nobody sees what is
    counted."""
    now = time.time
    unsealer = Unsealer(settings.keys.wire, settings.cluster, settings.group)
    group = (settings.cluster, settings.group)
    states = conversations.states
    states.on_change(partial(_end_session, upstreams))
    sessions = ClientSessions(settings.keys.sessions, group, states, now, os.urandom)
    inflight = InFlight(conversations.owners, upstreams.roots_changed)
    calls = calls or Calls(Registry())
    tasks = TaskRooms.of(conversations.keeper, upstreams, calls)
    local = Local(sessions, Pages(conversations.handles), version("mcpgateway"), tasks.offering)
    shortcuts = Shortcuts(tables, upstreams, ShortClients(conversations, inflight), now)
    remote = Remote(
        upstreams,
        Credentials(unsealer),
        inflight,
        conversations,
        calls,
        shortcuts=shortcuts,
        tasks=tasks.conductor,
    )
    callers = Callers(tables, make_authenticator(settings))
    methods = TaskMethods(tasks, conversations.owners, remote)
    routes = compose(local, remote, conversations.listening, methods)
    unprompted = Unprompted(
        conversations.askers.askable,
        conversations.owners,
        settings.question_timeout,
        partial(secrets.token_hex, 12),
    )
    parts = ChannelParts(
        sessions,
        routes,
        inflight,
        conversations.askers,
        conversations.listening,
        upstreams.end_session,
    )
    endpoints = Endpoints(
        McpEndpoint(callers, sessions, inflight, routes, conversations, upstreams.end_session),
        Channels(callers, conversations, parts, sockets=settings.websockets),
        RpcEndpoint(callers, routes, unprompted),
        ProtocolEndpoint(callers, routes, unprompted),
        ReadThrough(callers, routes),
    )
    origins = make_policy(settings.host, settings.allowed_origins)
    return Edge(endpoints, forwarder, health, origins, settings.edge_secrets)


def make_neighbours(
    settings: Settings, nats: Shared, own_id: str, registry: Registry
) -> Neighbours:
    """What this replica and the others of the group do for each other."""
    source = Source(time.monotonic, time.time, os.urandom)
    made = Neighbours.of(nats, settings.subjects, settings.keys, own_id, source)
    measures.add_neighbours(registry, made)
    return made


def _end_session(upstreams: Upstreams, session: str, state: SessionState) -> None:
    """A client's session has ended, perhaps at another replica."""
    if state.ended:
        upstreams.end_session(session)


def make_updates(
    settings: Settings, upstreams: UpstreamClients, registry: Registry | None = None
) -> SharedUpdates:
    """What follows resources at upstreams; `registry` shows how many."""
    unsealer = Unsealer(settings.keys.wire, settings.cluster, settings.group)
    updates = SharedUpdates(upstreams.watch, Credentials(unsealer))
    if registry is not None:
        measures.add_following(registry, updates)
    return updates


def join_listening(
    tables: TableHolder,
    upstreams: UpstreamClients,
    updates: SharedUpdates,
    conversations: Conversations,
) -> None:
    """New tables reach all that outlives a call: first the sessions with upstreams, so that what
    is followed anew finds none that is another now. What upstreams say reaches clients."""
    tables.on_change(upstreams.changed)
    tables.on_change(updates.table_changed)
    tables.on_change(conversations.listening.table_changed)
    upstreams.hear(conversations.listening)


def make_conversations(
    settings: Settings,
    owners: Owners,
    states: SessionStates,
    now: Callable[[], float] = time.time,
    updates: Updates | None = None,
    journal: TaskJournal | None = None,
) -> Conversations:
    """What calls of one replica have open with their clients. Needs the running loop. Without
    `updates` resources are not followed, without `journal` no other replica knows of tasks."""
    group = (settings.cluster, settings.group)
    handles = Handles(settings.keys.sessions, group, owners.replica, now, os.urandom)
    heartbeat = Heartbeat(settings.keep_alive)
    askers = LegacyAskers(handles, owners, settings.question_timeout)
    register = Register(now)
    return Conversations(
        handles,
        owners,
        states,
        askers,
        ParkedCalls(handles, owners, settings.question_timeout),
        Streams(handles, owners, time.monotonic, heartbeat),
        heartbeat,
        Listening(register, updates or NoUpdates(), states, owners, askers, heartbeat),
        make_keeper(settings, handles, journal),
    )


def make_keeper(settings: Settings, handles: Handles, journal: TaskJournal | None) -> Keeper:
    """What keeps tasks for clients; without a journal that others read, for this replica alone."""
    terms = Terms(settings.task_after, int(settings.task_ttl))
    names = TaskNames(handles)
    return Keeper(journal or TaskJournal(OwnStore()), names, terms, handles, os.urandom)


def default_caller(settings: Settings) -> Caller:
    """Who calls without credentials. Switched off authentication makes everybody the platform
    administrator."""
    if settings.auth_required:
        return ANONYMOUS
    admin = Principal(settings.platform_admin, admin=True)
    return Caller(admin, f"{admin.id}\nopen")


def make_forwarder(settings: Settings, client: HttpClient) -> Forwarder:
    services = {"control-plane": settings.control_plane_url, "admin": settings.admin_url}
    trust = Trust(settings.edge_secrets[0], settings.trusted_proxies)
    return Forwarder(client, services, trust)
