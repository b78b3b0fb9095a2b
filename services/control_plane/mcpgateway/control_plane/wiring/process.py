"""The composition root of the control plane: the only module that constructs its parts."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import NamedTuple, TypeAlias

import asyncpg
import msgspec
from argon2 import PasswordHasher
from starlette.types import ASGIApp

from mcpgateway.common import keys
from mcpgateway.common.mcp.modern import Implementation
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.runtime.asgi import serve_asgi
from mcpgateway.common.runtime.asgi_metrics import Measured
from mcpgateway.common.runtime.bounded import Bounded
from mcpgateway.common.runtime.nats import Link
from mcpgateway.common.runtime.process_metrics import watching
from mcpgateway.common.runtime.rendering.renderer import Renderer
from mcpgateway.common.runtime.service import stop_event
from mcpgateway.common.runtime.tasks import end, together
from mcpgateway.common.subjects import CONTROL_PLANE_INBOX, Subjects
from mcpgateway.control_plane.api.app import Parts, make_app
from mcpgateway.control_plane.api.sso.login import SsoParts
from mcpgateway.control_plane.api.system import About
from mcpgateway.control_plane.discovery.by_transport import ByTransport, ListenerByTransport
from mcpgateway.control_plane.discovery.client import Connector, HttpDiscoverer
from mcpgateway.control_plane.discovery.grpc.door import GrpcDoor
from mcpgateway.control_plane.discovery.openapi.discoverer import OpenApiDiscoverer
from mcpgateway.control_plane.discovery.openapi.reader import HttpApiReader
from mcpgateway.control_plane.discovery.outbound import Outbound, open_outbound
from mcpgateway.control_plane.discovery.reach import HttpReacher
from mcpgateway.control_plane.discovery.standing import Listener, Pace
from mcpgateway.control_plane.discovery.upkeep import Upkeep
from mcpgateway.control_plane.identity import bootstrap, signing_keys
from mcpgateway.control_plane.identity.accounts.passwords import Passwords
from mcpgateway.control_plane.identity.authenticate import Authenticator
from mcpgateway.control_plane.identity.oauth_server.server import NoProviders, OAuthServer
from mcpgateway.control_plane.publish.lead import Routing
from mcpgateway.control_plane.publish.publisher import Signer
from mcpgateway.control_plane.publish.receipts import Fleet
from mcpgateway.control_plane.publish.reseal import Resealer
from mcpgateway.control_plane.publish.usage import UsageInbox
from mcpgateway.control_plane.registry import roots
from mcpgateway.control_plane.registry.access import roles
from mcpgateway.control_plane.registry.access.default_roles import DefaultRoles
from mcpgateway.control_plane.registry.access.forgetting import Forgetting
from mcpgateway.control_plane.registry.discovered.ports import Watchlist
from mcpgateway.control_plane.registry.discovered.upkeep import RegisteredUpstreams
from mcpgateway.control_plane.registry.model import DefinitionPolicy
from mcpgateway.control_plane.registry.people.token_rules import TokenRules
from mcpgateway.control_plane.registry.ports import CatalogSource, Ports
from mcpgateway.control_plane.registry.resealing import reseal, reseal_rows
from mcpgateway.control_plane.registry.routing_records import Routes
from mcpgateway.control_plane.registry.teams.personal_teams import ensure_personal
from mcpgateway.control_plane.registry.teams.team_rules import TeamRules
from mcpgateway.control_plane.registry.upstream_auth.keeping import Keeper
from mcpgateway.control_plane.settings.process import Settings
from mcpgateway.control_plane.store.catalog import CatalogFile
from mcpgateway.control_plane.store.database import PostgresStore, make_pool
from mcpgateway.control_plane.store.delta import PostgresRoutingSource
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.people.decisions import PostgresDecisions
from mcpgateway.control_plane.store.people.tokens import PostgresTokenUses
from mcpgateway.control_plane.store.prepare import prepare
from mcpgateway.control_plane.store.sealed_rows import PostgresSealedRows
from mcpgateway.control_plane.wiring.accounts import AccountParts, make_accounts
from mcpgateway.control_plane.wiring.oauth_server import document_reacher, make_oauth_server
from mcpgateway.control_plane.wiring.runners import RunnerParts, make_runners
from mcpgateway.control_plane.wiring.sso import Sso, make_sso, reacher_of
from mcpgateway.control_plane.wiring.upstream_auth import (
    identity_of,
    make_upstream_auth,
    passthrough_of,
)

GRACE = 10.0  # seconds for requests in flight at a stop

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


async def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then lets requests in flight end. Raises Unavailable when
    the address can not be listened on or the database refuses us, Pooled when it hides behind a
    pooler, PartFailed. While the database or NATS do not answer yet, it waits for them."""
    stop = stop_event()
    if not await prepare(settings.direct_database or settings.database, stop):
        return
    who = Implementation("mcpgateway", version("mcpgateway"))
    async with (
        make_pool(settings.database, through_pooler=bool(settings.direct_database)) as pool,
        open_outbound(settings.addresses, verify=not settings.skip_tls_verify) as outbound,
        aclosing(Renderer()) as templates,
        aclosing(Bounded()) as filters,
        make_runners(settings, who) as runners,
        aclosing(HttpApiReader(outbound, settings.discovery_timeout)) as apis,
    ):
        connector = Connector(outbound, who, settings.discovery_timeout)
        grpc = GrpcDoor(settings.addresses, settings.discovery_timeout)
        upstream_auth = make_upstream_auth(settings, pool, outbound)
        ports = Ports(
            PostgresStore(pool, _now),
            ByTransport(
                HttpDiscoverer(connector),
                {
                    **runners.discoverers,
                    "GRPC": grpc,
                    "OPENAPI": OpenApiDiscoverer(apis),
                },
            ),
            keys.store_sealer(settings.secrets),
            _now,
            os.urandom,
            settings.separator,
            round(settings.call_timeout * 1000),
            templates,
            settings.root_policy,
            msgspec.convert(settings.definition_policy, DefinitionPolicy),
            HttpReacher(outbound, settings.discovery_timeout),
            DefaultRoles(
                settings.admin_role,
                settings.user_role,
                settings.team_owner_role,
                settings.team_member_role,
            ),
            TeamRules.of(settings),
            TokenRules.of(settings),
            runners.processes,
            upstream_auth.ports,
            apis,
        )
        sso = make_sso(settings, ports, pool, reacher_of(outbound))
        watchlist = RegisteredUpstreams(ports)
        listener = ListenerByTransport(
            connector, {"GRPC": grpc, **runners.listeners(watchlist.target)}
        )
        routing = replace(
            make_routing(settings, pool, ports, Outside(listener, watchlist, sso, runners)),
            bucket=upstream_auth.bucket,
            keeper=Keeper(ports, upstream_auth.ports),
            usage=(usage := make_usage(settings, pool)),
        )
        with watching(Registry()) as registry:
            add_usage(registry, usage)
            accounts = make_accounts(settings, ports, pool, Passwords(PasswordHasher()))
            running = Running(pool, registry, filters, accounts, sso, outbound, stop.is_set)
            app = await _make_app(settings, ports, routing.fleet, running)
            forgetting = Forgetting(PostgresDecisions(pool), _now, settings.decision_days)
            following = asyncio.create_task(
                together(routing.run(), accounts.run(), usage.run(), forgetting.run())
            )
            following.add_done_callback(lambda _: stop.set())
            try:
                await serve_asgi(app, settings.host, settings.port, stop, grace=GRACE)
                if following.done():
                    await following
            finally:
                await end(following)
                await usage.write()


