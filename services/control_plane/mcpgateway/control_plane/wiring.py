"""The composition root of the control plane: the only module that constructs its parts."""

import asyncio
import logging
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import cast

import asyncpg
from argon2 import PasswordHasher
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from nats.aio.client import Client
from starlette.types import ASGIApp
from typing_extensions import override

from mcpgateway.common import ids, keys
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.mcp.modern import Implementation
from mcpgateway.common.runtime.nats import Link, stay_connected
from mcpgateway.common.runtime.tasks import together
from mcpgateway.common.subjects import CONTROL_PLANE_INBOX, Subjects
from mcpgateway.control_plane.api.app import Parts, make_app
from mcpgateway.control_plane.api.system import About
from mcpgateway.control_plane.discovery import upkeep as watching
from mcpgateway.control_plane.discovery.client import Connector, HttpDiscoverer
from mcpgateway.control_plane.discovery.outbound import open_outbound
from mcpgateway.control_plane.discovery.standing import Pace
from mcpgateway.control_plane.discovery.upkeep import Upkeep, Watched
from mcpgateway.control_plane.identity import bootstrap, signing_keys
from mcpgateway.control_plane.identity.authenticate import Authenticator
from mcpgateway.control_plane.identity.login import Logins
from mcpgateway.control_plane.identity.passwords import Passwords
from mcpgateway.control_plane.identity.tokens import Issuer
from mcpgateway.control_plane.publish.leader import Leadership
from mcpgateway.control_plane.publish.publisher import Publisher, Signer
from mcpgateway.control_plane.publish.receipts import Fleet
from mcpgateway.control_plane.publish.reseal import Resealer
from mcpgateway.control_plane.publish.streams import RoutingStreams
from mcpgateway.control_plane.registry import upkeep
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.routes import Routes
from mcpgateway.control_plane.settings import Settings
from mcpgateway.control_plane.store.database import PostgresStore, make_pool
from mcpgateway.control_plane.store.delta import PostgresRoutingSource
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.migrate import migrate, migrations

log = logging.getLogger(__name__)

GRACE = 10.0  # seconds for requests in flight at a stop
_RETRY = 1.0  # seconds between tries to reach the database at the start


