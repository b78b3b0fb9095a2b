"""The composition root: the only place where the data plane's parts are made and joined."""

import os
import time
from collections.abc import Callable
from importlib.metadata import version

from mcpgateway.common.routing.model import Principal
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.data_plane.edge.app import Edge
from mcpgateway.data_plane.edge.forward import Forwarder, Trust
from mcpgateway.data_plane.edge.health import Health
from mcpgateway.data_plane.edge.mcp import McpEndpoint, Tables
from mcpgateway.data_plane.edge.origin import make_policy
from mcpgateway.data_plane.pipeline.authenticate import Authenticator, Unsealer
from mcpgateway.data_plane.pipeline.call import ANONYMOUS, Caller
from mcpgateway.data_plane.pipeline.compose import compose
from mcpgateway.data_plane.pipeline.credentials import Credentials
from mcpgateway.data_plane.pipeline.inflight import InFlight
from mcpgateway.data_plane.pipeline.local import Local
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.sessions import Sessions
from mcpgateway.data_plane.settings import Settings
from mcpgateway.data_plane.upstreams.request import Upstreams


def make_edge(
    settings: Settings,
    tables: Tables,
    upstreams: Upstreams,
    forwarder: Forwarder,
    health: Health,
    now: Callable[[], float] = time.time,
) -> Edge:
    """Everything between a door and the upstream clients."""
    unsealer = Unsealer(settings.keys.wire, settings.cluster, settings.group)
    group = (settings.cluster, settings.group)
    sessions = Sessions(settings.keys.sessions, group, now, os.urandom)
    inflight = InFlight()
    local = Local(sessions, version("mcpgateway"))
    remote = Remote(upstreams, Credentials(unsealer), inflight)
    endpoint = McpEndpoint(
        tables,
        Authenticator(unsealer, now, default_caller(settings)),
        sessions,
        inflight,
        compose(local, remote),
        upstreams.end_session,
    )
    origins = make_policy(settings.host, settings.allowed_origins)
    return Edge(endpoint, forwarder, health, origins)


def default_caller(settings: Settings) -> Caller:
    """Who calls without credentials. Switched off authentication makes everybody the platform
    administrator."""
    if settings.auth_required:
        return ANONYMOUS
    admin = Principal(settings.platform_admin, admin=True)
    return Caller(admin, f"{admin.id}\nopen")


def make_forwarder(settings: Settings, client: HttpClient) -> Forwarder:
    services = {"control-plane": settings.control_plane_url, "admin": settings.admin_url}
    trust = Trust(settings.edge_secret, settings.trusted_proxies)
    return Forwarder(client, services, trust)