class Running(NamedTuple):
    """What runs for as long as the service does. `stopping`: whether it was told to stop."""

    pool: Pool
    registry: Registry
    filters: Bounded
    accounts: AccountParts
    sso: Sso | None
    outbound: Outbound
    stopping: Callable[[], bool]


async def _make_app(settings: Settings, ports: Ports, fleet: Fleet, running: Running) -> ASGIApp:
    await bootstrap.ensure_admin(ports, settings, running.accounts.passwords)
    await roles.ensure(ports, bootstrap.SYSTEM)
    await ensure_personal(ports, bootstrap.SYSTEM)
    await signing_keys.sync(ports, settings, bootstrap.SYSTEM)
    await reseal(ports, bootstrap.SYSTEM)
    await reseal_rows(ports, PostgresSealedRows(running.pool))
    await roots.ensure(ports, settings.default_roots, bootstrap.SYSTEM)

    async def database_version() -> str:
        with translated():
            return str(await running.pool.fetchval("SHOW server_version"))

    authenticator = Authenticator(settings, ports.store.read, _now)
    parts = Parts(
        ports=ports,
        fleet=fleet,
        accounts=running.accounts.accounts,
        authenticator=authenticator,
        about=About(
            version=version("mcpgateway"),
            started=_now(),
            clock=_now,
            settings=_shown(settings),
            database=database_version,
            replicas_shown=settings.admin_api,
            pages=settings.pages,
        ),
        edge_secrets=settings.edge_secrets
        or keys.edge_secrets(settings.secrets, settings.cluster, settings.group),
        filters=running.filters,
        stopping=running.stopping,
        catalog=await _catalog(settings),
        catalog_page=settings.catalog_page,
        decisions=PostgresDecisions(running.pool),
        settle=settings.settle,
        security=settings.security_headers,
        sso=_sso(running),
        oauth=_oauth(settings, ports, running, authenticator),
    )
    app = make_app(parts)
    if not settings.metrics_enabled:
        return app

    async def is_admin(authorization: str | None) -> bool:
        return (await authenticator.caller(authorization)).viewer.may("admin.metrics")

    add_metrics(running.registry, fleet, running.pool)
    return Measured(app, running.registry, settings.scraping, is_admin)


