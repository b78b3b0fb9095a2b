"""grpcio is loaded by who looks at a gRPC service, and by nobody else."""

import asyncio
import sys

from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.control_plane.discovery.grpc.door import GrpcDoor
from mcpgateway.control_plane.registry.discovered.ports import Target, Watched

_LOOKS = "import sys, mcpgateway.control_plane.wiring.process; print('grpc' in sys.modules)"


async def test_a_control_plane_that_looks_at_no_service_does_without_grpcio() -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _LOOKS, stdout=pipe)
    out, _ = await process.communicate()

    assert out.split() == [b"False"]


async def test_what_a_service_tells_is_never_all() -> None:
    door = GrpcDoor(AddressPolicy())

    assert door.tells(Watched("a", Target("grpc://a:1", "GRPC"))) == "some"
