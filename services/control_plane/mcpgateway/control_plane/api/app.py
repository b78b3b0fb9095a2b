"""The whole API as one ASGI application."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from mcpgateway.common.policy.security_headers import SecurityHeaders
from mcpgateway.common.runtime.asgi_metrics import naming
from mcpgateway.common.runtime.bounded import Bounded
from mcpgateway.control_plane.api import versions
from mcpgateway.control_plane.api.access.asking import AskingRoutes
from mcpgateway.control_plane.api.access.roles import GrantRoutes, RoleRoutes
from mcpgateway.control_plane.api.access.rules import RuleRoutes
from mcpgateway.control_plane.api.apis import Apis
from mcpgateway.control_plane.api.catalog import CatalogRoutes
from mcpgateway.control_plane.api.definitions import Definitions
from mcpgateway.control_plane.api.http.applied import Fleet, Writes
from mcpgateway.control_plane.api.http.events import Events
from mcpgateway.control_plane.api.http.operation import Served
from mcpgateway.control_plane.api.http.seated import Seated
from mcpgateway.control_plane.api.http.shell import OPEN, Authenticates, Shell
from mcpgateway.control_plane.api.http.token_place import TokenPlace
from mcpgateway.control_plane.api.identity.csrf import Csrf
from mcpgateway.control_plane.api.identity.parts import Accounts
from mcpgateway.control_plane.api.identity.passwords import PasswordRoutes
from mcpgateway.control_plane.api.identity.sessions import Sessions
from mcpgateway.control_plane.api.identity.team_requests import TeamRequests
from mcpgateway.control_plane.api.identity.teams import Teams
from mcpgateway.control_plane.api.identity.tokens import Tokens
from mcpgateway.control_plane.api.identity.users import UserRoutes
from mcpgateway.control_plane.api.nouns import (
    agents,
    gateways,
    grpc_services,
    prompts,
    resources,
    roots,
    servers,
    tools,
)
from mcpgateway.control_plane.api.nouns.admin_lists import AdminLists
from mcpgateway.control_plane.api.nouns.gateways import Gateways
from mcpgateway.control_plane.api.nouns.grpc_services import GrpcServices
from mcpgateway.control_plane.api.nouns.noun import Noun, NounRoutes
from mcpgateway.control_plane.api.nouns.preview import Prompts
from mcpgateway.control_plane.api.nouns.resources import Resources
from mcpgateway.control_plane.api.nouns.roots import Roots
from mcpgateway.control_plane.api.nouns.tools import Tools
from mcpgateway.control_plane.api.oauth_server import routes as oauth_server
from mcpgateway.control_plane.api.openapi.asking import Edge
from mcpgateway.control_plane.api.openapi.document import document
from mcpgateway.control_plane.api.openapi.pages import Docs
from mcpgateway.control_plane.api.probing import Probing
from mcpgateway.control_plane.api.processes import ProcessRoutes
from mcpgateway.control_plane.api.revisions import Revisions
from mcpgateway.control_plane.api.search import Search
from mcpgateway.control_plane.api.sso.admin import SsoAdmin
from mcpgateway.control_plane.api.sso.login import SsoLogin, SsoParts
from mcpgateway.control_plane.api.system import About, System
from mcpgateway.control_plane.api.tags import Tags
from mcpgateway.control_plane.api.transfer.bulk import BulkTools
from mcpgateway.control_plane.api.transfer.exports import Exports
from mcpgateway.control_plane.api.transfer.imports import Imports
from mcpgateway.control_plane.api.transfer.routes import Documents
from mcpgateway.control_plane.api.upstream_auth.consents import Consents
from mcpgateway.control_plane.api.upstream_auth.passthrough import PassthroughConfig
from mcpgateway.control_plane.api.upstream_auth.routes import UpstreamAuth
from mcpgateway.control_plane.identity.oauth_server.server import OAuthServer
from mcpgateway.control_plane.registry.access.callers import Policies
from mcpgateway.control_plane.registry.access.decisions import DecisionLog
from mcpgateway.control_plane.registry.ports import CatalogSource, Ports
from mcpgateway.control_plane.registry.upstream_auth.ports import TokenPorts


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API is made of."""

    ports: Ports
    fleet: Fleet
    accounts: Accounts
    authenticator: Authenticates
    about: About
    edge_secrets: Sequence[str]
    filters: tools.Filters = field(default_factory=Bounded)
    stopping: Callable[[], bool] = lambda: False
    catalog: CatalogSource | None = None  # None: not served
    catalog_page: int = 100
    decisions: DecisionLog | None = None  # None: none are kept
    sso: SsoParts | None = None  # None: not served
    oauth: OAuthServer | None = None  # None: not served
    settle: float = 0.0  # see `Writes`
    security: SecurityHeaders = field(default_factory=SecurityHeaders)


