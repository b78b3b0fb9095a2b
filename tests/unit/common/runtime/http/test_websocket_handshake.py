"""Handshakes: which open a WebSocket, and how they are answered (RFC 6455 4)."""

import pytest

from mcpgateway.common.runtime.http import websocket_handshake
from mcpgateway.common.runtime.http.exchange import Headers
from support.exchange import RecordingExchange
from support.websockets import ACCEPT, KEY

GOOD: Headers = [
    (b"upgrade", b"websocket"),
    (b"connection", b"keep-alive, Upgrade"),
    (b"sec-websocket-version", b"13"),
    (b"sec-websocket-key", KEY),
]


def judged(headers: Headers, method: str = "GET") -> int:
    """The status that it is refused with; 0 for a good one."""
    refusal = websocket_handshake.refusal(RecordingExchange(method, "/ws", headers))
    return 0 if refusal is None else refusal.status


def changed(name: bytes, *values: bytes) -> Headers:
    return [pair for pair in GOOD if pair[0] != name] + [(name, value) for value in values]


@pytest.mark.parametrize(
    "headers",
    [
        GOOD,
        changed(b"upgrade", b"h2c, WebSocket"),
        changed(b"connection", b"keep-alive", b"UPGRADE"),
    ],
)
def test_tokens_are_found_in_lists_and_in_any_case(headers: Headers) -> None:
    assert judged(headers) == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (changed(b"upgrade"), 426),
        (changed(b"upgrade", b"websockets"), 426),
        (changed(b"connection"), 426),
        (changed(b"connection", b"keep-alive"), 426),
        (changed(b"sec-websocket-version"), 426),
        (changed(b"sec-websocket-version", b"8"), 426),
        (changed(b"sec-websocket-version", b"13", b"13"), 426),
        (changed(b"sec-websocket-key"), 400),
        (changed(b"sec-websocket-key", KEY, KEY), 400),
        (changed(b"sec-websocket-key", b"c2hvcnQ="), 400),
        (changed(b"sec-websocket-key", b"not base64!!!!!!!!!!!!=="), 400),
        (changed(b"sec-websocket-key", KEY[:-3] + b"R=="), 400),  # bits that nobody reads
    ],
)
def test_what_is_not_right_is_refused(headers: Headers, status: int) -> None:
    assert judged(headers) == status


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS"])
def test_only_get_opens_a_websocket(method: str) -> None:
    assert judged(GOOD, method) == 426


def test_the_key_is_answered_as_the_rfc_has_it() -> None:
    lines = dict(websocket_handshake.accepted(GOOD, "mcp"))
    assert lines[b"sec-websocket-accept"].decode() == ACCEPT
    assert (lines[b"upgrade"], lines[b"connection"]) == (b"websocket", b"Upgrade")


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [
        ((b"mcp",), True),
        ((b"a, mcp",), True),
        ((b"a", b"mcp"), True),
        ((b"MCP",), False),
        ((), False),
    ],
)
def test_a_subprotocol_is_agreed_on_only_when_it_is_offered(
    offered: tuple[bytes, ...], agreed: bool
) -> None:
    headers = changed(b"sec-websocket-protocol", *offered)
    assert (
        (b"sec-websocket-protocol", b"mcp") in websocket_handshake.accepted(headers, "mcp")
    ) is agreed


def test_no_extension_is_agreed_on() -> None:
    headers = changed(b"sec-websocket-extensions", b"permessage-deflate")
    assert b"sec-websocket-extensions" not in dict(websocket_handshake.accepted(headers, "mcp"))
