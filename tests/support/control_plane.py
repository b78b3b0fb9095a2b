"""The control plane's parts for tests: a registry in a fresh database, scripted upstreams, a
clock that is set by hand, and an HTTP client of the API in this process."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx2
import msgspec
from argon2 import PasswordHasher
from joserfc import jwt
from joserfc.jwk import OctKey

from mcpgateway.common import keys
from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.runtime.bounded import Bounded
from mcpgateway.common.runtime.rendering.renderer import Renderer
from mcpgateway.common.runtime.tasks import end
from mcpgateway.control_plane.api.app import Parts, make_app
from mcpgateway.control_plane.api.system import About
from mcpgateway.control_plane.identity import bootstrap, signing_keys
from mcpgateway.control_plane.identity.accounts.passwords import Passwords
from mcpgateway.control_plane.identity.authenticate import Authenticator
from mcpgateway.control_plane.identity.oauth_server.server import NoProviders
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.catalog.catalog import Catalog
from mcpgateway.control_plane.registry.discovered.ports import (
    Discovered,
    Discoverer,
    Found,
    Reached,
    Reacher,
    Request,
    Target,
)
from mcpgateway.control_plane.registry.model import Transport, Viewer, Who
from mcpgateway.control_plane.registry.people.token_rules import TokenRules
from mcpgateway.control_plane.registry.ports import Outcome, Ports, Position
from mcpgateway.control_plane.registry.routing_records import Routes
from mcpgateway.control_plane.registry.teams.team_rules import TeamRules
from mcpgateway.control_plane.registry.upstream_auth.ports import TokenPorts
from mcpgateway.control_plane.settings.process import Settings
from mcpgateway.control_plane.store.database import PostgresStore, make_pool
from mcpgateway.control_plane.store.delta import PostgresRoutingSource
from mcpgateway.control_plane.store.migrate import migrate, migrations
from mcpgateway.control_plane.store.people.decisions import PostgresDecisions
from mcpgateway.control_plane.store.people.upstream_tokens import PostgresTokens
from mcpgateway.control_plane.wiring.accounts import AccountParts, make_accounts
from mcpgateway.control_plane.wiring.oauth_server import make_oauth_server
from mcpgateway.control_plane.wiring.sso import Sso, make_sso
from mcpgateway.control_plane.wiring.upstream_auth import rules_of
from support.upstream_auth import FakeAuthServers, FakeTokenBucket

ADMIN = "admin@example.com"
PASSWORD = "correct horse battery staple"
JWT_SECRET = "JxN1vQ0mZbq7RkU4tYp9Ls3dGh6wEc8a"
ENCRYPTION_SECRET = "Zk4oT9bXw2LrVn8QyHc6Pj1Ms5Ug3Fea"
EDGE_SECRET = "what-only-data-planes-know"
ACTOR = Actor(Viewer(ADMIN, admin=True), Who(by=ADMIN))


def settings(**changes: Any) -> Settings:
    values: dict[str, Any] = {
        "database": "postgresql://unused/unused",
        "encryption_secret": ENCRYPTION_SECRET,
        "jwt_secret": JWT_SECRET,
        "admin_password": PASSWORD,
    }
    return Settings(**(values | changes))


class Clock:
    """Moves a millisecond with each look, and by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def found(listed: str, /, **members: Any) -> Found:
    return Found(listed, msgspec.json.encode(members))


def upstream_with(
    tools: Sequence[str] = (),
    prompts: Sequence[str] = (),
    resources: Sequence[str] = (),
    templates: Sequence[str] = (),
    **changes: Any,
) -> Discovered:
    """What a discovery finds at an upstream with these lists."""
    schema = {"type": "object"}
    seen = Discovered(
        transport="STREAMABLEHTTP",
        era="modern",
        protocol_version="2026-07-28",
        capabilities=b'{"tools":{}}',
        tools=tuple(found(name, description=f"does {name}", inputSchema=schema) for name in tools),
        prompts=tuple(found(name, description=f"says {name}") for name in prompts),
        resources=tuple(found(uri, name=uri) for uri in resources),
        templates=tuple(found(uri, name=uri) for uri in templates),
    )
    return msgspec.structs.replace(seen, **changes)


class FakeDiscoverer:
    """Implements ports.Discoverer: what stands at a URL is set by hand; nothing stands elsewhere.
    `seen` keeps the targets that were looked at. Upstreams of the transports in `real` are looked
    at by those."""

    def __init__(self) -> None:
        self.at: dict[str, Discovered] = {}
        self.seen: list[Target] = []
        self.real: dict[Transport, Discoverer] = {}

    async def discover(self, target: Target) -> Discovered:
        self.seen.append(target)
        if target.transport in self.real:
            return await self.real[target.transport].discover(target)
        if target.url not in self.at:
            raise UpstreamUnreachable(f"connecting to {target.url}: connection refused")
        return self.at[target.url]


class FakeReacher:
    """Implements ports.Reacher: a URL answers as was set by hand; nothing is elsewhere."""

    def __init__(self) -> None:
        self.at: dict[str, Reached] = {}
        self.seen: list[Request] = []

    async def reach(self, request: Request) -> Reached:
        self.seen.append(request)
        if request.url not in self.at:
            raise UpstreamUnreachable(f"connecting to {request.url}: connection refused")
        return self.at[request.url]


