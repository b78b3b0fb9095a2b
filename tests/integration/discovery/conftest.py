"""A discoverer with loopback allowed, as on one machine."""

from collections.abc import AsyncIterator

import pytest

from mcpgateway.common.mcp.modern import Implementation
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.control_plane.discovery.client import Connector, HttpDiscoverer
from mcpgateway.control_plane.discovery.outbound import open_outbound

CLIENT = Implementation("mcpgateway", "0.1.0")


@pytest.fixture
async def connector() -> AsyncIterator[Connector]:
    async with open_outbound(AddressPolicy(loopback=True)) as outbound:
        yield Connector(outbound, CLIENT, timeout=30)


@pytest.fixture
async def hasty() -> AsyncIterator[Connector]:
    """Gives up within a second and a half."""
    async with open_outbound(AddressPolicy(loopback=True)) as outbound:
        yield Connector(outbound, CLIENT, timeout=1.5)


@pytest.fixture
def discoverer(connector: Connector) -> HttpDiscoverer:
    return HttpDiscoverer(connector)
