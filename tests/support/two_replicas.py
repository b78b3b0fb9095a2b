"""The whole suite with two replicas of which each request reaches the next one, and upstreams."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2
from mcp.client.client import Client

from support.balancer import balancer
from support.client_kinds import Kind, Person, client_of
from support.door_http import plain_client
from support.mcp_catalogue import Catalogue
from support.mcp_servers import mcp_server
from support.suite import Suite, running_suite

Era = Literal["modern", "legacy"]
ERAS: tuple[Era, ...] = ("modern", "legacy")
SETTINGS = {"MCPGATEWAY_WS_RELAY_ENABLED": "true", "SSE_KEEPALIVE_INTERVAL": "1"}


@dataclass
class Gateway:
    """`address` is the balancer, `replicas` what is behind it (`host:port`). `upstreams` are
    registered under their eras."""

    suite: Suite
    address: str
    replicas: list[str]
    upstreams: Mapping[Era, Catalogue]
    registered: Mapping[Era, str]  # ids

    def client(
        self, kind: Kind, person: Person, server: str = ""
    ) -> AbstractAsyncContextManager[Client]:
        return client_of(kind, self.address, self.suite.token, person, server)

    def http(self, address: str = "", **headers: str) -> httpx2.AsyncClient:
        """At one replica, or at the balancer."""
        lines = {**self.suite.headers, "Accept": "application/json, text/event-stream", **headers}
        base = f"http://{address or self.address}"
        return plain_client(base, headers=lines, timeout=30)


@asynccontextmanager
async def two_replicas(data: Path) -> AsyncIterator[Gateway]:
    async with AsyncExitStack() as stack:
        suite = await stack.enter_async_context(
            running_suite(data, "--replicas", "2", environ=SETTINGS)
        )
        upstreams: dict[Era, Catalogue] = {}
        registered: dict[Era, Any] = {}
        for era in ERAS:
            server = await stack.enter_async_context(mcp_server(era=era))
            registered[era] = (await suite.register(era, server.url))["id"]
            upstreams[era] = server.catalogue
        async with suite.http() as http:
            shown = (await http.get("/v1/replicas")).json()["replicas"]
        replicas = [str(each["address"]) for each in shown]
        address = await stack.enter_async_context(balancer(replicas))
        yield Gateway(suite, address, replicas, upstreams, registered)
