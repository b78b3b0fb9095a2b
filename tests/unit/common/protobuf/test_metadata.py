"""Which header lines go out with a call, and in which form."""

import pytest

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.protobuf.metadata import metadata


def test_credentials_go_out_and_what_is_the_protocols_own_does_not() -> None:
    lines = [
        (b"authorization", b"Bearer t"),
        (b"x-tenant", b"a b"),
        (b"content-type", b"application/json"),
        (b"te", b"trailers"),
        (b"user-agent", b"x"),
        (b"grpc-timeout", b"1S"),
        (b":authority", b"x"),
        (b"mcp-param-region", b"eu"),
    ]
    assert metadata(lines) == [("authorization", "Bearer t"), ("x-tenant", "a b")]


def test_values_of_binary_keys_are_the_bytes_of_their_base64() -> None:
    assert metadata([(b"a-bin", b"AAH/"), (b"b-bin", b"AA")]) == [
        ("a-bin", b"\x00\x01\xff"),
        ("b-bin", b"\x00"),
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ((b"x!", b"1"), "a key has lower case letters"),
        ((b"x", "é".encode()), "no printable ASCII"),
        ((b"x-bin", b"***"), "is base64"),
    ],
)
def test_what_grpc_has_no_form_for_is_named_without_its_value(
    line: tuple[bytes, bytes], says: str
) -> None:
    with pytest.raises(InvalidCall, match=says) as refused:
        metadata([line])
    assert repr(line[0].decode()) in str(refused.value)
    assert line[1].decode() not in str(refused.value).replace(repr(line[0].decode()), "")
