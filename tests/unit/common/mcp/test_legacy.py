"""What a legacy client must judge: where it may POST, and what it answers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import legacy
from mcpgateway.common.mcp.modern import Implementation

STREAM = "http://host:8003/base/sse?key=1"


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("/message?sessionId=7", "http://host:8003/message?sessionId=7"),
        ("messages/", "http://host:8003/base/messages/"),
        ("?sessionId=7", "http://host:8003/base/sse?sessionId=7"),
        ("http://host:8003/other", "http://host:8003/other"),
        ("http://HOST:8003/other", "http://HOST:8003/other"),
        ("//host:8003/x", "http://host:8003/x"),
    ],
)
def test_an_endpoint_is_resolved_against_the_stream(endpoint: str, url: str) -> None:
    assert legacy.resolve_endpoint(STREAM, endpoint) == url


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://evil/message",
        "//evil/message",
        "https://host:8003/message",
        "http://host/message",
        "http://host:8003@evil/message",
        "http://[bad/message",
        "javascript:alert(1)",
    ],
)
def test_an_endpoint_of_another_origin_is_refused(endpoint: str) -> None:
    with pytest.raises(legacy.EndpointError):
        legacy.resolve_endpoint(STREAM, endpoint)


def test_a_default_port_may_be_written_or_left_out() -> None:
    assert legacy.resolve_endpoint("https://h/sse", "https://h:443/m") == "https://h:443/m"


@given(st.text(max_size=50))
def test_no_text_of_an_endpoint_leads_to_another_origin(endpoint: str) -> None:
    try:
        url = legacy.resolve_endpoint("http://host:8003/sse", endpoint)
    except legacy.EndpointError:
        return
    assert url.lower().startswith("http://host:8003")


def test_we_offer_the_latest_legacy_revision_and_no_capabilities() -> None:
    params = json.loads(legacy.initialize_params(Implementation("gateway", "1")))
    assert params == {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "gateway", "version": "1"},
    }


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (jsonrpc.Frame("2.0", "ping", "a"), {"jsonrpc": "2.0", "id": "a", "result": {}}),
        (jsonrpc.Frame("2.0", "notifications/message"), None),
        (
            jsonrpc.Frame("2.0", "roots/list", 5),
            {
                "jsonrpc": "2.0",
                "id": 5,
                "error": {"code": -32601, "message": "this client does not offer roots/list"},
            },
        ),
    ],
)
def test_a_ping_is_answered_and_other_requests_are_refused(
    frame: jsonrpc.Frame, reply: object
) -> None:
    said = legacy.reply_to(frame)
    assert (None if said is None else json.loads(said)) == reply


@pytest.mark.parametrize(
    ("message", "id"),
    [
        (b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}', 7),
        (b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"7"}}', "7"),
        (b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[]}}', None),
        (b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}', None),
        (b'{"jsonrpc":"2.0","method":"notifications/cancelled"}', None),
        (b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"requestId":7}}', None),
    ],
)
def test_a_cancellation_names_a_request_by_an_id_of_its_own_type(
    message: bytes, id: object
) -> None:
    found = legacy.cancelled_request(jsonrpc.decode_frame(message))
    assert (found, type(found)) == (id, type(id))
