"""One HTTP request of a connection test, behind the address guard."""

import asyncio

from typing_extensions import override

from mcpgateway.common.errors import UpstreamTimeout
from mcpgateway.control_plane.discovery.outbound import Outbound, shown
from mcpgateway.control_plane.registry.discovered.ports import Reached, Reacher, Request

SHOWN_BYTES = 64 * 1024  # of a body, where nobody says otherwise


class HttpReacher(Reacher):
    def __init__(self, outbound: Outbound, timeout: float, limit: int = SHOWN_BYTES) -> None:
        """`timeout`: seconds for all of it. `limit`: bytes of a body; the rest is not read."""
        self._outbound = outbound
        self._timeout = timeout
        self._limit = limit

    @override
    async def reach(self, request: Request) -> Reached:
        what = f"{request.method} {shown(request.url)}"
        try:
            async with asyncio.timeout(self._timeout):
                asked = (request.method, request.url, dict(request.headers), request.body)
                async with self._outbound.request(*asked) as answer:
                    body = await answer.beginning(self._limit)
                    kept = answer.header("cache-control") or ""
                    return Reached(answer.status, answer.media_type, body, kept)
        except TimeoutError:
            raise UpstreamTimeout(f"{what}: no answer in {self._timeout:g} s") from None
