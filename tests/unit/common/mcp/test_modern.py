"""What a modern request carries, judged by the official SDK's own inbound rules."""

import json

import msgspec
from mcp.shared.inbound import InboundModernRoute, classify_inbound_request

from mcpgateway.common.mcp import modern
from mcpgateway.common.mcp.modern import Implementation

META = modern.meta(Implementation("gateway", "1"))


def test_the_official_sdk_routes_our_requests_as_modern() -> None:
    params = {"name": msgspec.Raw('"größe"'.encode()), "arguments": msgspec.Raw(b"{}")}
    body = json.loads(modern.request(7, "tools/call", params, META))
    lines = modern.header_lines("tools/call", "größe")
    headers = {name.decode(): value.decode() for name, value in lines}

    route = classify_inbound_request(body, headers=headers)

    assert isinstance(route, InboundModernRoute)
    assert route.protocol_version == "2026-07-28"
    assert body["id"] == 7
    assert body["params"]["name"] == "größe"


def test_a_method_without_a_name_has_no_name_header() -> None:
    assert b"mcp-name" not in dict(modern.header_lines("tools/list"))
