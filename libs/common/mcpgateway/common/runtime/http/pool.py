"""The pooled HTTP/1.1 client: callbacks for the hot path (`send`), coroutines for comfort
(`request`). Follows no redirects, keeps no cookies, decodes no content encodings.
"""

import asyncio
from collections.abc import AsyncIterator

from typing_extensions import override

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.http import request_url
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import (
    Headers,
    HttpClient,
    Origin,
    PoolLimits,
    Receiver,
    Ticket,
    Timeouts,
)
from mcpgateway.common.runtime.http.dial import Dialer, PolicyOf
from mcpgateway.common.runtime.http.origin_pool import OriginPool
from mcpgateway.common.runtime.http.pool_counts import PoolCounts
from mcpgateway.common.runtime.http.response import StreamedResponse
from mcpgateway.common.runtime.http.tls import Tls, profile

_LOOPBACK_OPEN = AddressPolicy(loopback=True)


def _open_policy(_: Origin) -> AddressPolicy:
    return _LOOPBACK_OPEN


class Pool(HttpClient):
    """Make it on a running loop. `policy_of` says what an origin's addresses may be, `tls` how
    connections are secured whose origin says nothing: None: by the system's CAs."""

    def __init__(
        self,
        limits: PoolLimits | None = None,
        timeouts: Timeouts | None = None,
        *,
        tls: Tls | None = None,
        policy_of: PolicyOf = _open_policy,
    ) -> None:
        self._limits = limits or PoolLimits()
        self._timeouts = timeouts or Timeouts()
        self._loop = asyncio.get_running_loop()
        self._dialer = Dialer(policy_of, tls or profile(), self._loop)
        self._origins: dict[Origin, OriginPool] = {}
        self._retired: set[OriginPool] = set()
        self._empty = asyncio.Event()
        self._closed = False
        self.counts = PoolCounts()

    @override
    def send(
        self,
        origin: Origin,
        head: bytes,
        body: bytes,
        receiver: Receiver,
        *,
        safe: bool = False,
        timeouts: Timeouts | None = None,
    ) -> Ticket:
        call = Call(head, body, receiver, safe, timeouts or self._timeouts)
        self.run(origin, call)
        return call

    @override
    async def request(
        self,
        method: str,
        url: str,
        headers: Headers = (),
        body: bytes | AsyncIterator[bytes] = b"",
        *,
        safe: bool = False,
        timeouts: Timeouts | None = None,
        tls: Tls | None = None,
    ) -> StreamedResponse:
        """As HttpClient says; also raises InvalidCall for a URL, method or header that can not be
        sent, and Unavailable."""
        origin, target = request_url.split(url, tls)
        head = request_url.request_head(method, target, origin, headers)
        response = StreamedResponse(f"{method} {url}", self._loop)
        whole = body if isinstance(body, bytes) else b""
        call = Call(head, whole, response, safe, timeouts or self._timeouts)
        if not isinstance(body, bytes):
            call.source = body
            call.safe = False  # an iterator is read once
        self.run(origin, call)
        await response.wait(call)
        return response

    @override
    def run(self, origin: Origin, call: Call) -> None:
        if call.timeouts.total is not None:
            call.total_at = self._loop.time() + call.timeouts.total
        pool = self._origins.get(origin) or self._open(origin)
        pool.submit(call)

    def _open(self, origin: Origin) -> OriginPool:
        if self._closed:
            raise Unavailable("the HTTP client is closed")
        pool = OriginPool(origin, self._limits, self._dialer, self._loop, self._forget, self.counts)
        self._origins[origin] = pool
        return pool

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Connections, those of them that are idle, and waiting calls, of all origins."""
        each = [pool.sizes for pool in (*self._origins.values(), *self._retired)]
        return sum(a for a, _, _ in each), sum(b for _, b, _ in each), sum(c for _, _, c in each)

    def _forget(self, pool: OriginPool) -> None:
        """An origin without connections and calls costs nothing."""
        if self._origins.get(pool.origin) is pool:
            del self._origins[pool.origin]
        self._retired.discard(pool)
        if not self._origins and not self._retired:
            self._empty.set()

    @override
    def close_origin(self, origin: Origin) -> None:
        pool = self._origins.pop(origin, None)
        if pool is not None:
            self._retired.add(pool)
            pool.retire()

    @override
    async def aclose(self) -> None:
        """Fail what is under way with Unavailable, and wait until every connection is closed."""
        self._closed = True
        self._empty.clear()
        for pool in [*self._origins.values(), *self._retired]:
            pool.abort(Unavailable("the HTTP client is closing"))
            if pool.empty:
                self._forget(pool)
        if self._origins or self._retired:
            await self._empty.wait()
