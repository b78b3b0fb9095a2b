"""Discovery: a real handshake with an upstream in its era and transport, and all its lists."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from typing_extensions import override

from mcpgateway.common.errors import UpstreamRejected, UpstreamTimeout
from mcpgateway.common.mcp import lists
from mcpgateway.common.mcp.modern import Implementation
from mcpgateway.common.runtime.http.tls import Tls, profile
from mcpgateway.control_plane.discovery.catalogue import read_catalogue
from mcpgateway.control_plane.discovery.channel import (
    Channel,
    Link,
    NotSpoken,
    Trace,
    change_filter,
)
from mcpgateway.control_plane.discovery.http_sse import open_sse
from mcpgateway.control_plane.discovery.outbound import Outbound
from mcpgateway.control_plane.discovery.standing import Tells
from mcpgateway.control_plane.discovery.streamable import open_streamable
from mcpgateway.control_plane.registry.discovered.plan import first_problems
from mcpgateway.control_plane.registry.discovered.ports import (
    Discovered,
    Discoverer,
    Target,
    Watched,
)
from mcpgateway.control_plane.registry.model import Transport


def order(target: Target) -> tuple[Transport, ...]:
    """Which transports to try, in order: the given one only, else by what the URL looks like."""
    if target.transport is not None:
        return (target.transport,)
    if urlsplit(target.url).path.rstrip("/").endswith("/sse"):
        return ("SSE", "STREAMABLEHTTP")
    return ("STREAMABLEHTTP", "SSE")


class Connector:
    """Opens conversations with upstreams; nothing is kept between two."""

    def __init__(self, outbound: Outbound, client: Implementation, timeout: float = 15.0) -> None:
        """`timeout`: seconds for one discovery or one handshake (GATEWAY_VALIDATION_TIMEOUT)."""
        self._outbound = outbound
        self._client = client
        self.timeout = timeout

    @asynccontextmanager
    async def connect(self, target: Target, trace: Trace) -> AsyncIterator[Channel]:
        """Raises UpstreamError; when no transport works, the message says what each answered."""
        patience = self.timeout / 3
        link = Link(self._outbound, target, self._client, patience, trace, self._tls(target))
        async with AsyncExitStack() as stack:
            yield await _first(stack, link)

    def tells(self, watched: Watched) -> Tells | None:
        return "all" if change_filter(watched.capabilities) else None

    @asynccontextmanager
    async def listen(self, target: Target, trace: Trace) -> AsyncIterator[AsyncIterator[str]]:
        """As `standing.Listener`."""
        async with self.connect(target, trace) as channel, channel.listen() as changes:
            yield changes

    def _tls(self, target: Target) -> Tls | None:
        ca, cert = target.ca_certificate, target.client_cert
        if not (ca or cert):
            return None
        return profile(ca, cert, target.client_key, verify=self._outbound.verifies)


async def _first(stack: AsyncExitStack, link: Link) -> Channel:
    refused: list[str] = []
    for transport in order(link.target):
        opening = open_sse(link) if transport == "SSE" else open_streamable(link)
        try:
            return await stack.enter_async_context(opening)
        except NotSpoken as error:
            refused.append(error.message)
    if link.target.transport is not None:
        refused.append(f"only {link.target.transport} was tried; transport AUTO tries all")
    raise UpstreamRejected("; ".join(refused))


class HttpDiscoverer(Discoverer):
    """Implements the registry's port by a Connector."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    @override
    async def discover(self, target: Target) -> Discovered:
        trace = Trace()
        try:
            async with asyncio.timeout(self._connector.timeout):
                async with self._connector.connect(target, trace) as channel:
                    return await _describe(channel)
        except TimeoutError:
            raise UpstreamTimeout(
                f"no answer in {self._connector.timeout:g} s, waiting for {trace.step}"
            ) from None


async def _describe(channel: Channel) -> Discovered:
    catalogue = await read_catalogue(channel)
    hello = channel.hello
    return Discovered(
        transport=channel.transport,
        era=channel.era,
        protocol_version=hello.revision,
        capabilities=hello.capabilities,
        instructions=hello.instructions,
        server_name=hello.server_name,
        server_version=hello.server_version,
        adds_result_type=channel.era == "legacy" or (hello.typed and catalogue.typed),
        tools=catalogue.of(lists.TOOLS),
        prompts=catalogue.of(lists.PROMPTS),
        resources=catalogue.of(lists.RESOURCES),
        templates=catalogue.of(lists.TEMPLATES),
        problems=first_problems(catalogue.problems),
    )
