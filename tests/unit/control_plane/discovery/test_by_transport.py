"""Who looks at which upstream, and who listens to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import get_args

import pytest
from typing_extensions import override

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.discovery.by_transport import ByTransport, ListenerByTransport
from mcpgateway.control_plane.discovery.channel import Trace
from mcpgateway.control_plane.discovery.standing import Listener, Tells
from mcpgateway.control_plane.registry.discovered.ports import (
    Discovered,
    Discoverer,
    Target,
    Watched,
)
from mcpgateway.control_plane.registry.model import Transport


class Looking(Discoverer):
    def __init__(self, name: str) -> None:
        self._name = name

    @override
    async def discover(self, target: Target) -> Discovered:
        return Discovered("GRPC", "modern", self._name, b"{}")


class Listening(Listener):
    timeout = 3.0

    def __init__(self, tells: Tells | None) -> None:
        self._tells = tells

    @override
    def tells(self, watched: Watched) -> Tells | None:
        return self._tells

    @override
    @asynccontextmanager
    async def listen(self, target: Target, trace: Trace) -> AsyncIterator[AsyncIterator[str]]:
        async def told() -> AsyncIterator[str]:
            yield str(self._tells)

        yield told()


@pytest.mark.parametrize(
    ("transport", "who"),
    [(None, "mcp"), ("SSE", "mcp"), ("STREAMABLEHTTP", "mcp"), ("GRPC", "grpc")],
)
async def test_each_upstream_is_looked_at_in_its_transport(
    transport: Transport | None, who: str
) -> None:
    looking = ByTransport(Looking("mcp"), {"GRPC": Looking("grpc")})

    found = await looking.discover(Target("x://a", transport))

    assert found.protocol_version == who


async def test_a_transport_that_is_not_served_is_named() -> None:
    with pytest.raises(InvalidCall, match=r"not enabled.*MCPGATEWAY_STDIO_ENABLED=true"):
        await ByTransport(Looking("mcp"), {}).discover(Target("", "STDIO"))


@pytest.mark.parametrize("transport", [None, *get_args(Transport)])
async def test_all_are_listened_to_as_mcp_servers_but_those_who_have_another_way(
    transport: Transport | None,
) -> None:
    listener = ListenerByTransport(Listening("all"), {"GRPC": Listening("some")})
    target = Target("x://a", transport)
    expected = "some" if transport == "GRPC" else "all"

    assert listener.tells(Watched("a", target)) == expected
    assert listener.timeout == 3.0
    async with listener.listen(target, Trace()) as changes:
        assert [each async for each in changes] == [expected]
