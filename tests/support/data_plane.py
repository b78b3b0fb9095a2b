"""A data plane in this process, on real sockets, over a table that the test builds: no NATS."""

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from mcpgateway.common import seal
from mcpgateway.common.keys import public_bytes, routing_signer
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Prompt, Record, Resource, Tool, Upstream
from mcpgateway.common.runtime import self_signed
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.server_tls import TlsFiles
from mcpgateway.common.runtime.settings import load
from mcpgateway.data_plane.doors import choice
from mcpgateway.data_plane.edge.app import Edge
from mcpgateway.data_plane.edge.forward import Forwarder
from mcpgateway.data_plane.edge.health import Health, TableStatus
from mcpgateway.data_plane.parked.owners import Alone
from mcpgateway.data_plane.settings import Settings
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.upstreams.addresses import UpstreamAddresses
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.wiring.calls import (
    join_listening,
    make_conversations,
    make_edge,
    make_updates,
)
from mcpgateway.data_plane.wiring.outward import (
    make_forwarder,
    make_grpc,
    make_pool,
    make_targets,
    make_tls,
)
from support.buckets import own_states
from support.door import Door
from support.door_http import client
from support.endpoint import KEYS, USER, signing_key, token
from support.mcp_asking import NAMES as ASKING

EDGE_SECRET = "the edge's secret"
OBJECT = {"type": "object"}
TOOLS = ("echo", "add", "slow", "fail", "progress", "header", "touch", *ASKING)


@dataclass
class DataPlane:
    """A listening data plane. `put` replaces its whole table."""

    url: str
    door: choice.Door
    tables: TableHolder
    health: Health
    forwarder: Forwarder
    certificate: Path | None = None  # what clients trust, where the door speaks TLS

    def put(self, *records: Record) -> None:
        revision = self.tables.current.revision + 1
        self.tables.swap(build("a-registry", revision, (USER, signing_key(), *records)), None)

    def http(self, *, bearer: str | None = None) -> httpx2.AsyncClient:
        """With USER's token unless told; "" for none."""
        text = token(now=time.time()) if bearer is None else bearer
        headers = {"Authorization": f"Bearer {text}"} if text else {}
        chosen = Door.chosen()
        return client(chosen, self.url, self.certificate, headers=headers, timeout=30)

    @asynccontextmanager
    async def client(self, path: str, mode: str, **options: Any) -> AsyncIterator[Client]:
        """The official SDK's client."""
        async with self.http() as http:
            transport = streamable_http_client(self.url + path, http_client=http)
            async with Client(transport, mode=mode, read_timeout_seconds=30, **options) as client:
                yield client


def environ(**more: str) -> dict[str, str]:
    """What a data plane must be told, and more."""
    routing_key = public_bytes(routing_signer("an encryption secret", "local", "default"))
    return {
        "MCPGATEWAY_DATA_PLANE_KEY": KEYS.text(),
        "MCPGATEWAY_ROUTING_PUBLIC_KEY": seal.to_text(routing_key),
        "MCPGATEWAY_EDGE_SECRET": EDGE_SECRET,
        **more,
    }


def settings(**more: str) -> Settings:
    return load(Settings, environ(**more))


def make_certificate() -> TlsFiles | None:
    """For this process, where the tests were told to go over TLS."""
    if Door.chosen() is Door.HTTP1:
        return None
    folder = Path(tempfile.gettempdir()) / f"test-certificate-{os.getpid()}"
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return self_signed.ensure(folder, (), time.time())


@asynccontextmanager
async def data_plane(*records: Record, **more: str) -> AsyncIterator[DataPlane]:
    tables = TableHolder()
    chosen = settings(**more)
    addresses = UpstreamAddresses()
    tables.on_change(addresses.changed)
    pool, inner = make_pool(chosen, addresses), Pool()
    secured = make_tls(chosen, tables)
    upstreams = UpstreamClients(pool, targets=make_targets(chosen, secured))
    upstreams.call_grpc(make_grpc(chosen, secured, addresses, Registry()))
    health = Health(lambda: TableStatus(tables.loaded, tables.current.revision), None)
    forwarder = make_forwarder(chosen, inner)
    updates = make_updates(chosen, upstreams)
    conversations = make_conversations(chosen, Alone("test"), own_states(), updates=updates)
    join_listening(tables, upstreams, updates, conversations)
    edge: Edge = make_edge(chosen, tables, upstreams, conversations, forwarder, health)
    tls = make_certificate()
    door = await choice.open_door(edge, tls, websocket_pings=chosen.websocket_pings)
    await door.publish(chosen.host, 0)
    url = f"{Door.chosen().scheme}://127.0.0.1:{door.port}"
    trusted = None if tls is None else tls.certificate
    made = DataPlane(url, door, tables, health, forwarder, trusted)
    made.put(*records)
    try:
        yield made
    finally:
        await conversations.aclose()
        await door.close()
        await forwarder.aclose()
        await upstreams.aclose()
        await pool.aclose()
        await inner.aclose()


def catalogue_of(upstream: Upstream) -> tuple[Tool | Prompt | Resource, ...]:
    """What discovery finds at `support.mcp_servers`: tools by prefixed names, ids by names."""
    slug = upstream.slug

    def tool(name: str) -> Tool:
        definition = msgspec.json.encode({"description": name, "inputSchema": OBJECT})
        return Tool(f"{slug}:{name}", upstream.id, f"{slug}-{name}", name, definition)

    return (
        *(tool(name) for name in TOOLS),
        Prompt(f"{slug}:greet", upstream.id, f"{slug}-greet", "greet", b'{"description":"Hi"}'),
        Resource(f"{slug}:motto", upstream.id, "memo://motto", definition=b'{"name":"motto"}'),
        Resource(
            f"{slug}:notes", upstream.id, "memo://notes/{id}", True, definition=b'{"name":"notes"}'
        ),
    )
