"""How long a channel is an upstream's, and what becomes of it then."""

import asyncio
from typing import Any

import msgspec
import pytest
from grpc.aio import UsageError

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.routing.model import Key, Upstream
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.data_plane.upstreams.grpc.channels import Channels, Lane
from mcpgateway.data_plane.upstreams.grpc.door import Ways
from mcpgateway.data_plane.upstreams.tls import Pem
from support.grpc_service import grpc_service


class Rig:
    """`policy` may be changed; `asked` are the origins that it was asked for."""

    def __init__(self) -> None:
        self.policy = AddressPolicy(loopback=True)
        self.asked: list[Origin] = []
        self.channels = Channels(Ways(self._policy_of, lambda _: Pem()))

    def _policy_of(self, origin: Origin) -> AddressPolicy:
        self.asked.append(origin)
        return self.policy

    async def lane(self, upstream: Upstream) -> Lane:
        lane = await self.channels.take(upstream)
        self.channels.give_back(lane)
        return lane


def upstream(port: int, **more: Any) -> Upstream:
    fields = {"loopback_allowed": True, **more}
    return Upstream("u", "a service", "u", f"grpc://127.0.0.1:{port}", "GRPC", **fields)


async def test_calls_share_a_channel_even_while_it_is_opened() -> None:
    async with grpc_service() as service:
        rig, one = Rig(), upstream(service.port)
        first, second = await asyncio.gather(rig.lane(one), rig.lane(one))
        assert first is second is await rig.lane(upstream(service.port, tags=("new",)))
        assert len(rig.channels) == 1
        await rig.channels.aclose()


@pytest.mark.parametrize(
    "more",
    [{"url": "grpc://localhost:{port}"}, {"private_allowed": False}, {"ca_certificate": "x"}],
)
async def test_a_record_that_is_reached_otherwise_has_another(more: dict[str, Any]) -> None:
    async with grpc_service() as service:
        rig = Rig()
        first = await rig.lane(upstream(service.port))
        if "url" in more:
            more = {"url": more["url"].format(port=service.port)}
        changed = msgspec.structs.replace(upstream(service.port), **more)
        assert await rig.lane(changed) is not first
        assert first.left
        assert len(rig.channels) == 1
        await rig.channels.aclose()


async def test_a_channel_is_left_with_its_upstream_and_closes_after_its_calls() -> None:
    async with grpc_service() as service:
        rig, one = Rig(), upstream(service.port)
        touched = frozenset({Key("upstream", "u")})
        lane = await rig.channels.take(one)
        rig.channels.changed({"u": upstream(service.port, timeout_ms=7)}, touched)
        assert [lane.left] == [False]
        rig.channels.changed({}, touched)
        assert [lane.left] == [True]
        echo: Any = lane.channel.unary_unary("/probe.v1.Probe/Echo")
        assert await echo(b"") == b""  # it still works
        rig.channels.give_back(lane)
        await rig.channels.aclose()
        with pytest.raises(UsageError, match="closed"):
            await echo(b"")


async def test_a_failure_to_connect_is_nobodys_but_those_who_wait() -> None:
    async with grpc_service() as service:
        port = service.port
    rig, one = Rig(), upstream(port)
    tried = await asyncio.gather(rig.lane(one), rig.lane(one), return_exceptions=True)
    assert [type(each) for each in tried] == [UpstreamUnreachable, UpstreamUnreachable]
    assert "connection refused" in str(tried[0])
    async with grpc_service(port=port):
        assert (await rig.lane(one)).address == "127.0.0.1"
        await rig.channels.aclose()


async def test_an_address_is_judged_before_it_is_called() -> None:
    async with grpc_service() as service:
        rig = Rig()
        rig.policy = AddressPolicy(loopback=False)
        with pytest.raises(UpstreamUnreachable, match="is loopback"):
            await rig.lane(upstream(service.port))
        assert rig.asked[0] == Origin("grpc", "127.0.0.1", service.port)
        await rig.channels.aclose()


async def test_a_caller_who_leaves_while_it_is_opened_takes_it_from_nobody() -> None:
    async with grpc_service() as service:
        rig, one = Rig(), upstream(service.port)
        leaver = asyncio.create_task(rig.lane(one))
        await asyncio.sleep(0)
        other = asyncio.create_task(rig.lane(one))
        await asyncio.sleep(0)
        leaver.cancel()
        assert (await other).address == "127.0.0.1"
        await rig.channels.aclose()


@pytest.mark.parametrize("url", ["http://a:1", "grpc://:1", "grpc://a:x"])
async def test_what_is_no_url_of_a_service_says_so(url: str) -> None:
    broken = msgspec.structs.replace(upstream(1), url=url)
    with pytest.raises(UpstreamUnreachable, match="no URL of a gRPC service"):
        await Rig().lane(broken)
