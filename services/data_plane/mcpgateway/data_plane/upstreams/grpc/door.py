"""Where calls of gRPC services go in: one task for each, which its ticket ends.

Does not import grpcio. That and the first channel cost 20 MB and threads, and most replicas never
call a service; so it is loaded with the first call, in a thread.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple, Protocol

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import Bug, GatewayError, Unavailable
from mcpgateway.common.mcp.tasks import CALL
from mcpgateway.common.routing.model import Key, Upstream
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.grpc.loading import load
from mcpgateway.common.runtime.http.client import Timeouts
from mcpgateway.common.runtime.http.dial import PolicyOf
from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.upstreams.request import OVER, Sink, Ticket, UpstreamRequest
from mcpgateway.data_plane.upstreams.tls import Pem

log = logging.getLogger(__name__)

MAX_CALLS = 2000  # at once, of all services; what comes then is refused
_CLIENT = "mcpgateway.data_plane.upstreams.grpc.client"

Counted = Callable[[str], None]
"""Hears how each call ended: its status, or the code of an error."""


class Ways(NamedTuple):
    """How services are reached. `pem_of` says how connections with one are secured; it raises
    Unavailable when its key is not to be had."""

    policy_of: PolicyOf
    pem_of: Callable[[Upstream], Pem]
    timeouts: Timeouts = Timeouts()
    counted: Counted = lambda _outcome: None


class Flow:
    """The ticket of a call, and what its task minds."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self._goes_on = asyncio.Event()
        self._goes_on.set()

    async def free(self) -> None:
        """Waits while the client takes no more."""
        await self._goes_on.wait()

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def pause(self) -> None:
        self._goes_on.clear()

    def resume(self) -> None:
        self._goes_on.set()


class Client(Protocol):
    """What is behind the door."""

    async def call(self, request: UpstreamRequest, sink: Sink, flow: Flow) -> None:
        """Raises GatewayError."""

    def changed(self, table: Table, touched: frozenset[Key] | None) -> None: ...

    async def aclose(self) -> None: ...


class GrpcDoor:
    """Make it inside the running loop."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._client: Client | None = None
        self._loading = asyncio.Lock()
        self._calls: set[asyncio.Task[None]] = set()

    def send(self, request: UpstreamRequest, sink: Sink) -> Ticket:
        """What is answered comes later. Raises Unavailable when too many are under way."""
        if request.method != CALL:
            said = f"a gRPC service has no {request.method}"
            sink.answer(jsonrpc.error(request.id, jsonrpc.METHOD_NOT_FOUND, said), status=404)
            return OVER
        if len(self._calls) >= MAX_CALLS:
            raise Unavailable(f"{MAX_CALLS} calls of gRPC services are under way; try again later")
        flow = Flow()
        flow.task = task = asyncio.get_running_loop().create_task(self._run(request, sink, flow))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        return flow

    def changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        """A listener for the table holder: channels to services that are gone, or are reached
        otherwise now, close when the calls in them are over."""
        if self._client is not None:
            self._client.changed(table, touched)

    async def aclose(self) -> None:
        """Ends calls and channels."""
        await end(*self._calls)
        if self._client is not None:
            await self._client.aclose()

    async def _run(self, request: UpstreamRequest, sink: Sink, flow: Flow) -> None:
        try:
            client = self._client or await self._loaded()
            await client.call(request, sink, flow)
        except GatewayError as error:
            sink.failed(error)
        except Exception:
            log.exception("a call of upstream %r failed", request.upstream.name)
            sink.failed(Bug("the call could not be handled"))

    async def _loaded(self) -> Client:
        async with self._loading:
            if self._client is None:
                module = await asyncio.to_thread(load, _CLIENT)
                self._client = module.GrpcClient(self._ways)
            client: Client = self._client
            return client
