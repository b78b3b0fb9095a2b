"""Listens to a gRPC server's health (grpc.health.v1, Watch): what comes back may have changed.

Health says nothing of descriptors, so an upstream that is listened to is looked at by interval too.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import grpc.aio
from grpc_health.v1.health_pb2 import HealthCheckRequest as Request
from grpc_health.v1.health_pb2 import HealthCheckResponse as Response
from typing_extensions import override

from mcpgateway.common.errors import UpstreamRejected, UpstreamUnreachable
from mcpgateway.common.runtime.grpc.calls import metadata_of, translated
from mcpgateway.control_plane.discovery.channel import NoStandingStream, Trace
from mcpgateway.control_plane.discovery.grpc.discoverer import GrpcConnector
from mcpgateway.control_plane.discovery.standing import Listener, Tells
from mcpgateway.control_plane.registry.discovered.ports import Target, Watched

WATCH = "/grpc.health.v1.Health/Watch"


class HealthListener(Listener):
    def __init__(self, connector: GrpcConnector) -> None:
        self._connector = connector
        self.timeout = connector.timeout

    @override
    def tells(self, watched: Watched) -> Tells | None:
        return "some"

    @override
    @asynccontextmanager
    async def listen(self, target: Target, trace: Trace) -> AsyncIterator[AsyncIterator[str]]:
        """Raises NoStandingStream for a server that does not tell, UpstreamUnreachable for one that
        says that it does not serve, also while it is listened to."""
        trace.step = f"the health of {target.url}"
        metadata = metadata_of(target.headers)
        async with self._connector.connect(target) as channel:
            watch: Any = channel.unary_stream(WATCH, Request.SerializeToString, Response.FromString)
            call = watch(Request(), metadata=metadata)
            try:
                await _first(call)
                async with aclosing(_statuses(call)) as statuses:
                    yield statuses
            finally:
                call.cancel()


async def _first(call: Any) -> None:
    with translated("its health"):
        try:
            said = await call.read()
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                raise NoStandingStream("it does not tell of its health") from error
            raise
    if said is grpc.aio.EOF or said.status == Response.SERVICE_UNKNOWN:
        raise NoStandingStream("it tells nothing of its health as a whole")
    _check(said)


async def _statuses(call: Any) -> AsyncGenerator[str, None]:
    """Each time that it says that it serves. Raises UpstreamRejected where the stream breaks."""
    while True:
        try:
            said = await call.read()
        except grpc.aio.AioRpcError as error:
            raise UpstreamRejected(f"its health is told no more: {error.code().name}") from error
        if said is grpc.aio.EOF:
            return
        _check(said)
        yield "SERVING"


def _check(said: Response) -> None:
    if said.status == Response.NOT_SERVING:
        raise UpstreamUnreachable("its health says that it is NOT_SERVING now")
