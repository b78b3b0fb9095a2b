"""Which header lines nobody but the gateway sends to an upstream."""

import pytest

from mcpgateway.common.mcp import headers
from mcpgateway.common.policy.passthrough import may_be_passed, may_be_set

OURS = ["Host", "connection", "Keep-Alive", "CONTENT-LENGTH", "Accept", "X-MCPGateway-Ticket"]


@pytest.mark.parametrize("name", OURS)
def test_what_the_gateway_writes_itself_comes_from_nobody_else(name: str) -> None:
    assert not may_be_set(name)
    assert not may_be_passed(name)


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "X-MCPGateway-Edge"])
def test_a_clients_credentials_stay_and_an_upstreams_own_go(name: str) -> None:
    assert may_be_set(name)
    assert not may_be_passed(name)


@pytest.mark.parametrize(
    "name", [headers.PROTOCOL_VERSION, headers.METHOD, headers.NAME, headers.SESSION_ID]
)
def test_what_frames_an_mcp_message_is_the_gateways(name: bytes) -> None:
    assert not may_be_passed(name.decode())


def test_other_names_are_the_registrys_to_list() -> None:
    for name in ("X-Tenant", "Accept-Language", "traceparent", "\u20ac"):
        assert may_be_passed(name)
