"""gRPC services are watched by their health, and looked at again when they come back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from grpc_health.v1.health_pb2 import HealthCheckResponse

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.control_plane.discovery.channel import NoStandingStream, Trace
from mcpgateway.control_plane.discovery.grpc.discoverer import GrpcConnector
from mcpgateway.control_plane.discovery.grpc.watching import HealthListener
from mcpgateway.control_plane.discovery.standing import Pace, StandingStream
from mcpgateway.control_plane.registry.discovered.ports import Target, Watched
from support.grpc_service import GrpcService, grpc_service

QUICK = Pace(retry_first=0.05, retry_most=0.1)
DEADLINE = 30.0


@pytest.fixture
def listener() -> HealthListener:
    return HealthListener(GrpcConnector(AddressPolicy(loopback=True), timeout=10))


class Seen:
    """What the stream of one upstream told."""

    def __init__(self) -> None:
        self.changes = 0
        self.states: list[tuple[bool, str]] = []
        self._happened = asyncio.Condition()

    def changed(self) -> None:
        self.changes += 1

    async def observed(self, reachable: bool, error: str) -> None:
        async with self._happened:
            self.states.append((reachable, error))
            self._happened.notify_all()

    async def until(self, promise: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE), self._happened:
            await self._happened.wait_for(promise)


@asynccontextmanager
async def _followed(listener: HealthListener, url: str) -> AsyncIterator[Seen]:
    seen = Seen()
    target = Target(url, "GRPC")
    stream = StandingStream(listener, target, seen.changed, seen.observed, QUICK, lambda: 0.5)
    task = asyncio.create_task(stream.follow())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _set(service: GrpcService, status: Any) -> None:
    await service.health.set("", status)


async def test_a_service_that_stops_serving_is_unreachable_until_it_serves_again(
    listener: HealthListener,
) -> None:
    async with grpc_service() as service, _followed(listener, service.url) as seen:
        await seen.until(lambda: seen.states[-1:] == [(True, "")])
        before = seen.changes

        await _set(service, HealthCheckResponse.NOT_SERVING)
        await seen.until(lambda: not seen.states[-1][0])
        assert "NOT_SERVING" in seen.states[-1][1]

        await _set(service, HealthCheckResponse.SERVING)
        await seen.until(lambda: seen.states[-1] == (True, ""))
        assert seen.changes > before


async def test_a_service_that_was_started_anew_is_looked_at_again(
    listener: HealthListener,
) -> None:
    async with grpc_service() as first:
        port = first.port
        followed = _followed(listener, first.url)
        seen = await followed.__aenter__()
        await seen.until(lambda: seen.states[-1:] == [(True, "")])
    try:
        await seen.until(lambda: not seen.states[-1][0])
        before = seen.changes
        async with grpc_service(port=port):
            await seen.until(lambda: seen.states[-1] == (True, ""))
            assert seen.changes == before + 1
    finally:
        await followed.__aexit__(None, None, None)


async def test_a_server_that_says_nothing_of_its_health_is_not_listened_to(
    listener: HealthListener,
) -> None:
    async with grpc_service() as service:
        await _set(service, HealthCheckResponse.SERVICE_UNKNOWN)
        with pytest.raises(NoStandingStream, match="nothing of its health"):
            async with listener.listen(Target(service.url, "GRPC"), Trace()):
                pass


async def test_one_that_does_not_serve_is_told_apart_from_one_that_does_not_tell(
    listener: HealthListener,
) -> None:
    async with grpc_service() as service:
        await _set(service, HealthCheckResponse.NOT_SERVING)
        with pytest.raises(UpstreamUnreachable, match="NOT_SERVING"):
            async with listener.listen(Target(service.url, "GRPC"), Trace()):
                pass


def test_health_is_not_all_that_may_change(listener: HealthListener) -> None:
    assert listener.tells(Watched("a", Target("grpc://a:1", "GRPC"))) == "some"
