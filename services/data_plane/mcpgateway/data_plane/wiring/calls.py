"""What serves calls, between the doors and the clients of upstreams."""

import os
import secrets
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import NamedTuple

from mcpgateway.common.content.limits import LIMITS
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Principal
from mcpgateway.common.runtime.bounded import Bounded
from mcpgateway.common.runtime.rendering.renderer import Renderer
from mcpgateway.data_plane import measures
from mcpgateway.data_plane.edge.app import Edge, Endpoints
from mcpgateway.data_plane.edge.callers import Callers, Tables
from mcpgateway.data_plane.edge.channels import Channels
from mcpgateway.data_plane.edge.client_view import Seen
from mcpgateway.data_plane.edge.cors import make_cors
from mcpgateway.data_plane.edge.cutting import Cutting
from mcpgateway.data_plane.edge.forward import Forwarder
from mcpgateway.data_plane.edge.health import Health
from mcpgateway.data_plane.edge.live_channel import ChannelParts
from mcpgateway.data_plane.edge.mcp import McpEndpoint
from mcpgateway.data_plane.edge.origin import make_policy
from mcpgateway.data_plane.edge.plain_tools import PlainTools
from mcpgateway.data_plane.edge.protected_resources import ResourceMetadata
from mcpgateway.data_plane.edge.protocol import ProtocolEndpoint
from mcpgateway.data_plane.edge.read_through import ReadThrough
from mcpgateway.data_plane.edge.rpc import RpcEndpoint
from mcpgateway.data_plane.edge.tools_documents import ToolsDocuments
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.parked.session_changes import SessionState
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.parked.task_journal import TaskJournal
from mcpgateway.data_plane.parked.token_bucket import NoTokens, TokenSource
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator, Unsealer
from mcpgateway.data_plane.pipeline.admitting.call_rules import CallRules
from mcpgateway.data_plane.pipeline.admitting.token_limits import TokenLimits
from mcpgateway.data_plane.pipeline.asking.legacy import LegacyAskers
from mcpgateway.data_plane.pipeline.asking.parked_calls import ParkedCalls
from mcpgateway.data_plane.pipeline.asking.unprompted import Unprompted
from mcpgateway.data_plane.pipeline.call import ANONYMOUS, Caller
from mcpgateway.data_plane.pipeline.client_sessions import ClientSessions
from mcpgateway.data_plane.pipeline.compose import compose, guarded, ruled
from mcpgateway.data_plane.pipeline.conversations import Conversations
from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.pipeline.decided import Decisions
from mcpgateway.data_plane.pipeline.handles import Handles
from mcpgateway.data_plane.pipeline.handling.counts import ToolCounts
from mcpgateway.data_plane.pipeline.handling.gates import Gates
from mcpgateway.data_plane.pipeline.handling.handled_call import Tools
from mcpgateway.data_plane.pipeline.handling.handled_upstreams import HandledUpstreams
from mcpgateway.data_plane.pipeline.inflight import InFlight
from mcpgateway.data_plane.pipeline.listening.fan_in import SharedUpdates
from mcpgateway.data_plane.pipeline.listening.listening import Listening
from mcpgateway.data_plane.pipeline.listening.register import Register
from mcpgateway.data_plane.pipeline.listening.updates import NoUpdates, Updates
from mcpgateway.data_plane.pipeline.local import Local
from mcpgateway.data_plane.pipeline.own.own import Own
from mcpgateway.data_plane.pipeline.pages import Pages
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.searching.listed import listed
from mcpgateway.data_plane.pipeline.searching.searching import Searching
from mcpgateway.data_plane.pipeline.shortcuts.short_clients import ShortClients
from mcpgateway.data_plane.pipeline.shortcuts.short_list import ShortLists
from mcpgateway.data_plane.pipeline.shortcuts.shortcut import Shortcuts
from mcpgateway.data_plane.pipeline.streams.heartbeat import Heartbeat
from mcpgateway.data_plane.pipeline.streams.registry import Streams
from mcpgateway.data_plane.pipeline.tasks.keeper import Keeper, Terms
from mcpgateway.data_plane.pipeline.tasks.methods import TaskMethods
from mcpgateway.data_plane.pipeline.tasks.names import TaskNames
from mcpgateway.data_plane.pipeline.tasks.rooms import TaskRooms
from mcpgateway.data_plane.pipeline.tasks.status_news import StatusNews
from mcpgateway.data_plane.pipeline.tasks.upstream_updates import UpstreamTaskUpdates
from mcpgateway.data_plane.pipeline.upstream_auth.callers_authorization import (
    CallerConsents,
    OwnAuthorization,
)
from mcpgateway.data_plane.pipeline.upstream_auth.credentials import Credentials
from mcpgateway.data_plane.pipeline.upstream_auth.propagation import Naming
from mcpgateway.data_plane.pipeline.upstream_auth.upstream_tokens import UpstreamTokens
from mcpgateway.data_plane.settings import Settings
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Upstreams
from mcpgateway.data_plane.wiring.searches import make_catalogues