def _sso(running: Running) -> SsoParts | None:
    if running.sso is None:
        return None
    accounts = running.accounts.accounts
    return running.sso.parts(accounts.logins, accounts.cookies)


def _oauth(
    settings: Settings, ports: Ports, running: Running, authenticator: Authenticator
) -> OAuthServer | None:
    sign_in = NoProviders() if running.sso is None else running.sso.ways()
    reacher = document_reacher(running.outbound)
    return make_oauth_server(settings, ports, running.pool, reacher, authenticator, sign_in)


async def _catalog(settings: Settings) -> CatalogSource | None:
    """Read once, so that a bad file is told at the start. Raises Unavailable."""
    if not settings.catalog_enabled:
        return None
    source = CatalogFile(settings.catalog_file, settings.catalog_ttl, time.monotonic)
    await source.current()
    return source


def make_usage(settings: Settings, pool: Pool) -> UsageInbox:
    uses = PostgresTokenUses(pool) if settings.token_usage else None
    return UsageInbox(PostgresDecisions(pool), uses, _now)


def add_usage(registry: Registry, usage: UsageInbox) -> None:
    registry.read(
        "counter",
        "mcpgateway_usage_dropped_total",
        "What data planes told of calls, and what is not kept: the database was away for too long.",
        (),
        lambda: (((), usage.dropped),),
    )


def add_metrics(registry: Registry, fleet: Fleet, pool: Pool) -> None:
    """What a control plane shows beside its requests and its process."""
    registry.gauge(
        "mcpgateway_published_revision",
        "Newest revision of the routing table that was published, as far as was heard.",
        lambda: fleet.newest,
    )
    registry.gauge(
        "mcpgateway_replicas_live", "Data planes that were heard of within 5 s.", lambda: fleet.live
    )
    registry.gauge(
        "mcpgateway_replicas_behind",
        "Live data planes that serve an older revision than the newest.",
        lambda: fleet.behind,
    )
    registry.gauge(
        "mcpgateway_database_connections",
        "Open connections to PostgreSQL.",
        pool.get_size,
    )
    registry.gauge(
        "mcpgateway_database_connections_idle",
        "Open connections to PostgreSQL that nobody uses.",
        pool.get_idle_size,
    )


class Outside(NamedTuple):
    """What keeping the table true needs of others."""

    listener: Listener
    watchlist: Watchlist
    sso: Sso | None
    runners: RunnerParts


def make_routing(settings: Settings, pool: Pool, ports: Ports, outside: Outside) -> Routing:
    sso = outside.sso
    secrets, place = settings.secrets, (settings.cluster, settings.group)
    subjects, addresses = Subjects(*place), settings.addresses
    signer = Signer.of(secrets, subjects)
    wire = keys.DataPlaneKeys.derive(secrets, *place).wire
    pace = Pace(interval=settings.refresh_interval)

    async def upkeep(changed: asyncio.Event, hints: AsyncIterator[str]) -> None:
        external = sso.external_keys() if sso and settings.sso_tokens else None
        heard = hints if external is None else external.sift(hints)
        kept = outside.listener, outside.watchlist
        upstreams = Upkeep(*kept, changed, heard, random.random, pace).run()
        await (upstreams if external is None else together(upstreams, external.run()))

    return Routing(
        link=Link(
            url=settings.nats_url,
            creds_path=settings.nats_creds,
            ca_path=settings.nats_ca,
            inbox_prefix=CONTROL_PLANE_INBOX,
            name="mcpgateway control-plane",
        ),
        database=settings.direct_database or settings.database,
        source=outside.runners.heard(
            PostgresRoutingSource(
                pool,
                Routes(
                    settings.cluster,
                    addresses.loopback,
                    addresses.private,
                    passthrough_of(settings),
                    identity_of(settings),
                    outside.runners.routing,
                ),
            )
        ),
        signer=signer,
        resealer=Resealer(ports.sealer, wire, subjects, os.urandom),
        fleet=Fleet(time.monotonic, signer.leads_to),
        upkeep=upkeep,
    )


def _shown(settings: Settings) -> dict[str, object]:
    """Of the settings, for /version."""
    return {
        "cluster": settings.cluster,
        "group": settings.group,
        "environment": settings.environment,
        "auth_required": settings.auth_required,
        "api_allow_basic_auth": settings.basic_allowed,
        "require_jti": settings.require_jti,
        "require_token_expiration": settings.require_exp,
        "gateway_tool_name_separator": settings.separator,
        "ssrf_allow_localhost": settings.addresses.loopback,
        "ssrf_allow_private_networks": settings.allow_private,
        "skip_ssl_verify": settings.skip_tls_verify,
    }


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
