"""What searches the tools of servers in search mode."""

import logging

from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.http.client import PoolLimits
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.http.tls import profile
from mcpgateway.common.search.embeddings_api import Endpoint
from mcpgateway.data_plane import measures
from mcpgateway.data_plane.pipeline.searching.catalogues import Catalogues
from mcpgateway.data_plane.pipeline.searching.embedder import Embedder
from mcpgateway.data_plane.pipeline.searching.meanings import Counted, Meanings
from mcpgateway.data_plane.settings import Settings

log = logging.getLogger(__name__)

CONNECTIONS = PoolLimits(connections=16, waiters=256)  # to the endpoint for embeddings


def make_catalogues(settings: Settings, registry: Registry) -> Catalogues:
    """Needs the running loop."""
    endpoint, counted = settings.embeddings, measures.add_embeddings(registry)
    meanings = None if endpoint is None else make_meanings(settings, endpoint, counted)
    if bool(settings.embeddings_url) != bool(settings.embeddings_model):
        log.warning(
            "searching by words alone: of MCPGATEWAY_EMBEDDINGS_URL and"
            " MCPGATEWAY_EMBEDDINGS_MODEL only one is set"
        )
    catalogues = Catalogues(meanings=meanings)
    measures.add_searching(registry, catalogues)
    return catalogues


def make_meanings(settings: Settings, endpoint: Endpoint, counted: Counted) -> Meanings:
    """The endpoint was named by the operator, no user chose it: it may be on loopback and in
    private networks that upstreams may not be in. So its connections are no upstream's."""
    policy = AddressPolicy(loopback=True, deny=settings.blocked_networks)
    tls = profile(verify=not settings.skip_tls_verify)
    client = Pool(CONNECTIONS, tls=tls, policy_of=lambda _: policy)
    return Meanings(Embedder(client, endpoint), counted, settings.embeddings_timeout)
