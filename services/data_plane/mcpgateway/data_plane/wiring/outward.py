"""What reaches other processes: upstreams, the services behind the edge, NATS, other replicas."""

import logging
import os
import time

from mcpgateway.common import subjects
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.policy.addresses import is_loopback
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.http.request_url import split
from mcpgateway.common.runtime.http.tls import UNVERIFIED, profile
from mcpgateway.common.runtime.nats import Link, Shared
from mcpgateway.data_plane import measures
from mcpgateway.data_plane.edge.forward import Forwarder, Trust
from mcpgateway.data_plane.parked.handing import Source
from mcpgateway.data_plane.parked.neighbours import Neighbours
from mcpgateway.data_plane.parked.reports import Reports
from mcpgateway.data_plane.pipeline.admitting.authenticate import Unsealer
from mcpgateway.data_plane.settings import Settings
from mcpgateway.data_plane.table.follow import Wiring
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.table.receipt import Replica
from mcpgateway.data_plane.upstreams.addresses import UpstreamAddresses
from mcpgateway.data_plane.upstreams.grpc.door import GrpcDoor, Ways
from mcpgateway.data_plane.upstreams.targets import Targets
from mcpgateway.data_plane.upstreams.tls import UpstreamTls
from mcpgateway.data_plane.wiring.calls import Counts

log = logging.getLogger(__name__)


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


def make_tls(settings: Settings, tables: TableHolder) -> UpstreamTls:
    """How connections to upstreams are secured."""
    unsealer = Unsealer(settings.keys.wire, settings.cluster, settings.group)
    tls = UpstreamTls(unsealer.open, verify=not settings.skip_tls_verify)
    tables.on_change(tls.changed)
    return tls


def make_grpc(
    settings: Settings, tls: UpstreamTls, addresses: UpstreamAddresses, registry: Registry
) -> GrpcDoor:
    """How gRPC services are called."""
    counted = measures.add_grpc(registry)
    return GrpcDoor(Ways(addresses.policy_of, tls.pem_of, settings.upstream_timeouts, counted))


def make_targets(settings: Settings, tls: UpstreamTls) -> Targets:
    """How upstreams are reached."""
    return Targets(settings.upstream_timeouts, tls.of, settings.upstream_connections)


def service_ports(settings: Settings) -> list[int]:
    """The ports of control plane and admin where they are on this machine's loopback."""
    origins = [split(url)[0] for url in (settings.control_plane_url, settings.admin_url)]
    return [origin.port for origin in origins if is_loopback(origin.host)]


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


def make_neighbours(
    settings: Settings, nats: Shared, own_id: str, registry: Registry
) -> Neighbours:
    """What this replica and the others of the group do for each other."""
    source = Source(time.monotonic, time.time, os.urandom)
    made = Neighbours.of(nats, settings.subjects, settings.keys, own_id, source)
    measures.add_neighbours(registry, made)
    return made


def make_reports(
    settings: Settings, nats: Shared, own_id: str, counts: Counts, registry: Registry
) -> Reports:
    """What control planes are told of calls; and replicas of calls with tokens that have limits."""
    nats.use(lambda _: counts.limits.run())
    nats.on_reconnect(counts.limits.tell_again)
    reports = Reports(nats, settings.subjects.usage(own_id), counts.decisions.drain, time.time)
    measures.add_reports(registry, lambda: reports.dropped + counts.decisions.untold)
    return reports


def make_forwarder(settings: Settings, client: HttpClient) -> Forwarder:
    services = {"control-plane": settings.control_plane_url, "admin": settings.admin_url}
    header = settings.auth_header.encode()
    trust = Trust(settings.edge_secrets[0], settings.trusted_proxies, header)
    return Forwarder(client, services, trust)


def make_following(settings: Settings, nats: Shared, replica: Replica) -> Wiring:
    """Where the routing table comes from, where it is kept, and who says that it arrived."""
    return Wiring(settings.subjects, settings.routing_keys, nats, settings.data_dir, replica)
