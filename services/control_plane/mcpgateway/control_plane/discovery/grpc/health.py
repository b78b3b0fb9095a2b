"""Whether a gRPC server says that it serves (grpc.health.v1); one that says nothing does."""

from typing import Any

import grpc.aio
from grpc_health.v1.health_pb2 import HealthCheckRequest as Request
from grpc_health.v1.health_pb2 import HealthCheckResponse as Response

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.runtime.grpc.calls import Metadata, translated

CHECK = "/grpc.health.v1.Health/Check"
_SILENT = (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.NOT_FOUND)


async def check(channel: grpc.aio.Channel, metadata: Metadata) -> None:
    """Of the server as a whole. Raises UpstreamRejected for one that does not serve, UpstreamError
    for one that does not answer."""
    ask: Any = channel.unary_unary(CHECK, Request.SerializeToString, Response.FromString)
    with translated("its health"):
        try:
            said: Response = await ask(Request(), metadata=metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() in _SILENT:
                return
            raise
    if said.status == Response.NOT_SERVING:
        raise UpstreamRejected("its health says that it is NOT_SERVING now")
