"""A front in this process before replicas by script, all on real sockets. No NATS: its table is the
test's, and who is there it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mcpgateway.common.runtime.http.client import PoolLimits
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.http.server import Listener
from mcpgateway.data_plane.edge.health import TableStatus
from mcpgateway.data_plane.front.app import Front
from mcpgateway.data_plane.front.counts import FrontCounts
from mcpgateway.data_plane.front.passing import Way
from mcpgateway.data_plane.front.replicas import PATIENCE, Replicas
from mcpgateway.data_plane.table.holder import TableHolder
from support.http import RawClient, RawResponse, ScriptedApp, raw_client, serving

SECRET = b"the edge's secret"


@dataclass
class Fronting:
    """`client` is a connection to the front. `apps` are the replicas by address."""

    front: Front
    replicas: Replicas
    tables: TableHolder
    counts: FrontCounts
    listener: Listener
    client: RawClient
    apps: dict[str, ScriptedApp] = field(default_factory=dict)

    def ready(self, *addresses: str) -> None:
        """These are there, and ready; no others are."""
        self.replicas.replace(addresses)
        for each in self.replicas:
            self.replicas.seen(each, True)

    async def post(self, body: bytes, path: str = "/mcp", headers: str = "") -> RawResponse:
        self.send(body, path, headers)
        return await self.client.response()

    def send(self, body: bytes, path: str = "/mcp", headers: str = "") -> None:
        lines = f"Host: gw\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.client.send(f"POST {path} HTTP/1.1\r\n{lines}{headers}\r\n".encode() + body)


@asynccontextmanager
async def fronting(*apps: ScriptedApp, patience: float = PATIENCE) -> AsyncIterator[Fronting]:
    """All of them ready, asked in this order."""
    pool = Pool(PoolLimits(1000, 1000))
    replicas = Replicas(asyncio.get_running_loop(), lambda: None, patience)
    tables, counts = TableHolder(), FrontCounts()
    front = Front(Way(pool, replicas, tables, counts, SECRET), lambda: TableStatus(False))
    listeners = [await Listener.open(app, "127.0.0.1", 0) for app in apps]
    try:
        async with serving(front) as listener, raw_client(listener.port) as client:
            made = Fronting(front, replicas, tables, counts, listener, client)
            made.apps = {
                f"127.0.0.1:{each.port}": app for each, app in zip(listeners, apps, strict=True)
            }
            addresses = list(made.apps)
            made.ready(*addresses[-1:], *addresses[:-1])  # the turn begins with the second
            yield made
    finally:
        for each in listeners:
            await each.close()
        await pool.aclose()
