"""What an answer is taken for, apart from the network."""

import pytest

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.control_plane.discovery.channel import (
    MethodRefused,
    Reply,
    change_filter,
    decode_response,
    result_of,
)


@pytest.mark.parametrize(
    "body",
    [
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no"}}',
        b'{"jsonrpc":"2.0","error":{"code":-32000,"message":"no"}}',
        b'{"error":{"code":-32000,"message":"no"},"id":1}',
    ],
)
def test_an_error_without_a_usable_id_is_still_an_answer(body: bytes) -> None:
    frame = decode_response(body)
    assert frame is not None
    with pytest.raises(MethodRefused, match="answered 400 with error -32000: no"):
        result_of(Reply(400, frame, ""), "POST http://h/mcp (initialize)")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error":"no"}', b'{"jsonrpc":"2.0","method":"x"}', b"{" * 9]
)
def test_what_is_no_response_is_none(body: bytes) -> None:
    assert decode_response(body) is None


def test_a_reply_without_a_response_says_what_was_seen() -> None:
    with pytest.raises(UpstreamRejected, match=r"POST http://h answered 502 \(text/plain\): bad"):
        result_of(Reply(502, None, "answered 502 (text/plain): bad"), "POST http://h")


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        (b"{}", {}),
        (b'{"tools":{}}', {}),
        (b'{"tools":{"listChanged":false}}', {}),
        (b'{"tools":{"listChanged":true},"prompts":{}}', {"toolsListChanged": True}),
        (b'{"resources":{"listChanged":true,"subscribe":true}}', {"resourcesListChanged": True}),
        (b'{"tools":7,"prompts":{"listChanged":"yes"}}', {}),
        (b"not json", {}),
    ],
)
def test_only_lists_that_say_when_they_change_are_listened_to(
    capabilities: bytes, expected: dict[str, bool]
) -> None:
    assert change_filter(capabilities) == expected
