"""Makes what speaks to runners."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from mcpgateway.common import keys
from mcpgateway.common.mcp.modern import Implementation
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.tasks import end
from mcpgateway.control_plane.discovery.client import Connector, HttpDiscoverer
from mcpgateway.control_plane.discovery.outbound import open_outbound
from mcpgateway.control_plane.discovery.standing import Listener
from mcpgateway.control_plane.discovery.stdio import HttpProcesses, StdioDiscoverer
from mcpgateway.control_plane.discovery.tunnel import TunnelDiscoverer
from mcpgateway.control_plane.discovery.warm import Current, WarmListener
from mcpgateway.control_plane.publish.ended import Endings, EndingSource
from mcpgateway.control_plane.registry.discovered.ports import Discoverer
from mcpgateway.control_plane.registry.model import Transport
from mcpgateway.control_plane.registry.ports import RoutingSource
from mcpgateway.control_plane.registry.runners import Runners
from mcpgateway.control_plane.settings.process import Settings


class RunnerParts(NamedTuple):
    """`routing` None: there is no runner."""

    routing: Runners | None
    discoverers: dict[Transport, Discoverer]
    processes: HttpProcesses | None
    endings: Endings | None = None
    connector: Connector | None = None  # to stdio servers

    def listeners(self, current: Current) -> dict[Transport, Listener]:
        if self.routing is None or self.connector is None:
            return {}
        return {"STDIO": WarmListener(self.routing, self.connector, current)}

    def heard(self, source: RoutingSource) -> RoutingSource:
        """A source of deltas of which runners are told what concerns them."""
        return source if self.endings is None else EndingSource(source, self.endings)


@asynccontextmanager
async def make_runners(settings: Settings, who: Implementation) -> AsyncIterator[RunnerParts]:
    """With connections of its own: where runners are is a setting, which no user chose, so any
    address will do."""
    if not settings.runner_urls:
        yield RunnerParts(None, {}, None)
        return
    runners = Runners(
        settings.runner_urls,
        keys.runner_ring(settings.secrets, settings.cluster, settings.group),
        keys.store_sealer(settings.secrets),
        os.urandom,
        time.time,
    )
    anywhere = AddressPolicy(loopback=True, private=True)
    async with open_outbound(anywhere, verify=not settings.skip_tls_verify) as outbound:
        discoverers: dict[Transport, Discoverer] = {}
        if settings.tunnels_enabled:
            usual = HttpDiscoverer(Connector(outbound, who, settings.discovery_timeout))
            discoverers["TUNNEL"] = TunnelDiscoverer(runners, usual)
        processes = HttpProcesses(runners, outbound)
        if not settings.stdio_enabled:
            yield RunnerParts(runners, discoverers, processes)
            return
        connector = Connector(outbound, who, settings.stdio_timeout)
        discoverers["STDIO"] = StdioDiscoverer(runners, HttpDiscoverer(connector))
        endings = Endings(processes, time.time)
        telling = asyncio.create_task(endings.run(), name="tell runners what is over")
        try:
            yield RunnerParts(runners, discoverers, processes, endings, connector)
        finally:
            await end(telling)
