"""Mirrored header values round-trip, and are spelled as the official SDK spells them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared import inbound

from mcpgateway.common.mcp.headers import HeaderValueError, decode_value, encode_value


@given(st.text())
def test_any_value_comes_back_and_is_safe_in_a_header(value: str) -> None:
    encoded = encode_value(value)
    assert decode_value(encoded) == value
    assert encoded.isascii()
    assert "\r" not in encoded
    assert "\n" not in encoded
    assert encoded == encoded.strip()


@given(st.text())
def test_the_official_sdk_spells_it_the_same(value: str) -> None:
    assert inbound.encode_header_value(value) == encode_value(value)


@pytest.mark.parametrize(
    "value", ["=?base64?!?=", "=?base64?/w==?=", "=?base64?YWI=AA?=", "=?base64?YR==?="]
)
def test_bad_base64_is_refused(value: str) -> None:
    with pytest.raises(HeaderValueError):
        decode_value(value)
