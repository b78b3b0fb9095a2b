"""Looks at stdio servers through their runner, and at the runner's processes."""

import asyncio

import msgspec
from typing_extensions import override

from mcpgateway.common.errors import InvalidCall, UpstreamRejected, UpstreamTimeout
from mcpgateway.common.tickets import Purpose
from mcpgateway.control_plane.discovery.outbound import Outbound, excerpt
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Discoverer, Target
from mcpgateway.control_plane.registry.runners import Processes, Runners, ourselves

_SECONDS = 10.0
_SHOWN_BYTES = 1024 * 1024


class StdioDiscoverer(Discoverer):
    """`mcp` speaks to the runner, which starts the command."""

    def __init__(self, runners: Runners, mcp: Discoverer) -> None:
        self._runners = runners
        self._mcp = mcp

    @override
    async def discover(self, target: Target) -> Discovered:
        """As `Discoverer`. Raises InvalidCall for a command that no ticket can hold."""
        found = await self._mcp.discover(served(self._runners, target))
        return msgspec.structs.replace(found, transport="STDIO")


def served(runners: Runners, target: Target) -> Target:
    """Where the runner serves it, by a ticket made now. Raises InvalidCall."""
    try:
        lines = runners.running(target.id, "", target.options, target.environment)
    except ValueError as error:
        raise InvalidCall(f"stdio: {error}") from error
    url = runners.url("STDIO", target.id)
    return Target(url, "STREAMABLEHTTP", (*lines, *ourselves()))


class HttpProcesses(Processes):
    """Asks the runner of each."""

    def __init__(self, runners: Runners, outbound: Outbound, timeout: float = _SECONDS) -> None:
        self._runners = runners
        self._outbound = outbound
        self._timeout = timeout

    @override
    async def look(self, upstream_id: str) -> bytes:
        return await self._ask("GET", "", "watch", upstream_id)

    @override
    async def stop(self, upstream_id: str) -> bytes:
        return await self._ask("POST", "/stop", "stop", upstream_id)

    @override
    async def end(self, upstream_id: str, moment: float) -> None:
        await self._ask("POST", "/end", "end", upstream_id, moment)

    async def _ask(
        self,
        method: str,
        act: str,
        purpose: Purpose,
        upstream_id: str,
        moment: float | None = None,
    ) -> bytes:
        url = self._runners.process_url(upstream_id) + act
        headers = dict(self._runners.asking(purpose, upstream_id, moment))
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._outbound.request(method, url, headers) as answer,
            ):
                body = await answer.body(_SHOWN_BYTES)
        except TimeoutError:
            raise UpstreamTimeout(f"{method} {url}: no answer in {self._timeout:g} s") from None
        if answer.status != 200:
            raise UpstreamRejected(f"{method} {url} answered {answer.status}: {excerpt(body)}")
        return body