class Counts(NamedTuple):
    """What is counted of calls: for scrapers, for control planes, against limits of tokens."""

    calls: Calls
    decisions: Decisions
    limits: TokenLimits
    unknown_key: Callable[[], None] | None = None  # called for a token of a key that is not known


def make_counts(settings: Settings, owners: Owners, registry: Registry) -> Counts:
    source_of = make_seen(settings).source
    decisions = Decisions(source_of)
    limits = TokenLimits(owners, time.time, source_of)
    return Counts(Calls(registry, decisions=decisions), decisions, limits)


def make_edge(
    settings: Settings,
    tables: Tables,
    upstreams: Upstreams,
    conversations: Conversations,
    forwarder: Forwarder,
    health: Health,
    counts: Counts | None = None,
) -> Edge:
    """Everything between a door and the upstream clients. Without `counts` nobody sees what is
    counted."""
    now = time.time
    group = (settings.cluster, settings.group)
    states = conversations.states
    states.on_change(partial(_end_session, upstreams))
    sessions = ClientSessions(settings.keys.sessions, group, states, now, os.urandom)
    inflight = InFlight(conversations.owners, upstreams.roots_changed)
    counts = counts or make_counts(settings, conversations.owners, Registry())
    calls, limits = counts.calls, counts.limits
    asked = HandledUpstreams(upstreams, conversations.tools)
    tasks = TaskRooms.of(conversations.keeper, asked, calls)
    local = Local(
        sessions,
        Pages(conversations.handles),
        version("mcpgateway"),
        tasks.offering,
        partial(listed, conversations.catalogues),
    )
    short = ShortClients(conversations, inflight)
    shortcuts = Shortcuts(tables, upstreams, short, now, asked.send)
    short_lists = ShortLists(tables, short, now)
    remote = Remote(
        asked,
        conversations.credentials or make_credentials(settings, NoTokens()),
        inflight,
        conversations,
        calls,
        shortcuts=shortcuts,
        tasks=tasks.conductor,
    )
    seen = make_seen(settings)
    rules = CallRules(now, seen.source)
    remote.hold_to(rules.may)
    authenticator = make_authenticator(settings, counts.unknown_key)
    callers = Callers(tables, authenticator, seen, limits.check_place)
    names = conversations.keeper.names
    others = UpstreamTaskUpdates(tables, upstreams.watch_tasks, remote, names)
    methods = TaskMethods(tasks, conversations.owners, remote, others)
    searching = Searching(conversations.catalogues, remote)
    own = Own(conversations.renderer, remote, version("mcpgateway"))
    composed = compose(local, remote, own, conversations.listening, methods, short_lists, searching)
    routes = guarded(ruled(composed, rules), limits.refusal)
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
        PlainTools(callers, routes, ToolsDocuments(version("mcpgateway"))),
    )
    origins = make_policy(settings.host, settings.allowed_origins)
    edge = Edge(endpoints, forwarder, health, origins, settings.edge_secrets)
    cors = make_cors(
        settings.allowed_origins,
        credentials=settings.cors_credentials,
        loopback=origins.loopback,
    )
    metadata = ResourceMetadata(lambda id: tables.current.servers.get(id), seen)
    edge.open(cors, metadata, settings.security_headers)
    edge.cutting = Cutting(authenticator, (endpoints.channels, conversations.parked))
    return edge