async def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then lets requests in flight end. Raises OSError when the
    address can not be listened on, Unavailable when the database refuses us, Pooled when it hides
    behind a pooler. While the database or NATS do not answer yet, it waits for them."""
    stop = _stop_event()
    if not await _prepare_database(settings, stop):
        return
    who = Implementation("mcpgateway", version("mcpgateway"))
    async with (
        make_pool(settings.database, through_pooler=bool(settings.direct_database)) as pool,
        open_outbound(settings.addresses) as outbound,
    ):
        connector = Connector(outbound, who, settings.discovery_timeout)
        ports = Ports(
            PostgresStore(pool, _now),
            HttpDiscoverer(connector),
            keys.store_sealer(settings.encryption_secret),
            _now,
            os.urandom,
            settings.separator,
        )
        routing = Routing(settings, pool, ports, connector)
        app = await _make_app(settings, pool, ports, routing.fleet)
        await _until_stopped(settings, app, routing, stop)


async def _until_stopped(
    settings: Settings, app: ASGIApp, routing: "Routing", stop: asyncio.Event
) -> None:
    following = asyncio.create_task(routing.run())
    following.add_done_callback(lambda _: stop.set())
    try:
        await serve(cast(ASGIFramework, app), _hypercorn(settings), shutdown_trigger=stop.wait)
    finally:
        following.cancel()
        await asyncio.wait((following,))
    if not following.cancelled():
        following.result()


async def _make_app(
    settings: Settings, pool: "asyncpg.Pool[asyncpg.Record]", ports: Ports, fleet: Fleet
) -> ASGIApp:
    passwords = Passwords(PasswordHasher())
    await bootstrap.ensure_admin(ports, settings, passwords)
    await signing_keys.sync(ports, settings, bootstrap.SYSTEM)

    async def database_version() -> str:
        with translated():
            return str(await pool.fetchval("SHOW server_version"))

    parts = Parts(
        ports=ports,
        fleet=fleet,
        logins=Logins(ports, passwords, Issuer(settings)),
        authenticator=Authenticator(settings, ports.store.read, _now),
        about=About(
            version=version("mcpgateway"),
            started=_now(),
            clock=_now,
            settings=_shown(settings),
            database=database_version,
            replicas_shown=settings.admin_api,
            pages=settings.pages,
        ),
        edge_secret=settings.edge_secret
        or keys.edge_secret(settings.encryption_secret, settings.cluster, settings.group),
    )
    return make_app(parts)


class Routing:
    """What goes on beside the API: hears receipts, and while leading publishes the routing table
    and keeps the registry's picture of upstreams true."""

    def __init__(
        self,
        settings: Settings,
        pool: "asyncpg.Pool[asyncpg.Record]",
        ports: Ports,
        connector: Connector,
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._connector = connector
        self._subjects = Subjects(settings.cluster, settings.group)
        secret = settings.encryption_secret
        key = keys.routing_signer(secret, settings.cluster, settings.group)
        self._signer = Signer(key, self._subjects)
        addresses = settings.addresses
        routes = Routes(settings.cluster, addresses.loopback, addresses.private)
        self._source = PostgresRoutingSource(pool, routes)
        self.fleet = Fleet(time.monotonic, self._span)

    def _span(self, message: bytes) -> tuple[str, int] | None:
        span = self._signer.span("delta", message)
        return None if span is None else (span.registry, span.revision)

    async def run(self) -> None:
        """Until cancelled. Raises Pooled."""
        settings = self._settings
        link = Link(
            url=settings.nats_url,
            creds_path=settings.nats_creds,
            ca_path=settings.nats_ca,
            inbox_prefix=CONTROL_PLANE_INBOX,
            name="mcpgateway control-plane",
        )
        await stay_connected(link, self._lead)

    async def _lead(self, client: Client) -> None:
        await self.fleet.listen(client, self._subjects)
        changed = asyncio.Event()
        hint = _Hint(changed)
        publisher = Publisher(
            self._source,
            RoutingStreams(client, self._subjects),
            self._signer,
            self._resealer(),
            hint,
            self.fleet.announce,
        )

        async def lead() -> None:
            await together(publisher.lead(), self._upkeep(client, changed).run())

        settings = self._settings
        direct = settings.direct_database or settings.database
        await Leadership(direct, self._subjects, hint).run(lead)

    def _resealer(self) -> Resealer:
        settings = self._settings
        group = keys.DataPlaneKeys.derive(
            settings.encryption_secret, settings.cluster, settings.group
        )
        return Resealer(self._ports.sealer, group.wire, self._subjects, os.urandom)

    def _upkeep(self, client: Client, changed: asyncio.Event) -> Upkeep:
        ports = self._ports

        async def enabled() -> Sequence[Watched]:
            return [
                Watched(
                    row.id, target, row.capabilities.encode(), interval=row.refresh_interval_seconds
                )
                for row, target in await upkeep.enabled(ports)
            ]

        async def refresh(id: str) -> None:
            await upkeep.refresh_one(ports, id)

        async def observed(id: str, reachable: bool, error: str) -> None:
            await upkeep.observed(ports, id, reachable, error)

        given = watching.Ports(enabled, changed, refresh, observed, _hints(client, self._subjects))
        pace = Pace(interval=self._settings.refresh_interval)
        return Upkeep(self._connector, given, random.random, pace)


class _Hint(asyncio.Event):
    """That the registry changed: set for the publisher, and passed on to upkeep."""

    def __init__(self, also: asyncio.Event) -> None:
        super().__init__()
        self._also = also

    @override
    def set(self) -> None:
        super().set()
        self._also.set()


async def _hints(client: Client, subjects: Subjects) -> AsyncIterator[str]:
    """Ids of upstreams that a data plane saw announce a change. Over a thousand waiting are
    dropped: what they name is refreshed by interval too."""
    subscription = await client.subscribe(subjects.hints, pending_msgs_limit=1000)
    try:
        async for message in subscription.messages:
            id = ids.as_id(message.subject.rsplit(".", 1)[-1])
            if id is not None:
                yield id
    finally:
        if not client.is_closed:
            await subscription.unsubscribe()


async def _prepare_database(settings: Settings, stop: asyncio.Event) -> bool:
    """Waits for the database and brings its schema to this release's; False when stopped before.
    Raises Unavailable when the database refuses us for good."""
    waiting = False
    while not stop.is_set():
        try:
            async with _connected(settings.direct_database or settings.database) as connection:
                await migrate(connection, migrations())
        except asyncpg.PostgresError as error:
            raise Unavailable(f"the database refuses us: {error}") from error
        except Unavailable as error:
            if not waiting:
                log.warning("waiting for the database: %s", error.message)
            waiting = True
            await _pause(stop)
        else:
            return True
    return False


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    with translated():
        connection = await asyncpg.connect(url, timeout=5)
        try:
            yield connection
        finally:
            await connection.close(timeout=_RETRY)


async def _pause(stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_RETRY):
            await stop.wait()
    except TimeoutError:
        return


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _hypercorn(settings: Settings) -> Config:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    config = Config()
    config.bind = [f"{host}:{settings.port}"]
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.graceful_timeout = GRACE
    config.keep_alive_timeout = 60
    return config


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
    }


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
