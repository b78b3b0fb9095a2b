"""Requests to upstreams whose answers nobody waits for: cancellations, replies, farewells."""

import asyncio
from collections.abc import Callable

from mcpgateway.common.errors import GatewayError, Unavailable
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.common.runtime.tasks import wait_at_most
from mcpgateway.data_plane.upstreams.targets import Target


class Errands:
    """Sends them, and can wait for those under way. A failure is of no consequence."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._open: set[_Errand] = set()
        self._none_open = asyncio.Event()
        self._none_open.set()

    def send(self, target: Target, head: bytes, body: bytes = b"") -> None:
        errand = _Errand(self._over)
        self._open.add(errand)
        self._none_open.clear()
        try:
            self._http.send(target.origin, head, body, errand, timeouts=target.timeouts)
        except Unavailable:  # the HTTP client is closed
            self._over(errand)

    async def finished(self, seconds: float) -> None:
        """When none is under way, at the latest after so many seconds."""
        await wait_at_most(self._none_open, seconds)

    def _over(self, errand: "_Errand") -> None:
        self._open.discard(errand)
        if not self._open:
            self._none_open.set()


class _Errand:
    """A Receiver that drops what comes."""

    def __init__(self, over: Callable[["_Errand"], None]) -> None:
        self._over = over

    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        pass

    def chunk(self, data: bytes) -> None:
        pass

    def done(self) -> None:
        self._over(self)

    def failed(self, error: GatewayError) -> None:
        self._over(self)
