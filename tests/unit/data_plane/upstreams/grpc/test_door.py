"""What is known of gRPC before grpcio is, and how calls end from outside."""

import asyncio
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.routing.model import Upstream
from mcpgateway.data_plane.upstreams.grpc import door
from mcpgateway.data_plane.upstreams.grpc.door import GrpcDoor, Ways
from mcpgateway.data_plane.upstreams.request import OVER, UpstreamRequest
from mcpgateway.data_plane.upstreams.tls import Pem
from support.grpc_service import GrpcService, grpc_service
from support.sinks import MODERN, RecordingSink

WAYS = Ways(lambda _: AddressPolicy(loopback=True), lambda _: Pem())
NOWHERE = Upstream("g", "g", "g", "grpc://127.0.0.1:1", "GRPC")


def request(upstream: Upstream, name: str = "", method: str = "tools/call") -> UpstreamRequest:
    params = {"name": msgspec.Raw(msgspec.json.encode(name))}
    return UpstreamRequest(upstream, MODERN, 1, method, params)


def of(service: GrpcService) -> Upstream:
    (found,) = [each for each in service.records() if isinstance(each, Upstream)]
    return found


def test_a_data_plane_that_calls_no_service_imports_no_grpcio() -> None:
    wiring = "import sys, mcpgateway.data_plane.__main__, mcpgateway.data_plane.wiring.process"
    code = f"{wiring}; sys.exit('grpc' in sys.modules or 'google.rpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_service_has_nothing_but_calls_of_tools() -> None:
    sink = RecordingSink()
    assert GrpcDoor(WAYS).send(request(NOWHERE, method="prompts/get"), sink) is OVER
    assert sink.answered["error"]["code"] == -32601


async def test_above_its_limit_calls_are_refused() -> None:
    async with grpc_service() as service:
        made, upstream = GrpcDoor(WAYS), of(service)
        for _ in range(door.MAX_CALLS):
            made.send(request(upstream, "probe.v1.Probe.Wait"), RecordingSink())
        with pytest.raises(Unavailable, match="2000 calls"):
            made.send(request(upstream, "probe.v1.Probe.Wait"), RecordingSink())
        await made.aclose()


async def test_a_paused_stream_is_read_no_further_until_it_goes_on() -> None:
    class Slow(RecordingSink):
        ticket: Any = None

        @override
        def message(self, message: bytes) -> None:
            super().message(message)
            self.ticket.pause()

    async with grpc_service() as service:
        made, sink = GrpcDoor(WAYS), Slow()
        upstream = of(service)
        asked = request(upstream, "routeguide.RouteGuide.ListFeatures")
        asked.params["arguments"] = msgspec.Raw(b'{"lo":{"latitude":1},"hi":{"latitude":5}}')
        asked.params["_meta"] = msgspec.Raw(b'{"progressToken":"t"}')
        sink.ticket = made.send(asked, sink)
        for told in range(1, 6):
            async with asyncio.timeout(10):
                while len(sink.messages) < told:
                    sink.heard.clear()
                    await sink.heard.wait()
            await asyncio.sleep(0)
            assert (len(sink.messages), sink.over.is_set()) == (told, False)
            sink.ticket.resume()
        await sink.over.wait()
        await made.aclose()
    assert len(sink.answered["result"]["structuredContent"]["messages"]) == 5


async def test_what_closes_ends_calls_and_answers_nobody() -> None:
    async with grpc_service() as service:
        made, sink = GrpcDoor(WAYS), RecordingSink()
        made.send(request(of(service), "probe.v1.Probe.Wait"), sink)
        await service.begun.wait()
        await made.aclose()
        await service.left.wait()
    assert sink.calls == []
