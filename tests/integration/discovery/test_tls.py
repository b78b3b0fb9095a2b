"""Discovery of upstreams by https: whom it believes, and the certificate that it shows."""

from pathlib import Path

import pytest

from mcpgateway.common.errors import UpstreamError, UpstreamUnreachable
from mcpgateway.common.mcp.modern import Implementation
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.control_plane.discovery.client import Connector, HttpDiscoverer
from mcpgateway.control_plane.discovery.outbound import open_outbound
from mcpgateway.control_plane.registry.discovered.ports import Target
from support.mcp_servers import Transport, mcp_server
from support.tls import Authority, tls_before

OURS = Authority()


async def test_an_upstream_with_its_own_authority_is_discovered_by_it(
    discoverer: HttpDiscoverer, tmp_path: Path
) -> None:
    async with mcp_server() as server, tls_before(server.url, OURS.server(tmp_path)) as url:
        found = await discoverer.discover(Target(url, ca_certificate=OURS.pem))
        assert found.server_name == "fixture"
        with pytest.raises(UpstreamUnreachable, match="certificate verify failed"):
            await discoverer.discover(Target(url))
        with pytest.raises(UpstreamUnreachable, match="certificate verify failed"):
            await discoverer.discover(Target(url, ca_certificate=Authority().pem))


@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_a_client_certificate_is_shown_with_every_request(
    discoverer: HttpDiscoverer, tmp_path: Path, transport: Transport
) -> None:
    issued = OURS.issue("the gateway")
    context = OURS.server(tmp_path, clients=OURS.pem)
    async with mcp_server(transport=transport) as server, tls_before(server.url, context) as url:
        target = Target(url, None, (), OURS.pem, issued.cert, issued.key)
        assert (await discoverer.discover(target)).server_name == "fixture"
        with pytest.raises(UpstreamError):
            await discoverer.discover(Target(url, ca_certificate=OURS.pem))


async def test_unverified_believes_anybody_but_where_an_authority_is_given(tmp_path: Path) -> None:
    policy, who = AddressPolicy(loopback=True), Implementation("mcpgateway", "0.1.0")
    async with (
        mcp_server() as server,
        tls_before(server.url, OURS.server(tmp_path)) as url,
        open_outbound(policy, verify=False) as outbound,
    ):
        discoverer = HttpDiscoverer(Connector(outbound, who, timeout=30))
        assert (await discoverer.discover(Target(url))).server_name == "fixture"
        with pytest.raises(UpstreamUnreachable, match="certificate verify failed"):
            await discoverer.discover(Target(url, ca_certificate=Authority().pem))
