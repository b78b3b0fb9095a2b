"""JSON that is nested about as deeply as can be read is taken or refused, wherever it stands: the
parts of a message are read later than the whole, and deeper in the stack."""

from collections.abc import Callable

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES, META_PROTOCOL_VERSION
from support.endpoint import Endpoint
from support.exchange import RecordingExchange
from support.registries import prompt, tool, upstream

DEPTHS = range(800, 1000)
META = f'"{META_PROTOCOL_VERSION}":"2026-07-28","{META_CLIENT_CAPABILITIES}":'
MODERN = {
    "tools/call": '{"name":"u1-t1","arguments":DEEP,"inputResponses":DEEP,"_meta":{META{}}}',
    "tools/list": '{"cursor":DEEP,"_meta":{META{"elicitation":DEEP,"extensions":DEEP}}}',
    "subscriptions/listen": '{"notifications":{"resourceSubscriptions":DEEP},"_meta":{META{}}}',
}
LEGACY = {
    "initialize": '{"protocolVersion":"2025-11-25","capabilities":DEEP,"clientInfo":DEEP}',
    "tools/call": '{"name":"u1-t1","arguments":DEEP,"task":{"ttl":DEEP},"_meta":DEEP}',
    "prompts/get": '{"name":"u1-p1","arguments":DEEP}',
    "completion/complete": '{"ref":DEEP,"argument":DEEP}',
    "logging/setLevel": '{"level":DEEP}',
    "sampling/createMessage": '{"messages":[DEEP],"tools":DEEP,"toolChoice":DEEP}',
}
Send = Callable[[Endpoint, str, bytes], RecordingExchange]


def send_modern(endpoint: Endpoint, method: str, body: bytes) -> RecordingExchange:
    lines = [(b"mcp-protocol-version", b"2026-07-28"), (b"mcp-method", method.encode())]
    return endpoint.send(body, "", [*lines, (b"mcp-name", b"u1-t1")])


def send_legacy(endpoint: Endpoint, method: str, body: bytes) -> RecordingExchange:
    return endpoint.send(body)


def send_rpc(endpoint: Endpoint, method: str, body: bytes) -> RecordingExchange:
    return endpoint.plain("POST", "/rpc", body)


CASES = [
    *[(method, params, send_modern) for method, params in MODERN.items()],
    *[(method, params, send_legacy) for method, params in LEGACY.items()],
    *[(method, params, send_rpc) for method, params in LEGACY.items()],
]


@pytest.mark.parametrize("era", ["modern", "legacy"])
@pytest.mark.parametrize(("method", "params", "send"), CASES)
async def test_nothing_breaks_at_any_depth(method: str, params: str, send: Send, era: str) -> None:
    endpoint = Endpoint((upstream(era=era), tool(), prompt()), patience=0.01)
    for depth in DEPTHS:
        for deep in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
            filled = params.replace("META", META).replace("DEEP", deep).encode()
            # An exception would be a 500.
            send(endpoint, method, jsonrpc.request(1, method, filled))