def make_app(parts: Parts) -> ASGIApp:
    served = [*routes(parts), *Docs(lambda: description(parts)).routes()]
    router = Router(served, redirect_slashes=False, default=_nothing_there)
    seated = Seated(naming(router, served), Policies(parts.ports.store.read), parts.ports.clock)
    around = (parts.accounts.cookies, parts.security)
    return Shell(
        TokenPlace(seated, parts.ports.clock), parts.authenticator, parts.edge_secrets, *around
    )


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Every path that is served, without `/v1` in front."""
    ports, read = parts.ports, parts.ports.store.read
    writes = Writes(ports, parts.fleet, parts.settle)
    events = Events(read, parts.stopping)
    return [
        *versions.routes(ports, writes, _with_history(ports)),  # before roots, whose paths take all
        *Apis(ports).routes(),  # before tools, whose paths take all
        *Gateways(ports, writes, gateways.noun(read, ports.clock)).routes(),
        *NounRoutes(ports, writes, servers.noun(read)).routes(),
        *Tools(ports, writes, tools.noun(read), parts.filters).routes(),
        *Prompts(ports, writes, prompts.noun(read)).routes(),
        *Resources(ports, writes, resources.noun(read), events).routes(),
        *Roots(ports, writes, roots.noun(read), events).routes(),
        *NounRoutes(ports, writes, agents.noun(read)).routes(),
        *TeamRequests(ports, writes).routes(),
        *Teams(ports, writes).routes(),
        *Tokens(ports, writes).routes(),
        *RoleRoutes(ports, writes).routes(),
        *GrantRoutes(ports, writes).routes(),
        *RuleRoutes(ports, writes).routes(),
        *AskingRoutes(ports, parts.decisions).routes(),
        *Tags(read).routes(),
        *Revisions(ports, writes).routes(),
        *Definitions(ports, writes).routes(),
        *Search(read).routes(),
        *Probing(ports).routes(),
        *ProcessRoutes(ports).routes(),
        *_catalog(parts, writes),
        *Documents(ports, writes).routes(),
        *BulkTools(writes).routes(),
        *Exports(ports).routes(),
        *Imports(ports, writes).routes(),
        *_admin_lists(ports, writes),
        *_accounts(parts.accounts),
        *_sso(parts.sso),
        *_oauth(parts),
        *Consents(ports, parts.authenticator).routes(),
        *UpstreamAuth(ports, writes).routes(),
        *PassthroughConfig(ports, writes).routes(),
        *System(parts.ports.store.read, parts.fleet, parts.about).routes(),
    ]


def _accounts(accounts: Accounts) -> Sequence[Route]:
    return [
        *Sessions(accounts).routes(),
        *Csrf(accounts.cookies).routes(),
        *PasswordRoutes(accounts).routes(),
        *UserRoutes(accounts).routes(),
    ]


def _sso(parts: SsoParts | None) -> Sequence[Route]:
    """None when it is switched off."""
    if parts is None:
        return ()
    return [*SsoLogin(parts).routes(), *SsoAdmin(parts.providers, parts.approvals).routes()]


def _oauth(parts: Parts) -> Sequence[Route]:
    """None when it is switched off."""
    if parts.oauth is None:
        return ()
    return oauth_server.routes(parts.oauth, parts.accounts.logins, parts.accounts.cookies)


def _catalog(parts: Parts, writes: Writes) -> Sequence[Route]:
    """None when it is switched off."""
    if parts.catalog is None:
        return ()
    return CatalogRoutes(parts.ports, writes, parts.catalog, parts.catalog_page).routes()


def _admin_lists(ports: Ports, writes: Writes) -> Sequence[Route]:
    read = ports.store.read
    return [
        *AdminLists(ports, writes, gateways.noun(read, ports.clock), changing=True).routes(),
        *GrpcServices(ports, writes, grpc_services.noun(read, ports.clock)).routes(),
        *AdminLists(ports, writes, servers.noun(read)).routes(),
        *AdminLists(ports, writes, tools.noun(read)).routes(),
        *AdminLists(ports, writes, prompts.noun(read)).routes(),
        *AdminLists(ports, writes, resources.noun(read)).routes(),
        *AdminLists(ports, writes, agents.noun(read)).routes(),
    ]


def _with_history(ports: Ports) -> Sequence[Noun[Any, Any]]:
    read = ports.store.read
    return (
        gateways.noun(read, ports.clock),
        servers.noun(read),
        tools.noun(read),
        prompts.noun(read),
        resources.noun(read),
        roots.noun(read),
        agents.noun(read),
    )


def description(parts: Parts) -> dict[str, Any]:
    """The OpenAPI document of the routes. Call it in a thread."""
    served = [route for route in routes(idle(parts)) if isinstance(route, Served)]
    return document(served, parts.about.version, OPEN)


def idle(parts: Parts) -> Parts:
    """Parts that end a request where it would begin to act."""
    edge: Any = Edge()
    outward = {
        "discoverer": edge,
        "reacher": edge,
        "sealer": edge,
        "upstream_tokens": _idle_tokens(parts),
    }
    ports = replace(parts.ports, store=edge, **outward)
    about = replace(parts.about, database=edge)
    catalog = None if parts.catalog is None else edge
    sso = None if parts.sso is None else edge
    oauth = None if parts.oauth is None else edge
    outside = {
        **{"ports": ports, "fleet": edge, "accounts": edge, "about": about},
        **{"decisions": edge, "authenticator": edge},
    }
    return replace(parts, **outside, catalog=catalog, sso=sso, oauth=oauth)


def _idle_tokens(parts: Parts) -> TokenPorts | None:
    edge: Any = Edge()
    tokens = parts.ports.upstream_tokens
    return None if tokens is None else replace(tokens, network=edge, store=edge, bucket=edge)


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        raise HTTPException(404)
