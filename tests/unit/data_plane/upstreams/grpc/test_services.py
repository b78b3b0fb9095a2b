"""What is worked out of a service's descriptors, and when again."""

import pytest

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.protobuf.pool import pack, read
from mcpgateway.common.routing.model import Upstream
from mcpgateway.data_plane.upstreams.grpc.services import Services
from support.grpc_service import descriptors


def upstream(id: str = "u", kept: bytes = b"") -> Upstream:
    packed = kept or pack(read(descriptors()))
    return Upstream(id, "a service", id, "grpc://a.example:1", "GRPC", descriptors=packed)


async def test_descriptors_are_worked_out_once_for_each_set() -> None:
    services = Services()
    first = await services.of(upstream())
    assert await services.of(upstream()) is first
    assert first.codec("probe.v1.Probe.Echo") is first.codec("probe.v1.Probe.Echo")
    bare = read(descriptors())
    del bare.file[[file.name for file in bare.file].index("probe.proto")]
    other = await services.of(upstream(kept=pack(bare)))
    assert other is not first
    assert other.codec("probe.v1.Probe.Echo") is None


async def test_two_services_may_have_different_messages_of_one_name() -> None:
    services = Services()
    changed = read(descriptors())
    (route,) = [file for file in changed.file if file.name == "route_guide.proto"]
    route.message_type[0].field[0].name = "breite"
    one = await services.of(upstream("one"))
    other = await services.of(upstream("other", pack(changed)))
    name = "routeguide.RouteGuide.GetFeature"
    of_one, of_other = one.codec(name), other.codec(name)
    assert of_one is not None
    assert of_other is not None
    assert of_one.requests(b'{"latitude":7}') == of_other.requests(b'{"breite":7}')


async def test_descriptors_that_are_none_name_the_upstream() -> None:
    with pytest.raises(UpstreamUnreachable, match="upstream 'a service' can not be called"):
        await Services().of(upstream(kept=b"junk"))
