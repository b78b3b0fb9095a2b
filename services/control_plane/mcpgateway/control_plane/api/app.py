"""The whole API as one ASGI application."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from mcpgateway.common.runtime.asgi_metrics import naming
from mcpgateway.control_plane.api.http.applied import Fleet, Writes
from mcpgateway.control_plane.api.http.operation import Served
from mcpgateway.control_plane.api.http.shell import OPEN, Authenticates, Shell
from mcpgateway.control_plane.api.login import Login
from mcpgateway.control_plane.api.nouns import gateways, prompts, resources, servers, tools
from mcpgateway.control_plane.api.nouns.gateways import Gateways
from mcpgateway.control_plane.api.nouns.noun import HeldRoutes, NounRoutes
from mcpgateway.control_plane.api.nouns.resources import Resources
from mcpgateway.control_plane.api.openapi.asking import Edge
from mcpgateway.control_plane.api.openapi.document import document
from mcpgateway.control_plane.api.openapi.pages import Docs
from mcpgateway.control_plane.api.search import Search
from mcpgateway.control_plane.api.system import About, System
from mcpgateway.control_plane.api.transfer.bulk import BulkTools
from mcpgateway.control_plane.api.transfer.routes import Documents
from mcpgateway.control_plane.identity.login import Logins
from mcpgateway.control_plane.registry.ports import Ports


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API is made of."""

    ports: Ports
    fleet: Fleet
    logins: Logins
    authenticator: Authenticates
    about: About
    edge_secrets: Sequence[str]


def make_app(parts: Parts) -> ASGIApp:
    served = [*routes(parts), *Docs(lambda: description(parts)).routes()]
    router = Router(served, redirect_slashes=False, default=_nothing_there)
    return Shell(naming(router, served), parts.authenticator, parts.edge_secrets)


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Every path that is served, without `/v1` in front."""
    ports, read = parts.ports, parts.ports.store.read
    writes = Writes(ports, parts.fleet)
    return [
        *Gateways(ports, writes, gateways.noun(read, ports.clock)).routes(),
        *NounRoutes(ports, writes, servers.noun(read)).routes(),
        *HeldRoutes(ports, writes, tools.noun(read)).routes(),
        *HeldRoutes(ports, writes, prompts.noun(read)).routes(),
        *Resources(ports, writes, resources.noun(read)).routes(),
        *Search(read).routes(),
        *Documents(ports, writes).routes(),
        *BulkTools(writes).routes(),
        *Login(parts.logins).routes(),
        *System(parts.ports.store.read, parts.fleet, parts.about).routes(),
    ]


def description(parts: Parts) -> dict[str, Any]:
    """The OpenAPI document of these routes, from handlers whose parts do nothing."""
    edge: Any = Edge()
    ports = replace(parts.ports, store=edge, discoverer=edge, sealer=edge)
    about = replace(parts.about, database=edge)
    idle = replace(parts, ports=ports, fleet=edge, logins=edge, about=about)
    served = [route for route in routes(idle) if isinstance(route, Served)]
    return document(served, parts.about.version, OPEN)


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        raise HTTPException(404)
