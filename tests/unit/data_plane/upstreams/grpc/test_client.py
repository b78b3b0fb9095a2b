"""What a call of a method comes to when it does not go well: made again, told, or raised."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from mcpgateway.common.errors import InvalidCall, UpstreamUnreachable
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.routing.model import Upstream
from mcpgateway.data_plane.upstreams.faults import TokenRefused
from mcpgateway.data_plane.upstreams.grpc.door import GrpcDoor, Ways
from mcpgateway.data_plane.upstreams.tls import Pem
from support.grpc_service import GrpcService, grpc_service
from support.sinks import LEGACY, RecordingSink, ask

FAIL = "probe.v1.Probe.Fail"
UNIMPLEMENTED, UNAUTHENTICATED = 12, 16


class Rig:
    """`counted` are the outcomes that were told."""

    def __init__(self, service: GrpcService) -> None:
        self.counted: list[str] = []
        self.records = service.records()
        ways = Ways(
            lambda _: AddressPolicy(loopback=True), lambda _: Pem(), counted=self.counted.append
        )
        self.door = GrpcDoor(ways)

    def upstream(self, **more: Any) -> Upstream:
        (found,) = [each for each in self.records if isinstance(each, Upstream)]
        fields = {name: getattr(found, name) for name in Upstream.__struct_fields__}
        return Upstream(**{**fields, **more})

    async def sent(self, name: str, arguments: Any = None, **more: Any) -> RecordingSink:
        sink = RecordingSink()
        upstream = more.pop("upstream", None) or self.upstream()
        params = {"name": name, "arguments": {} if arguments is None else arguments}
        self.door.send(ask(upstream, params=params, **more), sink)
        return await sink.wait()

    async def said(self, name: str, arguments: Any = None, **more: Any) -> str:
        result = (await self.sent(name, arguments, **more)).answered["result"]
        assert result["isError"]
        return str(result["content"][0]["text"])


@pytest.fixture
async def rig(service: GrpcService) -> AsyncIterator[Rig]:
    made = Rig(service)
    yield made
    await made.door.aclose()


@pytest.fixture
async def service() -> AsyncIterator[GrpcService]:
    async with grpc_service() as made:
        yield made


class Flaky:
    """A service that is unavailable for its first calls, so many."""

    def __init__(self, bad: int) -> None:
        self.calls = 0
        self._bad = bad

    async def echo(self, _request: bytes, context: Any) -> bytes:
        self.calls += 1
        if self.calls <= self._bad:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")
        return b""

    @property
    def handler(self) -> grpc.GenericRpcHandler:
        method: Any = grpc.unary_unary_rpc_method_handler(self.echo)
        return grpc.method_handlers_generic_handler("probe.v1.Probe", {"Echo": method})


@pytest.mark.parametrize(
    ("bad", "safe", "calls", "ends"),
    [
        (1, True, 2, ["OK"]),
        (2, True, 2, ["UNAVAILABLE"]),
        (1, False, 1, ["UNAVAILABLE"]),
    ],
)
async def test_only_what_is_harmless_is_called_again_and_once(
    bad: int, safe: bool, calls: int, ends: list[str]
) -> None:
    flaky = Flaky(bad)
    async with grpc_service(handlers=[flaky.handler]) as service:
        rig = Rig(service)
        sink = await rig.sent("probe.v1.Probe.Echo", safe=safe)
        await rig.door.aclose()
    assert (flaky.calls, rig.counted) == (calls, ends)
    text = str(sink.answered["result"])
    assert ("may have been carried out" in text) is (not safe)


async def test_a_token_that_is_refused_is_asked_for_anew_where_callers_have_their_own(
    rig: Rig,
) -> None:
    arguments = {"code": UNAUTHENTICATED, "message": "expired"}
    sink = await rig.sent(FAIL, arguments, upstream=rig.upstream(tokens="oauth"))
    assert isinstance(sink.error, TokenRefused)
    assert "UNAUTHENTICATED: expired" in sink.error.message
    told = await rig.said(FAIL, arguments)
    assert "does not accept the credentials" in told


async def test_a_method_that_the_descriptors_lack_is_named(rig: Rig) -> None:
    sink = await rig.sent("probe.v1.Probe.Gone")
    assert isinstance(sink.error, UpstreamUnreachable)
    assert "has no method 'probe.v1.Probe.Gone'" in sink.error.message


async def test_a_method_that_the_service_lacks_asks_for_a_refresh(rig: Rig) -> None:
    assert "need a refresh" in await rig.said(FAIL, {"code": UNIMPLEMENTED})


async def test_a_line_that_is_no_metadata_is_the_callers_to_mend(rig: Rig) -> None:
    sink = await rig.sent("probe.v1.Probe.Echo", headers=((b"x-name", b"\xe9"),))
    assert isinstance(sink.error, InvalidCall)


async def test_arguments_that_say_something_twice_are_an_error_of_the_request(rig: Rig) -> None:
    sink = RecordingSink()
    asked = ask(rig.upstream(), params={"name": "probe.v1.Probe.Echo"})
    asked.params["arguments"] = type(asked.params["name"])(b'{"a_bool":true,"a_bool":false}')
    rig.door.send(asked, sink)
    await sink.wait()
    assert (sink.status, sink.answered["error"]["code"]) == (400, -32602)
    assert "/a_bool" in sink.answered["error"]["message"]


async def test_large_messages_leave_the_loop_to_others(rig: Rig) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0)

    beating = asyncio.create_task(beat())
    text = [{"label": "x" * 100}] * 20_000
    sink = await rig.sent("probe.v1.Probe.Echo", {"tree": {"children": text}})
    beating.cancel()
    assert len(sink.answered["result"]["structuredContent"]["tree"]["children"]) == 20_000
    assert beats > 50


async def test_what_a_legacy_client_gets_names_no_type_of_result(rig: Rig) -> None:
    sink = await rig.sent("probe.v1.Probe.Old", client=LEGACY)
    assert "resultType" not in sink.answered["result"]
    assert sink.answered["result"]["structuredContent"] == {}