def make_seen(settings: Settings) -> Seen:
    """How requests are looked at, and whose word about them counts."""
    return Seen(
        settings.public_url,
        settings.trusted_proxies,
        settings.auth_header.encode(),
        settings.proxy_user_header.encode() if settings.proxy_auth else b"",
        tuple(secret.encode() for secret in settings.edge_secrets),
    )


def _end_session(upstreams: Upstreams, session: str, state: SessionState) -> None:
    """A client's session has ended, perhaps at another replica."""
    if state.ended:
        upstreams.end_session(session)


def make_authenticator(
    settings: Settings, unknown: Callable[[], None] | None = None
) -> Authenticator:
    unsealer = Unsealer(settings.keys.wire, settings.cluster, settings.group)
    return Authenticator(unsealer, time.time, default_caller(settings), unknown=unknown)


def default_caller(settings: Settings) -> Caller:
    """Who calls without credentials. Switched off authentication makes everybody the platform
    administrator."""
    if settings.auth_required:
        return ANONYMOUS
    admin = Principal(settings.platform_admin, admin=True)
    return Caller(Subject(admin), f"{admin.id}\nopen")


def make_credentials(settings: Settings, source: TokenSource) -> Credentials:
    """With which upstreams are called; `source` has the tokens that are in no table."""
    unsealer = Unsealer(settings.keys.wire, settings.cluster, settings.group)
    tokens = UpstreamTokens(source, time.time)
    naming = Naming(settings.identity_secret.encode(), time.time)
    consents = CallerConsents(tokens, make_seen(settings).base)
    own = OwnAuthorization(naming, consents, settings.auth_header.encode())
    return Credentials(unsealer, tokens, own)


def make_updates(
    settings: Settings,
    upstreams: UpstreamClients,
    registry: Registry | None = None,
    credentials: Credentials | None = None,
) -> SharedUpdates:
    """What follows resources at upstreams; `registry` shows how many. Without `credentials` none
    but those of the table."""
    credentials = credentials or make_credentials(settings, NoTokens())
    updates = SharedUpdates(upstreams.watch, credentials)
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
    tables.on_change(conversations.catalogues.table_changed)
    upstreams.hear(StatusNews(conversations.listening, conversations.keeper))


def make_conversations(
    settings: Settings,
    owners: Owners,
    states: SessionStates,
    now: Callable[[], float] = time.time,
    updates: Updates | None = None,
    journal: TaskJournal | None = None,
    registry: Registry | None = None,
) -> Conversations:
    """What calls of one replica have open with their clients. Needs the running loop. Without
    `updates` resources are not followed, without `journal` no other replica knows of tasks, without
    `registry` nobody sees what is counted."""
    group = (settings.cluster, settings.group)
    handles = Handles(settings.keys.sessions, group, owners.replica, now, os.urandom)
    heartbeat = Heartbeat(settings.keep_alive)
    askers = LegacyAskers(handles, owners, settings.question_timeout)
    register = Register(now, make_authenticator(settings).still)
    registry = registry or Registry()
    renderer, tools = make_renderer(settings), make_tools(settings, registry)
    catalogues = make_catalogues(settings, registry)
    measures.add_workers(registry, renderer.workers, tools.bounded.workers)
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
        renderer,
        tools,
        catalogues,
    )


def make_keeper(settings: Settings, handles: Handles, journal: TaskJournal | None) -> Keeper:
    """What keeps tasks for clients; without a journal that others read, for this replica alone."""
    terms = Terms(settings.task_after, int(settings.task_ttl))
    names = TaskNames(handles)
    return Keeper(journal or TaskJournal(OwnStore()), names, terms, handles, os.urandom)


def make_tools(settings: Settings, registry: Registry) -> Tools:
    """What is done with calls of tools beside passing them on."""
    counts = ToolCounts(registry)
    gates = Gates(settings.upstream_waiters, settings.busy_timeout, counts.waited)
    measures.add_tools(registry, gates)
    bounded = Bounded(settings.filter_timeout, settings.filter_processes)
    return Tools(gates, bounded, counts.refused)


def make_renderer(settings: Settings) -> Renderer:
    """What fills the templates of prompts and resources of the gateway's own."""
    return Renderer(LIMITS._replace(seconds=settings.render_timeout, result=settings.max_prompt))