class FakeCatalog:
    """Implements ports.CatalogSource: what is in it is set by hand."""

    def __init__(self) -> None:
        self.catalog = Catalog()

    async def current(self) -> Catalog:
        return self.catalog


NOBODY = Outcome(0, 0)


@dataclass
class FakeFleet:
    """Implements the API's Fleet: replicas say what the test wants them to."""

    outcome: Outcome = NOBODY
    asked: list[tuple[Position, float]] = field(default_factory=list)

    async def applied(self, position: Position, timeout: float) -> Outcome:
        self.asked.append((position, timeout))
        return self.outcome

    def replicas(self, wanted: Position) -> Sequence[Mapping[str, Any]]:
        return [{"id": "r1", "revision": wanted.revision}]


@dataclass
class Plane:
    """A control plane without sockets: its ports, its API, and what stands around it."""

    settings: Settings
    database: str
    pool: "asyncpg.Pool[asyncpg.Record]"
    ports: Ports
    routing: PostgresRoutingSource
    discoverer: FakeDiscoverer
    fleet: FakeFleet
    clock: Clock
    http: httpx2.AsyncClient
    app: Any = None  # the API, for clients of others
    reacher: FakeReacher = field(default_factory=FakeReacher)
    catalog: FakeCatalog = field(default_factory=FakeCatalog)
    accounts: AccountParts | None = None
    sso: Sso | None = None
    auth_servers: FakeAuthServers = field(default_factory=FakeAuthServers)
    bucket: FakeTokenBucket = field(default_factory=FakeTokenBucket)

    async def register(self, name: str, seen: Discovered, **members: Any) -> dict[str, Any]:
        url = f"http://{name}.example/mcp"
        self.discoverer.at[url] = seen
        answer = await self.http.post("/gateways", json={"name": name, "url": url, **members})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def tool_ids(self) -> dict[str, str]:
        answer = await self.http.get("/tools?limit=0")
        return {tool["name"]: tool["id"] for tool in answer.json()}

    async def bundle(self, name: str, tools: Sequence[str], **members: Any) -> dict[str, Any]:
        body = {"server": {"name": name, "associated_tools": list(tools), **members}}
        answer = await self.http.post("/servers", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def revision(self) -> int:
        return (await self.ports.store.read.position()).revision


def bearer(clock: Clock, subject: str = ADMIN, **changes: Any) -> dict[str, str]:
    """The Authorization header of a token as the token command mints it."""
    now = int(clock.now.timestamp())
    claims: dict[str, Any] = {
        "username": subject,
        "sub": subject,
        "iat": now,
        "iss": "mcpgateway",
        "aud": "mcpgateway-api",
        "jti": "1",
        "exp": now + 3600,
    }
    key = OctKey.import_key(JWT_SECRET)
    token = jwt.encode({"alg": "HS256"}, claims | changes, key)
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def open_plane(
    database: str, identity: Reacher | None = None, **changes: Any
) -> AsyncIterator[Plane]:
    """On an empty database or one just migrated; the client is logged in as the administrator.
    `identity` reaches identity providers."""
    chosen, clock = settings(**changes), Clock()
    async with (
        make_pool(database) as pool,
        aclosing(Renderer()) as templates,
        aclosing(Bounded()) as filters,
    ):
        async with pool.acquire() as connection:
            await migrate(connection, migrations())
        store = PostgresStore(pool, clock)
        ports = Ports(
            store,
            discoverer := FakeDiscoverer(),
            keys.store_sealer(chosen.secrets),
            clock,
            os.urandom,
            templates=templates,
            reacher=(reacher := FakeReacher()),
            teams=TeamRules.of(chosen),
            tokens=TokenRules.of(chosen),
            upstream_tokens=TokenPorts(
                auth_servers := FakeAuthServers(),
                PostgresTokens(pool),
                bucket := FakeTokenBucket(),
                rules_of(chosen),
            ),
        )
        passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        await bootstrap.ensure_admin(ports, chosen, passwords)
        await signing_keys.sync(ports, chosen, bootstrap.SYSTEM)
        accounts = make_accounts(chosen, ports, pool, passwords)
        sso = make_sso(chosen, ports, pool, identity or reacher)
        authenticator = Authenticator(chosen, store.read, clock)
        sign_in = NoProviders() if sso is None else sso.ways()
        oauth = make_oauth_server(chosen, ports, pool, reacher, authenticator, sign_in)
        parts = Parts(
            ports,
            fleet := FakeFleet(),
            accounts.accounts,
            authenticator,
            About("0", clock.now, clock, {}, _database_version),
            (EDGE_SECRET,),
            filters,
            catalog=(catalog := FakeCatalog()),
            sso=sso.parts(accounts.accounts.logins, accounts.accounts.cookies) if sso else None,
            oauth=oauth,
            decisions=PostgresDecisions(pool),
        )
        routing = PostgresRoutingSource(pool, Routes(chosen.cluster, True, True))
        app = make_app(parts)
        running = asyncio.create_task(accounts.errands.run())
        async with client(app, bearer(clock)) as http, AsyncExitStack() as stack:
            stack.push_async_callback(end, running)
            around = (discoverer, fleet, clock, http, app, reacher, catalog)
            own = (accounts, sso, auth_servers, bucket)
            yield Plane(chosen, database, pool, ports, routing, *around, *own)


async def _database_version() -> str:
    return "18"


def client(app: Any, headers: Mapping[str, str]) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers)
